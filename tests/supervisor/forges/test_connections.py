"""Real connections: cut, closed while idle, given up in the midst."""

from collections.abc import AsyncIterator

import pytest
import trio

from ennio.supervisor.errors import ForgeFailed
from ennio.supervisor.forges.web import Web

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
WHOLE = OK % (8, b'{"a": 1}')
CUT = OK % (100, b'{"a": 1}')


class Wire:
    """A server that answers each request with the next of its answers; at None it hangs up."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.connections = 0
        self.closed = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        async with stream:
            while await self._request(stream):
                await stream.send_all(self.answers.pop(0) or b"")
                if self.answers[:1] == [None]:
                    self.answers.pop(0)
                    break
        self.closed.set()

    async def _request(self, stream: trio.SocketStream) -> bool:
        got = b""
        while b"\r\n\r\n" not in got:
            try:
                piece = await stream.receive_some()
            except trio.BrokenResourceError:
                return False
            if not piece:
                return False
            got += piece
        return True


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def web(wire: Wire, nursery: trio.Nursery) -> AsyncIterator[Web]:
    listeners = await nursery.start(trio.serve_tcp, wire.serve, 0)
    port = listeners[0].socket.getsockname()[1]
    web = Web("github o/r", f"http://localhost:{port}", {"Authorization": "Bearer token"})
    yield web
    await web.aclose()
    nursery.cancel_scope.cancel()


async def test_one_connection_serves_for_many_questions(wire: Wire, web: Web) -> None:
    wire.answers = [WHOLE, WHOLE]
    assert [await web.get("/x"), await web.get("/y")] == [{"a": 1}, {"a": 1}]
    assert wire.connections == 1


async def test_an_answer_that_breaks_off_is_a_failure(wire: Wire, web: Web) -> None:
    wire.answers = [CUT, None, WHOLE]
    with pytest.raises(ForgeFailed, match="GET /x"):
        await web.get("/x")
    assert await web.get("/x") == {"a": 1}


async def test_a_connection_that_was_closed_while_idle_is_no_failure(wire: Wire, web: Web) -> None:
    wire.answers = [WHOLE, None, WHOLE]
    assert await web.get("/x") == {"a": 1}
    assert await web.get("/x") == {"a": 1}
    assert wire.connections == 2


async def test_a_request_that_is_given_up_in_the_midst_of_its_answer_lets_go_of_the_connection(
    wire: Wire, web: Web
) -> None:
    wire.answers = [CUT, WHOLE]
    with trio.move_on_after(0.2) as scope:
        await web.get("/x")
    assert scope.cancelled_caught
    with trio.fail_after(5):
        await wire.closed.wait()
    assert await web.get("/x") == {"a": 1}


async def test_nobody_listens(web: Web) -> None:
    dead = Web("github o/r", "http://127.0.0.1:1", {})
    with pytest.raises(ForgeFailed, match="could not be asked for GET /x"):
        await dead.get("/x")
    await dead.aclose()
    await dead.aclose()
