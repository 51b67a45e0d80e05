"""Server-Sent Events, after https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from abc import abstractmethod
from collections.abc import AsyncIterator

import trio
from quart import Response, request

from ennio.supervisor import Over

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that all between know that somebody is there."""
_BEGIN = b"retry: 1000\n\n"
_ALIVE = b": still there\n\n"


class EventStream(AsyncIterator[bytes]):
    """What is sent to one client, piece by piece, for as long as it reads; nothing is kept for a slow one.

    A class and no generator: one that is left in its midst would be ended by the garbage collector.
    """

    def __init__(self) -> None:
        self._begun = False

    @abstractmethod
    async def wait(self) -> bytes:
        """Wait for the next piece, which may be cancelled and asked for again. Raises `Over` at the end."""

    async def __anext__(self) -> bytes:
        if not self._begun:
            self._begun = True
            return _BEGIN
        try:
            with trio.move_on_after(HEARTBEAT):
                return await self.wait()
        except Over as over:
            raise StopAsyncIteration from over
        return _ALIVE


def framed(data: str, *, id: str | None = None, event: str | None = None) -> bytes:
    """Write one event; `data` is one line."""
    lines = [f"id: {id}" if id else "", f"event: {event}" if event else "", f"data: {data}"]
    return ("\n".join(line for line in lines if line) + "\n\n").encode()


def streamed(stream: EventStream) -> Response:
    """Return the answer that carries a stream; to HEAD, which has no body to wait for, its head alone."""
    body = b"" if request.method == "HEAD" else stream
    response = Response(body, content_type="text/event-stream; charset=utf-8")
    response.timeout = None
    response.headers.pop("Content-Length", None)  # GET has none
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold it back
    return response
