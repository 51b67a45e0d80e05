"""What happens to all sessions, as Server-Sent Events: nothing is missed, nothing comes twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from asking import P, Q
from asking import spawn as spawned
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from raw_http import eventually
from sent_events import ALIVE, BEGIN, Serve, listening, pieces, told, until
from talk import ask, spawn
from trio.testing import MockClock
from turn_taking import TurnWorld

from ennio.http.connections import connection
from ennio.http.routes.streams import Happenings, Sayings
from ennio.http.streaming import HEARTBEAT
from ennio.supervisor import Config, Supervisor
from ennio.supervisor.feed import Feed
from ennio.supervisor.records import Order


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def test_events_are_those_of_the_history_in_the_same_words(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    await spawn(client)
    await trio.sleep(30)
    stream = Happenings(supervisor, None)
    session = await spawn(client)
    seen = await told(stream, 30)

    history = await ask(client, "GET", f"{session}/events")
    assert seen == [(one["id"], one["event_type"], one) for one in history]
    assert [one["event_type"] for one in history][:2] == ["SessionSpawned", "SessionWorking"]


async def test_one_can_go_on_after_any_event(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    everything = Happenings(supervisor, None)
    for _ in range(2):
        await ask(client, "DELETE", await spawn(client))
    seen = await told(everything, 30)

    assert len(seen) > 6
    for place, (event_id, _, _) in enumerate(seen):
        assert await told(Happenings(supervisor, event_id)) == seen[place + 1 :]


@pytest.mark.parametrize("unknown", ["nonsense", "019b7cf1-9e2e-7abc-8def-0123456789ab"])
async def test_a_place_that_nobody_knows_is_said_to_be_lost_and_the_stream_goes_on_from_now(
    client: HttpClient, supervisor: Supervisor, unknown: str, autojump_clock: MockClock
) -> None:
    await spawn(client)
    await trio.sleep(30)
    stream = Happenings(supervisor, unknown)

    (lost,) = await told(stream)
    assert lost[1] == "resync"
    assert "not kept any more" in lost[2]["reason"]
    assert lost[0] == ""
    session = await spawn(client)
    assert {one["session_id"] for _, _, one in await told(stream)} == {session.rpartition("/")[2]}


async def test_who_reads_too_slowly_is_told_so_instead_of_memory_growing(
    client: HttpClient, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    monkeypatch.setattr(supervisor, "feed", Feed(supervisor._journal, kept=3))
    slow, quick = Happenings(supervisor, None), Happenings(supervisor, None)
    seen = []
    for _ in range(3):
        await spawn(client)
        seen += await told(quick)

    lost = (await told(slow))[0]
    assert lost[:2] == ("", "resync")
    assert "faster than they were read" in lost[2]["reason"]
    assert len(seen) >= 6
    assert "resync" not in {kind for _, kind, _ in seen}


async def test_silence_has_a_heartbeat_every_fifteen_seconds(
    supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    assert await pieces(Happenings(supervisor, None), 3.5 * HEARTBEAT) == [BEGIN, ALIVE, ALIVE, ALIVE]
    assert HEARTBEAT == 15


async def test_a_heartbeat_costs_no_event(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    stream = Happenings(supervisor, None)
    assert await pieces(stream, HEARTBEAT + 1) == [BEGIN, ALIVE]
    await spawn(client)

    assert [kind for _, kind, _ in await told(stream)][:2] == ["SessionSpawned", "SessionWorking"]


# Over HTTP.


@pytest.mark.parametrize("which", ["/events", "/sessions/{}/output/stream"])
async def test_a_stream_says_what_it_is_and_ends_when_the_server_does(
    serve: Serve, supervisor: Supervisor, which: str
) -> None:
    session_id = (await spawned(supervisor)).id
    async with listening(serve, which.format(session_id)) as stream:
        head = (await until(stream, BEGIN)).lower()
        assert head.startswith(b"http/1.1 200 ")
        for line in (b"content-type: text/event-stream; charset=utf-8", b"cache-control: no-store"):
            assert line in head
        assert b"x-accel-buffering: no" in head
        supervisor.feed.close()
        await until(stream, b"0\r\n\r\n")


async def test_the_last_that_happens_is_told_before_a_stream_ends(
    supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    record = await spawned(supervisor)
    happenings, sayings = Happenings(supervisor, None), Sayings(supervisor, record.id, None, raw=False)
    await supervisor.close(5)

    with trio.fail_after(HEARTBEAT):
        events = b"".join([piece async for piece in happenings])
        assert [piece async for piece in sayings] == [BEGIN]
    assert b"event: SessionExited" in events


async def test_the_header_says_where_to_go_on(serve: Serve, supervisor: Supervisor) -> None:
    first = await spawned(supervisor)
    history = await supervisor.history(first.id)
    async with listening(serve, "/events", "GET", f"Last-Event-ID: {history[0].id}") as stream:
        said = await until(stream, b"event: SessionWorking")
    assert b"event: SessionSpawned" not in said


@pytest.mark.parametrize("which", ["/events", "/sessions/{}/output/stream"])
async def test_head_answers_at_once_and_the_connection_goes_on(
    serve: Serve, supervisor: Supervisor, which: str
) -> None:
    session_id = (await spawned(supervisor)).id
    async with listening(serve, which.format(session_id), "HEAD") as stream:
        head = await until(stream, b"\r\n\r\n")
        assert b"text/event-stream" in head
        await stream.send_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert BEGIN not in await until(stream, b'"ready"')


async def test_who_hangs_up_leaves_nobody_waiting(
    serve: Serve, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WRITE", 0.1)  # so long one who sends no more may still be reading
    async with listening(serve, "/events") as stream:
        await until(stream, BEGIN)
        await eventually(lambda: supervisor.feed.readers == 1)
    await eventually(lambda: supervisor.feed.readers == 0)


async def test_many_read_side_by_side_and_see_the_same(
    supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    streams = [Happenings(supervisor, None) for _ in range(50)]
    found: list[list[tuple[str, str, Any]]] = []

    async def read(stream: Happenings) -> None:
        found.append(await told(stream, 30))

    async with trio.open_nursery() as nursery:
        for stream in streams:
            nursery.start_soon(read, stream)
        await trio.sleep(1)
        await spawned(supervisor)
        await supervisor.spawn(Order(Q, prompt="x"))
    assert len(found) == 50
    assert all(one == found[0] for one in found)
    assert {data["project_id"] for _, _, data in found[0]} == {P, Q}


async def test_the_rules_for_hosts_and_for_a_server_that_begins_hold(
    client: HttpClient, supervisor: Supervisor
) -> None:
    await ask(client, "GET", "/events", 403, headers={"Host": "evil.example"})
    supervisor.recovering = True
    await ask(client, "GET", "/events", 503)


async def test_a_stream_needs_the_token_like_the_rest(
    client_of: Callable[[Config], HttpClient], config: Config
) -> None:
    client = client_of(replace(config, api_token=SecretStr("secret")))
    for path in ("/events", "/sessions/p-none/output/stream"):
        await ask(client, "GET", path, 401)
