"""The description of the API over HTTP: as JSON for programs, and as a page for people.

The page holds no data: it asks for the JSON, with the token that its reader gives it.
"""

import hashlib
import json
from functools import cache, partial
from pathlib import Path

import trio
from quart import Blueprint, Response, request

from ennio.supervisor import Config, Supervisor

from ..description import SECTIONS, document
from ..description.assets import FILES, INDEX

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_PAGE = "/docs"
_PLACES = {_PAGE: INDEX, **{f"{_PAGE}/{name}": path for name, path in FILES.items()}}
DOCS = frozenset(_PLACES)
"""Where the page and its files are: they need no token."""


def description(_: Supervisor, config: Config) -> Blueprint:
    """Return the routes by which the API is described."""
    routes = Blueprint("description", __name__)

    @cache
    def written() -> bytes:
        return json.dumps(document(SECTIONS, config.timeouts), separators=(",", ":")).encode()

    @routes.get("/api/v1/openapi.json")
    async def describe() -> Response:
        content = await trio.to_thread.run_sync(written)  # at first it takes long enough to be felt
        return Response(content, content_type="application/json")

    for path, file in _PLACES.items():
        routes.add_url_rule(path, path.replace(".", "-"), partial(_answer, file))
    return routes


@cache
def _read(file: Path) -> tuple[bytes, str]:
    content = file.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:32]


async def _answer(file: Path) -> Response:
    content, tag = _read(file)
    response = Response(content, content_type=_TYPES[file.suffix])
    response.set_etag(tag)
    response.headers["Cache-Control"] = "no-cache"  # kept, but asked for anew each time: by the tag
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    await response.make_conditional(request)
    return response
