"""A notice, and a real HTTP server on this machine that takes posts and answers as a test says."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import h11
import pytest
import trio

from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Notice


@dataclass
class Taken:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class LocalServer:
    """Gives each request the next of `answers` (status, headers, body); after the last one a 200."""

    port: int
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        async with stream:
            request, body = None, b""
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    connection.receive_data(await stream.receive_some())
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                else:
                    return
            headers = {name.decode(): value.decode() for name, value in request.headers}
            self.taken.append(Taken(request.method.decode(), request.target.decode(), headers, body))
            with suppress(trio.BrokenResourceError):  # whoever asked has read enough
                await stream.send_all(self._answer(connection))

    def _answer(self, connection: h11.Connection) -> bytes:
        status, headers, body = self.answers.pop(0) if self.answers else (200, {}, b"ok")
        fields = {**headers, "Content-Length": str(len(body)), "Connection": "close"}
        pieces = (
            h11.Response(status_code=status, headers=list(fields.items())),
            h11.Data(body),
            h11.EndOfMessage(),
        )
        return b"".join(connection.send(piece) for piece in pieces)


@pytest.fixture
async def server(nursery: trio.Nursery) -> LocalServer:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = LocalServer(listeners[0].socket.getsockname()[1])
    nursery.start_soon(trio.serve_listeners, server.serve, listeners)
    return server


@pytest.fixture
def notice() -> Notice:
    return Notice(
        id="0192-n1",
        session_id=SessionId("app-1"),
        project_id=ProjectId("app"),
        reaction="ci-failed",
        priority="urgent",
        title="CI fails & <fails>",
        text="The check `unit` failed:\nüber <!channel> & more",
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        url="https://github.com/o/r/pull/7?a=1&b=2",
        escalated=True,
        waiting=("ops",),
    )
