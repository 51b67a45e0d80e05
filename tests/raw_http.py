"""An HTTP client that sends the bytes that a test gives it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import trio

from ennio.http.connections.front import Connections

HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
OK = b"HTTP/1.1 200 "
JSON = "Content-Type: application/json"


def post(path: str, body: bytes, *headers: str) -> bytes:
    """Return the bytes of a POST request."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


SPAWN = post("/api/v1/sessions", b'{"project_id":"p","prompt":"x"}', JSON)


async def eventually(true: Callable[[], object]) -> None:
    """Return once it is true; give up after five seconds."""
    with trio.fail_after(5):
        while not true():  # noqa: ASYNC110 - what is watched tells nobody
            await trio.sleep(0.01)


class Client:
    """One connection, seen from its other end."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream, self._read = stream, b""

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self.stream.send_all(data)

    async def answer(self) -> bytes:
        """Read one answer: its head, and as much body as that announces."""
        while b"\r\n\r\n" not in self._read:
            await self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2])
        while len(self._read) < length:
            await self._more()
        body, self._read = self._read[:length], self._read[length:]
        return head + b"\r\n\r\n" + body

    async def rest(self) -> bytes:
        """Read until the server closes the connection."""
        with suppress(trio.BrokenResourceError, EOFError):
            while True:
                await self._more()
        return self._read

    async def _more(self) -> None:
        piece = await self.stream.receive_some(65536)
        if not piece:
            raise EOFError(self._read)
        self._read += piece


class Served:
    """A front that is served on a port of its own."""

    def __init__(self, front: Connections, port: int, closing: trio.Event) -> None:
        self.front, self.port, self.closing = front, port, closing
        self.ended = trio.Event()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Connect, for twenty seconds at most."""
        with trio.fail_after(20):
            async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
                yield Client(stream)
