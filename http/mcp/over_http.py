"""The door of the server: one request of the Model Context Protocol, answered by our own application.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports, stateless and in plain JSON.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import trio

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from ..client import Client
from .server import offering

_OURSELVES = "http://localhost"
"""No address: what is asked there does not leave the process. It is a name that each server answers to."""

logging.getLogger("mcp").setLevel(logging.WARNING)  # it tells of each request's begin and end


@dataclass
class Answer:
    """What came of a request."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


async def answer(app: Any, scope: Mapping[str, Any], body: bytes, longest: float) -> Answer:
    """Answer one request, which the gate has let pass, with `app`: the ASGI application of the whole server.

    The tools ask `app` with the caller's own credentials, so they may do what the caller may and no more. A
    call may take `longest` seconds. Cancelled, whatever a tool was doing is broken off, and a spawn undone.
    """
    given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
    answered, rest = Answer(), [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not rest:
            await trio.sleep_forever()  # whoever waits for the client to leave is cancelled when it does
        return rest.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answered.status, answered.headers = message["status"], list(message.get("headers", ()))
        else:
            answered.body += message.get("body", b"")

    transport = _InTheirName(app, given, scope.get("client"))
    async with Client(_OURSELVES, patience=longest, transport=transport) as ennio:
        manager = StreamableHTTPSessionManager(offering(ennio), json_response=True, stateless=True)
        async with manager.run():
            await manager.handle_request(dict(scope), receive, send)
    return answered


class _InTheirName(httpx2.ASGITransport):
    """The way to our own application, with somebody's credentials, byte by byte as they came."""

    def __init__(self, app: Any, credentials: Sequence[bytes], client: tuple[str, int] | None) -> None:
        super().__init__(app, client=client or ("", 0))
        self._credentials = [(b"Authorization", each) for each in credentials]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask it."""
        request.headers = httpx2.Headers([*request.headers.raw, *self._credentials])
        return await super().handle_async_request(request)
