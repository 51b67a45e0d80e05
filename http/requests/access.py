"""Who gets in: 403 for a foreign host or origin, 503 while not ready, 401 without a token, in this order."""

import base64
import hashlib
import hmac
from collections.abc import Set

from quart import Request, Response, Websocket, g, request, websocket
from quart_cors import cors
from quart_trio import QuartTrio
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from ennio.supervisor import Config, Supervisor, Unavailable

from .narrow import narrow
from .origins import OwnHosts, normal_origin, origin_of
from .passes import Passes

OPEN = {"/api/v1/health", "/ready"}
"""Paths that answer to any Host, and without a token."""

SIGNED = {"/api/v1/webhooks/github", "/api/v1/webhooks/gitlab", "/api/v1/login"}
"""Paths that need no token: what comes there has to prove itself by a secret of its own."""

PROTOCOL = "ennio.token."
"""How a WebSocket's token begins among its subprotocols."""

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

    def __init__(
        self, supervisor: Supervisor, config: Config, passes: Passes, public: Set[str] = frozenset()
    ) -> None:
        self._supervisor, self._passes = supervisor, passes
        self._free = OPEN | SIGNED | public
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
        if g.get("holder") is not None:
            narrow(request, _path(request), g.holder, self._supervisor)
        if _path(request).startswith("//"):  # the router would overlook it
            raise NotFound
        return None

    async def check_screen(self) -> None:
        """Let a WebSocket pass, which browsers open for any page, and without an Authorization header.

        Its token comes as a subprotocol: `ennio.token.` and its base64url without padding.
        """
        self._check_host(websocket)
        self._check_origin(websocket)
        if self._supervisor.recovering or self._supervisor.closing:
            raise Unavailable("the server is taking over what an earlier one left, or shutting down")
        offered = [one.removeprefix(PROTOCOL) for one in websocket.requested_subprotocols if PROTOCOL in one]
        token = _decoded(offered[0]) if len(offered) == 1 else ""
        if self._supervisor.granted(token) is not None:
            raise Forbidden("screens are for operators; an agent's token is for what it has spawned")
        self._check(token, given=bool(offered))

    def _check_host(self, asked: Request | Websocket) -> None:
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

    def _check_origin(self, asked: Request | Websocket) -> None:
        given = asked.headers.getlist("Origin")
        scheme = {"ws": "http", "wss": "https"}.get(asked.scheme, asked.scheme)
        ours = {*self._origins, origin_of(scheme, asked.headers.get("Host", ""))}
        for origin in given:
            if normal_origin(origin) not in ours:
                hint = "cors_origins of the configuration names those that may"
                raise Forbidden(f"the origin {origin[:80]!a} may not change anything here; {hint}")
        if not given and asked.headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
            raise Forbidden("a page of another site may not change anything here")

    def _check_token(self, asked: Request) -> None:
        if _path(asked) in self._free:
            return
        given = asked.headers.getlist("Authorization")
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        token = token.strip(" ") if scheme.lower() == "bearer" else ""
        g.holder = self._supervisor.granted(token)
        if g.holder is None:
            self._check(token, given=bool(given))

    def _check(self, token: str, *, given: bool) -> None:
        if self._digest is None:
            return
        if not given:
            raise Unauthorized("a token is needed: send the header `Authorization: Bearer TOKEN`")
        # latin-1 gives back the bytes of the header as they came
        right = hmac.compare_digest(_digest(token.encode("latin-1")), self._digest)
        if not token or not (right or self._passes.holds(token)):
            raise Unauthorized("the token is wrong: it is `api_token` of the server's configuration")


def guard(
    app: QuartTrio, supervisor: Supervisor, config: Config, passes: Passes, public: Set[str] = frozenset()
) -> None:
    """Put the gate before every route of `app`, and the headers that keep browsers safe on every answer.

    What is at the `public` paths needs no token.
    """
    gate = Gate(supervisor, config, passes, public)
    app.before_request(gate.check)
    app.before_websocket(gate.check_screen)
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


def _decoded(offered: str) -> str:
    try:
        return base64.urlsafe_b64decode(offered + "=" * (-len(offered) % 4)).decode("latin-1")
    except ValueError:
        return ""


def _path(asked: Request | Websocket) -> str:
    """Return the path as it came, which `Request.path` is not."""
    path: str = asked.scope["path"]
    return path


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
