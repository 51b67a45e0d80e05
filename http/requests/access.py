"""Who gets in: 403 for a foreign host or origin, 503 while not ready, 401 without a token, in this order."""

import hashlib
import hmac

from quart import Request, Response, request
from quart_cors import cors
from quart_trio import QuartTrio
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from ennio.supervisor import Config, Supervisor, Unavailable

from .origins import OwnHosts, normal_origin, origin_of

OPEN = {"/api/v1/health", "/ready"}
"""Paths that answer to any Host, and without a token."""

_SAFE = {"GET", "HEAD", "OPTIONS"}

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_METHODS = ["GET", "POST", "DELETE"]
ASKED_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"]
TOLD_HEADERS = ["Ennio-Message-Id", "Retry-After"]


class Gate:
    """Look at every request before anything else does; raise for those that may not pass."""

    def __init__(self, supervisor: Supervisor, config: Config) -> None:
        self._supervisor = supervisor
        self._hosts = OwnHosts(config.host, config.allowed_hosts)
        self._origins = {normal_origin(origin) for origin in config.cors_origins}
        token = config.api_token
        self._digest = _digest(token.get_secret_value().encode()) if token else None

    async def check(self) -> Response | None:
        """Return None to let the request pass, or the answer to a preflight."""
        self._check_host(request)
        if self._is_preflight(request):
            return Response(b"", 204)
        if request.method not in _SAFE:
            self._check_origin(request)
            if self._supervisor.closing:
                raise Unavailable("the server is shutting down; try again when it is back")
        if self._supervisor.recovering and _path(request) not in OPEN:
            raise Unavailable("the server is taking over what an earlier one left")
        self._check_token(request)
        if _path(request).startswith("//"):  # the router would overlook it
            raise NotFound
        return None

    def _check_host(self, asked: Request) -> None:
        host = asked.headers.get("Host", "")
        if host not in self._hosts and _path(asked) not in OPEN:
            hint = "allowed_hosts of the configuration names further hosts"
            raise Forbidden(f"this server does not answer to the host {host[:80]!a}; {hint}")

    def _is_preflight(self, asked: Request) -> bool:
        return (
            asked.method == "OPTIONS"
            and "Access-Control-Request-Method" in asked.headers
            and any(normal_origin(origin) in self._origins for origin in asked.headers.getlist("Origin"))
        )

    def _check_origin(self, asked: Request) -> None:
        given = asked.headers.getlist("Origin")
        ours = {*self._origins, origin_of(asked.scheme, asked.headers.get("Host", ""))}
        for origin in given:
            if normal_origin(origin) not in ours:
                hint = "cors_origins of the configuration names those that may"
                raise Forbidden(f"the origin {origin[:80]!a} may not change anything here; {hint}")
        if not given and asked.headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
            raise Forbidden("a page of another site may not change anything here")

    def _check_token(self, asked: Request) -> None:
        if self._digest is None or _path(asked) in OPEN:
            return
        given = asked.headers.getlist("Authorization")
        if not given:
            raise Unauthorized("a token is needed: send the header `Authorization: Bearer TOKEN`")
        scheme, _, token = given[0].partition(" ")
        # latin-1 gives back the bytes of the header as they came
        right = hmac.compare_digest(_digest(token.strip(" ").encode("latin-1")), self._digest)
        if len(given) > 1 or scheme.lower() != "bearer" or not right:
            raise Unauthorized("the token is wrong: it is `api_token` of the server's configuration")


def guard(app: QuartTrio, supervisor: Supervisor, config: Config) -> None:
    """Put the gate before every route of `app`, and the headers that keep browsers safe on every answer."""
    app.before_request(Gate(supervisor, config).check)
    app.after_request(_secure)
    if config.cors_origins:
        cors(
            app,
            allow_origin=config.cors_origins,
            allow_methods=_METHODS,
            allow_headers=ASKED_HEADERS,
            expose_headers=TOLD_HEADERS,
        )


async def _secure(response: Response) -> Response:
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response


def _path(asked: Request) -> str:
    """Return the path as it came, which `Request.path` is not."""
    path: str = asked.scope["path"]
    return path


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
