"""What an agent says, as Server-Sent Events: readable or as it came, from any cursor on."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from asking import P
from asking import spawn as spawned
from quart.typing import TestClientProtocol as HttpClient
from sent_events import ALIVE, BEGIN, pieces, told
from talk import ask, spawn
from trio.testing import MockClock
from turn_taking import TurnTaking, TurnWorld

from ennio.http.routes.streams import Sayings
from ennio.http.streaming import HEARTBEAT
from ennio.supervisor import Invalid, Project, ProjectId, SessionId, Supervisor
from ennio.supervisor.output import OutputLog

Say = Callable[[SessionId, bytes], None]


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


@pytest.fixture
def say(projects: dict[ProjectId, Project]) -> Say:
    """Have an agent say something."""

    def write(session_id: SessionId, words: bytes) -> None:
        log = OutputLog(projects[P].output(session_id), 1 << 20)
        log.append(words)
        log.close()

    return write


async def sayings(
    supervisor: Supervisor, record_id: SessionId, after: str | None = None, *, raw: bool = False
) -> str:
    """Return all that is said within a second, from a cursor on."""
    return "".join(data["text"] for _, _, data in await told(Sayings(supervisor, record_id, after, raw=raw)))


def end(supervisor: Supervisor, session_id: SessionId, *, raw: bool) -> str:
    """Return the cursor behind all that was said."""
    return supervisor.output(session_id, after=None, limit=1 << 20, raw=raw).cursor


async def test_output_is_put_into_words_and_raw_it_is_as_it_came(
    supervisor: Supervisor, say: Say, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(TurnTaking, "readable", lambda _, line: f"It says {line.decode()}.\n")
    session_id = (await spawned(supervisor)).id
    say(session_id, b"one\r\nt\xc3\xa9wo\nunfini")

    assert await sayings(supervisor, session_id) == "It says one\r.\nIt says t\xe9wo.\n"
    assert await sayings(supervisor, session_id, raw=True) == "one\r\nt\xe9wo\nunfini"


async def test_output_comes_as_it_is_said_and_one_can_go_on_after_any_cursor(
    supervisor: Supervisor, say: Say, autojump_clock: MockClock
) -> None:
    session_id = (await spawned(supervisor)).id
    stream = Sayings(supervisor, session_id, None, raw=True)
    seen = []
    for words in (b"one ", b"two ", b"three"):
        say(session_id, words)
        seen += await told(stream)

    assert [data["text"] for _, _, data in seen] == ["one ", "two ", "three"]
    assert [cursor for cursor, _, _ in seen] == [data["cursor"] for _, _, data in seen]
    assert {kind for _, kind, _ in seen} == {"message"}
    for place, (cursor, _, _) in enumerate(seen):
        rest = "".join(data["text"] for _, _, data in seen[place + 1 :])
        assert await sayings(supervisor, session_id, cursor, raw=True) == rest


async def test_what_was_dropped_is_said_to_be_missing(
    supervisor: Supervisor, say: Say, autojump_clock: MockClock
) -> None:
    session_id = (await spawned(supervisor)).id
    for _ in range(3):
        say(session_id, b"x" * 1_000_000)
    seen = await told(Sayings(supervisor, session_id, "r0", raw=True))

    assert [data["truncated"] for _, _, data in seen] == [True, *[False] * (len(seen) - 1)]
    assert max(len(data["text"]) for _, _, data in seen) <= 1 << 16


async def test_a_silent_agent_has_heartbeats_and_what_it_says_then_is_not_lost(
    supervisor: Supervisor, say: Say, autojump_clock: MockClock
) -> None:
    session_id = (await spawned(supervisor)).id
    stream = Sayings(supervisor, session_id, None, raw=True)
    assert await pieces(stream, 2.5 * HEARTBEAT) == [BEGIN, ALIVE, ALIVE]
    say(session_id, b"awake")

    assert [data["text"] for _, _, data in await told(stream)] == ["awake"]


async def test_the_stream_of_an_agent_that_ended_stays_open_and_ends_with_the_session(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    stream = Sayings(supervisor, SessionId(session.rpartition("/")[2]), None, raw=False)
    await ask(client, "DELETE", session)
    assert (await pieces(stream, HEARTBEAT + 5))[-1] == ALIVE
    await ask(client, "POST", "/prune", json={"days": 0})

    with trio.fail_after(HEARTBEAT):
        assert [piece async for piece in stream] == []


@pytest.mark.parametrize("cursor", ["x", "t", "t-1", "r0", "é"])
async def test_a_cursor_that_is_none_is_a_bad_request(client: HttpClient, cursor: str) -> None:
    session = await spawn(client)
    for more in ({"query_string": {"after": cursor}}, {"headers": {"Last-Event-ID": cursor}}):
        await ask(client, "GET", f"{session}/output/stream", 400, **more)


async def test_a_cursor_of_the_other_kind_is_none(supervisor: Supervisor) -> None:
    session_id = (await spawned(supervisor)).id
    for raw in (True, False):
        with pytest.raises(Invalid, match="not one of text"):
            Sayings(supervisor, session_id, end(supervisor, session_id, raw=not raw), raw=raw).look()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sessions/p-none/output/stream", 404),
        ("/sessions/p%20none/output/stream", 400),
        ("/sessions/p-none/output/stream?raw=yes", 404),
    ],
)
async def test_a_session_that_is_none_is_told_so(client: HttpClient, path: str, status: int) -> None:
    await ask(client, "GET", path, status)
