"""Counters of what happened: what was stored counts, once, and nothing else does."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import trio
from fakes import World
from prometheus_client import CollectorRegistry, generate_latest
from quart.typing import TestClientProtocol as HttpClient
from sampled import Samples, read, value
from talk import ask, spawn
from trio.testing import MockClock

from ennio.http.metrics.happenings import Happenings
from ennio.supervisor import NotFound, Phase, ProjectId, Pull, SessionId, SessionRecord, Step
from ennio.supervisor.errors import AgentMissing
from ennio.supervisor.events import (
    KillRequested,
    PrMerged,
    ReactionEscalated,
    ReactionTriggered,
    SessionConcluded,
    SessionKilled,
)
from ennio.supervisor.records import PullState, Spend
from ennio.supervisor.stores.memory import MemoryStore

Scrape = Callable[[], Awaitable[Samples]]

P, ONE = ProjectId("p"), SessionId("p-1")
WHO: dict[str, Any] = {"session_id": ONE, "project_id": P}
BORN = datetime(2026, 1, 1, tzinfo=UTC)
RECORD = SessionRecord(ONE, P, "fake", BORN, phase=Phase.RUNNING, incarnation=1)
MERGED = Pull(
    1, "https://host/1", "Fix", PullState.MERGED, draft=False, head="c0ffee", head_since=BORN
)  # fmt: skip


async def test_counters_of_every_project_are_there_from_the_start(scrape: Scrape) -> None:
    samples = await scrape()
    for project in ("p", "q"):
        for name in ("spawned", "killed", "completed"):
            assert value(samples, f"ennio_sessions_{name}_total", project=project) == 0
        assert value(samples, "ennio_cost_usd_total", project=project) == 0


async def test_a_session_is_counted_when_its_agent_runs_and_when_it_was_killed(
    client: HttpClient, scrape: Scrape, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    await spawn(client, project="q")
    await ask(client, "DELETE", session)
    samples = await scrape()
    assert value(samples, "ennio_sessions_spawned_total", project="p") == 1
    assert value(samples, "ennio_sessions_spawned_total", project="q") == 1
    assert value(samples, "ennio_sessions_killed_total", project="p") == 1
    assert value(samples, "ennio_sessions_killed_total", project="q") == 0
    assert value(samples, "ennio_sessions_completed_total", project="p") == 0
    assert value(samples, "ennio_session_duration_seconds_count") == 1
    assert value(samples, "ennio_events_total", type="SessionWorking") == 2
    assert value(samples, "ennio_events_total", type="SessionKilled") == 1
    assert value(samples, "ennio_events_total", type="KillRequested") is None  # no caller sees those


async def test_a_spawn_that_is_undone_counts_as_none(
    client: HttpClient, scrape: Scrape, world: World, autojump_clock: MockClock
) -> None:
    world.launch_fails = AgentMissing("there is no agent")
    await ask(client, "POST", "/sessions", 400, json={"project_id": "p", "prompt": "x"})
    samples = await scrape()
    assert value(samples, "ennio_sessions_spawned_total", project="p") == 0
    assert value(samples, "ennio_session_duration_seconds_count") == 0


async def test_a_restore_is_no_spawn_and_each_end_by_itself_is_a_completion(
    client: HttpClient, scrape: Scrape, world: World, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    world.terminals[0].die(0)
    await trio.sleep(1)
    assert value(await scrape(), "ennio_sessions_completed_total", project="p") == 1
    await ask(client, "POST", f"{session}/restore")
    world.terminals[1].die(3)
    await trio.sleep(1)
    samples = await scrape()
    assert value(samples, "ennio_sessions_spawned_total", project="p") == 1
    assert value(samples, "ennio_events_total", type="SessionRestored") == 1
    assert value(samples, "ennio_sessions_completed_total", project="p") == 1
    assert value(samples, "ennio_session_duration_seconds_count") == 1


async def test_the_kill_of_a_done_session_is_no_second_end(
    client: HttpClient, scrape: Scrape, world: World, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    world.terminals[0].die(0)
    await trio.sleep(1)
    await ask(client, "DELETE", session)
    await trio.sleep(1)
    samples = await scrape()
    assert value(samples, "ennio_sessions_completed_total", project="p") == 1
    assert value(samples, "ennio_sessions_killed_total", project="p") == 0
    assert value(samples, "ennio_session_duration_seconds_count") == 1


async def test_a_kill_takes_as_long_as_anything_of_the_agent_runs(
    client: HttpClient, scrape: Scrape, world: World, autojump_clock: MockClock
) -> None:
    world.dies_after = 4.0
    session = await spawn(client)
    await ask(client, "DELETE", session)
    samples = await scrape()
    assert value(samples, "ennio_kill_duration_seconds_count") == 1
    assert value(samples, "ennio_kill_duration_seconds_sum") == pytest.approx(4.0, abs=0.5)


async def test_a_step_that_could_not_be_stored_is_not_counted(
    client: HttpClient, scrape: Scrape, store: MemoryStore, autojump_clock: MockClock
) -> None:
    await spawn(client)
    tell, store.stored = store.stored, lambda step: None  # as a store whose disk is full
    await spawn(client)
    assert value(await scrape(), "ennio_sessions_spawned_total", project="p") == 1
    store.stored = tell


# Steps by themselves.


class Counted:
    """Counters of steps that a test makes up; `known` is what the session was before."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.happenings = Happenings(self._registry)
        self.known: SessionRecord | None = RECORD
        self.happenings.begin([P], self._before)

    def _before(self, session_id: SessionId) -> SessionRecord:
        if self.known is None:
            raise NotFound(session_id)
        return self.known

    def heard(self, record: SessionRecord, *events: Any, spends: tuple[Spend, ...] = ()) -> None:
        self.happenings.heard(Step(events, record, (), spends))
        self.known = record

    def __getitem__(self, name: str) -> float | None:
        return value(read(generate_latest(self._registry).decode()), name)

    def of(self, name: str, **labels: str) -> float | None:
        return value(read(generate_latest(self._registry).decode()), name, **labels)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_a_merge_completes_a_session_once_whatever_follows(counted: Counted) -> None:
    merged = replace(RECORD, pull=MERGED)
    at = BORN + timedelta(hours=2)
    counted.heard(merged, PrMerged(pull=MERGED, timestamp=at, **WHO))
    counted.heard(replace(merged, phase=Phase.DONE), SessionConcluded(exit_code=0, reason="merged", **WHO))
    assert counted.of("ennio_sessions_completed_total", project="p") == 1
    assert counted["ennio_session_duration_seconds_count"] == 1
    assert counted["ennio_session_duration_seconds_sum"] == 7200


def test_what_is_spent_counts_to_its_project_to_the_cent(counted: Counted) -> None:
    for number in range(10):
        spend = Spend(str(number), ONE, P, BORN, Decimal("0.10"))
        counted.heard(RECORD, spends=(spend,))
    assert counted.of("ennio_cost_usd_total", project="p") == pytest.approx(1.0)


def test_reactions_are_counted_by_what_they_do(counted: Counted) -> None:
    for _ in range(2):
        event = ReactionTriggered(reaction="ci-failed", action="send_to_agent", cause="c", **WHO)
        counted.heard(RECORD, event)
    counted.heard(RECORD, ReactionEscalated(reaction="ci-failed", cause="c", words="x", **WHO))
    triggered = counted.of("ennio_reactions_triggered_total", reaction="ci-failed", action="send_to_agent")
    assert triggered == 2
    assert counted.of("ennio_reactions_escalated_total", reaction="ci-failed") == 1


async def test_a_kill_that_is_asked_for_twice_is_timed_from_the_first(
    counted: Counted, autojump_clock: MockClock
) -> None:
    stopping = replace(RECORD, phase=Phase.STOPPING)
    counted.heard(stopping, KillRequested(**WHO))
    await trio.sleep(3)
    counted.heard(stopping, KillRequested(**WHO))
    await trio.sleep(2)
    counted.heard(replace(RECORD, phase=Phase.KILLED), SessionKilled(**WHO))
    assert counted["ennio_kill_duration_seconds_sum"] == pytest.approx(5)
    assert counted.happenings._kills == {}


def test_a_kill_that_an_earlier_server_began_is_counted_and_not_timed(counted: Counted) -> None:
    counted.heard(replace(RECORD, phase=Phase.KILLED), SessionKilled(**WHO))
    assert counted.of("ennio_sessions_killed_total", project="p") == 1
    assert counted["ennio_kill_duration_seconds_count"] == 0


def test_a_session_that_nobody_was_told_of_has_no_end(counted: Counted) -> None:
    counted.known = None
    counted.heard(replace(RECORD, phase=Phase.KILLED), SessionKilled(**WHO))
    assert counted["ennio_session_duration_seconds_count"] == 0


def test_a_bug_in_the_counting_does_not_stop_the_storing(counted: Counted) -> None:
    counted.happenings.heard(Step((object(),), RECORD))  # type: ignore[arg-type]
    counted.heard(replace(RECORD, phase=Phase.KILLED), SessionKilled(**WHO))
    assert counted.of("ennio_sessions_killed_total", project="p") == 1
