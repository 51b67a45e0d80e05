"""Accounts at their usage limit: every session of the agent is given nothing until it is over."""

from dataclasses import replace
from datetime import timedelta

import pytest
import trio
from asking import Q, settle, spawn, types
from turn_taking import TurnWorld, serve

from ennio.supervisor.accounts import Accounts
from ennio.supervisor.config import Timeouts
from ennio.supervisor.events import now
from ennio.supervisor.ids import ProjectId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Removal, Step
from ennio.supervisor.records import Activity, MessageState, Mode, Order
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

Clock = trio.abc.Clock
GO_ON = "The usage limit is over. Go on where you left off."


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: object) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


@pytest.fixture
async def supervisor(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
) -> Supervisor:
    return await serve(nursery, projects, store, timeouts)


async def test_the_latest_time_that_was_said_counts_and_each_agent_has_its_own(autojump_clock: Clock) -> None:
    accounts = Accounts()
    assert (accounts.left("a"), accounts.why("a")) == (0, None)
    until_then = now() + timedelta(seconds=100)
    accounts.hold("a", until_then)
    accounts.hold("a", now() + timedelta(seconds=10))
    assert 99 < accounts.left("a") <= 100
    assert accounts.why("a") == f"its account is at its usage limit until {until_then:%Y-%m-%dT%H:%M:%SZ}"
    assert accounts.left("b") == 0
    accounts.hold("b", now() - timedelta(days=1))
    await trio.sleep(101)
    assert (accounts.left("a"), accounts.left("b"), accounts.why("a")) == (0, 0, None)


async def test_a_limit_holds_every_session_of_the_agent_and_all_go_on_when_it_is_over(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    limited = (await spawn(supervisor, prompt="limit 3600")).id
    other = (await supervisor.spawn(Order(Q, prompt="sleep 5"))).id
    await supervisor.send(limited, Letter("then this"))
    await supervisor.send(other, Letter("then that"))
    await trio.sleep(600)
    first, second = world.agents
    assert first.told == ["limit 3600"]
    assert second.told[1:] == [], "it is held too, whatever project it is of"
    for session in (limited, other):
        record = supervisor.get(session)
        assert record.activity is Activity.BLOCKED
        assert "its account is at its usage limit until 20" in (record.activity_reason or "")
    assert supervisor.get(limited).held_until is not None
    assert supervisor.get(other).held_until is None
    await trio.sleep(3100)
    assert first.told == ["limit 3600", GO_ON, "then this"]
    assert second.told[1:] == ["then that"]
    assert supervisor.get(limited).held_until is None
    assert [kind for kind in await types(supervisor, limited) if "Limit" in kind] == [
        "UsageLimitReached",
        "UsageLimitOver",
    ]
    assert {m.state for m in await supervisor.messages(limited)} == {MessageState.ACCEPTED}


async def test_a_turn_that_is_under_way_is_not_disturbed_and_can_be_broken_off(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    other = (await spawn(supervisor, prompt="sleep 100")).id
    await settle()
    await spawn(supervisor, prompt="limit 3600")
    await settle()
    assert supervisor.get(other).activity is Activity.ACTIVE
    await supervisor.send(other, Letter("stop that", Mode.INTERRUPT))
    await settle()
    assert "stop" in world.agents[0].lines
    assert world.agents[0].told == ["sleep 100"]


async def test_a_later_limit_that_is_said_meanwhile_counts(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="limit 100")).id
    await settle()
    world.agents[0].say("limit 1000")
    await trio.sleep(500)
    assert world.agents[0].told == ["limit 100"]
    await trio.sleep(600)
    assert world.agents[0].told == ["limit 100", GO_ON]
    assert supervisor.get(session).held_until is None


async def test_an_agent_that_says_it_again_and_again_is_told_once_and_costs_one_timer(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="limit 100")).id
    await settle()
    assert supervisor.get(session).activity is Activity.BLOCKED, "also while nothing waits for it"
    for _ in range(50):
        world.agents[0].say("limit 100")
    await settle()
    assert len(supervisor._roster.find(session)._nursery.child_tasks) == 2
    await trio.sleep(300)
    assert world.agents[0].told == ["limit 100", GO_ON]


async def test_a_kill_while_it_is_held_leaves_nothing_behind(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.removal = Removal(kept="it holds work")  # so that its task lives on
    session = (await spawn(supervisor, prompt="limit 100")).id
    await settle()
    await supervisor.kill(session)
    actor = supervisor._roster.find(session)
    assert actor._timers == {}
    await trio.sleep(200)
    assert status(supervisor.get(session)) == "Killed"
    assert len(await supervisor.messages(session)) == 1


async def test_a_new_server_holds_what_the_last_one_held_and_goes_on_in_time(
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    world: TurnWorld,
    autojump_clock: Clock,
) -> None:
    async with trio.open_nursery() as life:
        first = await serve(life, projects, store, timeouts)
        session = (await spawn(first, prompt="limit 100")).id
        await first.send(session, Letter("then this"))
        await settle()
        world.server_dies()
        life.cancel_scope.cancel()
    second = await serve(nursery, projects, store, timeouts)
    await trio.sleep(50)
    assert world.agents[0].told == ["limit 100"]
    await trio.sleep(100)
    assert world.agents[0].told == ["limit 100", GO_ON, "then this"]
    assert second.get(session).held_until is None


async def test_an_agent_that_ended_at_its_limit_goes_on_in_time_when_it_is_restored(
    supervisor: Supervisor, world: TurnWorld, autojump_clock: Clock
) -> None:
    session = (await spawn(supervisor, prompt="limit 100")).id
    await settle()
    world.agents[0].die(1)
    await settle()
    await supervisor.restore(session)
    await trio.sleep(50)
    assert world.agents[1].told == []
    await trio.sleep(100)
    assert world.agents[1].told == [GO_ON]


async def test_a_limit_that_was_over_before_the_restore_is_over(
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    world: TurnWorld,
    autojump_clock: Clock,
) -> None:
    async with trio.open_nursery() as life:
        session = (await spawn(await serve(life, projects, store, timeouts))).id
        await settle()
        world.agents[0].end_all()
        await settle()
        life.cancel_scope.cancel()
    (record,) = await store.load()
    await store.append(Step((), replace(record, held_until=now() - timedelta(hours=1))))
    supervisor = await serve(nursery, projects, store, timeouts)
    await supervisor.restore(session, prompt="go on")
    assert supervisor.get(session).held_until is None
    await trio.sleep(100)
    assert world.agents[1].told == ["go on"]
