"""The operators' page: the files of `http/page`, as they are, and the policy that browsers hold them to.

They hold no data: the page asks the API for that, with the token that its reader gives it.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from quart import Blueprint, Response, request

from ennio.supervisor import Config, Supervisor

_FOLDER = Path(__file__).parent.parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_INDEX = "index.html"
_NAME = re.compile(r"[A-Za-z0-9.-]+(?::\d+)?", re.ASCII)
"""A host that a content security policy can name; it has no way to write an IPv6 address."""

PATHS = frozenset({"/", *(f"/page/{file.name}" for file in _FOLDER.glob("*.*") if file.suffix in _TYPES)})
"""Where the page and its files are: they need no token."""


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    type: str
    tag: str


def page(supervisor: Supervisor, config: Config) -> Blueprint:
    """Return the routes of the page; it is the same for every server and configuration."""
    routes = Blueprint("page", __name__)
    for path in PATHS:
        routes.add_url_rule(path, endpoint=path.replace(".", "-"), view_func=partial(_answer, _read(path)))
    return routes


def _read(path: str) -> _File:
    file = _FOLDER / (path.removeprefix("/page/") if path != "/" else _INDEX)
    content = file.read_bytes()
    return _File(content, _TYPES[file.suffix], hashlib.sha256(content).hexdigest()[:32])


async def _answer(file: _File) -> Response:
    response = Response(file.content, content_type=file.type)
    response.set_etag(file.tag)
    response.headers["Cache-Control"] = "no-cache"  # kept, but asked for anew each time: by the tag
    response.headers["Content-Security-Policy"] = _policy(request.headers.get("Host", ""))
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    await response.make_conditional(request)
    return response


def _policy(host: str) -> str:
    """Return what the page may do: run its own files, and speak to the server that it came from.

    Older browsers do not count a WebSocket of the same host to 'self' (CSP3, 6.7.2.8), so it is named.
    """
    sockets = f" ws://{host} wss://{host}" if _NAME.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"connect-src 'self'{sockets}",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
