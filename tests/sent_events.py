"""Reading streams of Server-Sent Events in virtual time, and over a socket."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
from raw_http import Served

from ennio.http.following import Parser

Serve = Callable[..., Awaitable[Served]]

BEGIN, ALIVE = b"retry: 1000\n\n", b": still there\n\n"


async def pieces(stream: AsyncIterator[bytes], seconds: float) -> list[bytes]:
    """Return what comes within so many seconds."""
    found: list[bytes] = []
    with trio.move_on_after(seconds):
        async for piece in stream:
            found.append(piece)
    return found


async def told(stream: AsyncIterator[bytes], seconds: float = 1) -> list[tuple[str, str, Any]]:
    """Return the events that come within so many seconds, as a client understands them."""
    parser = Parser()
    return [
        (one.id, one.type, json.loads(one.data))
        for piece in await pieces(stream, seconds)
        for one in parser.feed(piece)
    ]


@asynccontextmanager
async def listening(
    serve: Serve, path: str, method: str = "GET", *headers: str
) -> AsyncIterator[trio.SocketStream]:
    """Ask a served application for a stream."""
    head = "\r\n".join([f"{method} /api/v1{path} HTTP/1.1", "Host: localhost", *headers, "", ""])
    with trio.fail_after(20):
        async with await trio.open_tcp_stream("127.0.0.1", (await serve()).port) as stream:
            await stream.send_all(head.encode())
            yield stream


async def until(stream: trio.SocketStream, words: bytes) -> bytes:
    """Read until these words have come, and return all."""
    said = b""
    while words not in said:
        piece = await stream.receive_some()
        assert piece, said
        said += piece
    return said
