"""The dialect of agentapi, for one session: its status, its conversation, and both as they change."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from asking import P
from quart.typing import TestClientProtocol as HttpClient
from raw_http import Served
from talk import OWN, spawn
from trio.testing import MockClock
from turn_taking import TurnWorld

from ennio.http.routes.agentapi import Conversation, Talks
from ennio.http.views import agentapi as views
from ennio.supervisor import Project, ProjectId, SessionId, Supervisor
from ennio.supervisor.output import OutputLog
from ennio.supervisor.records import Order

Say = Callable[[str, str], None]


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery, thinks=5)


@pytest.fixture
def say(projects: dict[ProjectId, Project]) -> Say:
    """Have an agent say something that people read."""

    def write(session: str, words: str) -> None:
        log = OutputLog(projects[P].output(SessionId(session.rpartition("/")[2])), 1 << 20)
        log.append(f"{words}\n".encode())
        log.close()

    return write


async def asked(client: HttpClient, method: str, path: str, status: int = 200, **more: Any) -> Any:
    """Ask, insist on the status, and return the answer's content: their dialect has no envelope."""
    answer = await client.open(f"/api/v1{path}", method=method, headers=OWN, **more)
    content = await answer.get_json()
    assert answer.status_code == status, content
    return content


async def conversation(client: HttpClient, session: str) -> list[tuple[int, str, str]]:
    """Return who said what, in its order."""
    content = await asked(client, "GET", f"{session}/agentapi/messages")
    assert set(content) == {"messages"}
    for one in content["messages"]:
        assert set(one) == {"id", "role", "content", "time"}
        assert one["time"].endswith("Z")
    return [(one["id"], one["role"], one["content"]) for one in content["messages"]]


async def tell(client: HttpClient, session: str, content: str) -> None:
    message = {"content": content, "type": "user"}
    assert await asked(client, "POST", f"{session}/agentapi/message", json=message) == {"ok": True}


async def test_the_status_says_whether_the_agent_works(client: HttpClient, autojump_clock: MockClock) -> None:
    session = await spawn(client)

    async def status() -> Any:
        return await asked(client, "GET", f"{session}/agentapi/status")

    assert await status() == {"status": "running", "agent_type": "turner"}
    await trio.sleep(20)
    assert (await status())["status"] == "stable"
    await tell(client, session, "more")
    await trio.sleep(1)
    assert (await status())["status"] == "running"
    await asked(client, "DELETE", session)
    assert (await status())["status"] == "stable"


async def test_claude_code_has_the_name_that_they_give_it(supervisor: Supervisor, client: HttpClient) -> None:
    record = supervisor.get(SessionId((await spawn(client)).rpartition("/")[2]))

    assert views.StatusView.of(replace(record, agent_name="claude-code")).agent_type == "claude"


async def test_a_conversation_is_what_was_sent_and_what_was_said_to_it(
    client: HttpClient, say: Say, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "begin")
    await trio.sleep(20)
    assert await conversation(client, session) == [(1, "user", "begin")]
    say(session, "I have begun.")
    await tell(client, session, "go on")
    await trio.sleep(20)
    say(session, "I went on.")
    say(session, "So I did.")

    expected = [
        (1, "user", "begin"),
        (2, "agent", "I have begun."),
        (3, "user", "go on"),
        (4, "agent", "I went on.So I did."),
    ]
    assert await conversation(client, session) == expected
    assert await conversation(client, session) == expected


async def test_what_nobody_listened_to_answers_the_latest_message(
    client: HttpClient, say: Say, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "one")
    await trio.sleep(20)
    say(session, "first")
    await client.post(f"/api/v1{session}/send", json={"message": "two"}, headers=OWN)
    await trio.sleep(20)
    say(session, "second")

    expected = [(1, "user", "one"), (3, "user", "two"), (4, "agent", "firstsecond")]
    assert await conversation(client, session) == expected


async def test_a_message_that_waits_is_there_and_the_agent_still_answers_the_one_before(
    client: HttpClient, say: Say, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "one")
    await trio.sleep(1)
    await tell(client, session, "two")
    say(session, "of one")

    expected = [(1, "user", "one"), (2, "agent", "of one"), (3, "user", "two")]
    assert await conversation(client, session) == expected


async def test_the_oldest_words_are_dropped_for_new_ones(
    client: HttpClient, say: Say, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(views, "MOST_TEXT", 10)
    session = await spawn(client, "one")
    await trio.sleep(20)
    say(session, "123456")
    await tell(client, session, "two")
    await trio.sleep(20)
    say(session, "abcdef")
    said = await conversation(client, session)
    assert [(number, words) for number, role, words in said if role == "agent"] == [
        (2, "3456"),
        (4, "abcdef"),
    ]
    say(session, "ghijklmno")
    said = await conversation(client, session)
    assert [(number, words) for number, role, words in said if role == "agent"] == [(4, "fghijklmno")]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"content": "x"}, 400, "type is missing"),
        ({"type": "user"}, 400, "content is missing"),
        ({"content": " ", "type": "user"}, 400, "blank"),
        ({"content": "x", "type": "shout"}, 400, "type"),
        ({"content": "\x1b[A", "type": "raw"}, 400, "keys cannot be typed here"),
        ({"content": "x", "type": "user", "more": 1}, 400, "more is no field"),
    ],
)
async def test_what_is_refused_is_in_our_own_words(
    client: HttpClient, body: dict[str, Any], status: int, words: str
) -> None:
    session = await spawn(client)
    content = await asked(client, "POST", f"{session}/agentapi/message", status, json=body)

    assert content["code"] == status
    assert words in content["error"]


@pytest.mark.parametrize("route", ["status", "messages", "events", "message"])
@pytest.mark.parametrize(("session", "status"), [("p-none", 404), ("p%20none", 400)])
async def test_a_session_that_is_none_is_told_so(
    client: HttpClient, route: str, session: str, status: int
) -> None:
    method, more = ("POST", {"json": {"content": "x", "type": "user"}}) if route == "message" else ("GET", {})
    content = await asked(client, method, f"/sessions/{session}/agentapi/{route}", status, **more)

    assert set(content) == {"error", "code"}


async def test_a_message_to_an_agent_that_does_not_run_is_a_conflict(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    await asked(client, "DELETE", session)
    message = {"content": "x", "type": "user"}

    assert (
        "Killed" in (await asked(client, "POST", f"{session}/agentapi/message", 409, json=message))["error"]
    )


# Events.


class Follower:
    """Who reads the events of one session."""

    def __init__(self, supervisor: Supervisor, session: str) -> None:
        name = SessionId(session.rpartition("/")[2])
        self.stream = Conversation(supervisor, name, Talks(supervisor).of(name))

    async def next(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the next events by their names; the ids must be in order."""
        while not (piece := await anext(self.stream)).startswith(b"id: "):
            pass
        found = []
        for event in piece.decode().removesuffix("\n\n").split("\n\n"):
            number, name, data = (line.partition(": ")[2] for line in event.split("\n"))
            found.append((name, json.loads(data)))
            assert int(number) > 0
        return found


async def test_events_begin_with_all_there_is_and_go_on_with_what_changes(
    client: HttpClient, supervisor: Supervisor, say: Say, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "one")
    await trio.sleep(20)
    say(session, "first")
    follower = Follower(supervisor, session)

    first, second, status = await follower.next()
    first[1].pop("time")
    assert first == ("message_update", {"id": 1, "role": "user", "message": "one"})
    assert set(second[1]) == {"id", "role", "message", "time"}
    assert (second[1]["id"], second[1]["role"], second[1]["message"]) == (2, "agent", "first")
    assert status == ("status_change", {"status": "stable", "agent_type": "turner"})

    say(session, "more")
    ((name, longer),) = await follower.next()
    assert (name, longer["id"], longer["message"]) == ("message_update", 2, "firstmore")

    await tell(client, session, "two")
    seen = [event for _ in range(2) for event in await follower.next()]
    assert ("status_change", {"status": "running", "agent_type": "turner"}) in seen
    assert [data["message"] for name, data in seen if name == "message_update"] == ["two"]


async def test_a_silent_conversation_has_heartbeats_and_ends_with_the_server(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "one")
    await trio.sleep(100)
    name = SessionId(session.rpartition("/")[2])
    stream = Conversation(supervisor, name, Talks(supervisor).of(name))

    pieces = [await anext(stream) for _ in range(3)]
    assert pieces[0].startswith(b"retry:")
    assert pieces[2].startswith(b":")
    supervisor.feed.close()
    assert [piece async for piece in stream] == []


async def test_events_end_with_their_session(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "one")
    await trio.sleep(20)
    follower = Follower(supervisor, session)
    await follower.next()
    await asked(client, "DELETE", session)
    await trio.sleep(5)
    await client.post("/api/v1/prune", json={"days": 0}, headers=OWN)

    assert all(piece.startswith((b"id: ", b":")) for piece in [piece async for piece in follower.stream])


async def test_only_so_many_conversations_are_kept_in_mind(
    client: HttpClient, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ennio.http.routes.agentapi._MOST_TALKS", 2)
    names = [SessionId((await spawn(client)).rpartition("/")[2]) for _ in range(3)]
    talks = Talks(supervisor)

    kept = [talks.of(name) for name in names]
    assert talks.of(names[2]) is kept[2]
    assert talks.of(names[1]) is kept[1]
    assert talks.of(names[0]) is not kept[0]


async def test_events_are_server_sent(
    serve: Callable[..., Awaitable[Served]], supervisor: Supervisor
) -> None:
    session = await supervisor.spawn(Order(P, prompt="one"))
    path = f"/api/v1/sessions/{session.id}/agentapi/events"
    said = b""
    async with await trio.open_tcp_stream("127.0.0.1", (await serve()).port) as stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while b"event: status_change" not in said:
            said += await stream.receive_some()
    assert b"content-type: text/event-stream" in said.lower()
    assert b"event: message_update" in said
