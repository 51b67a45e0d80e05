"""Spawning: all or nothing, and within the project's limit."""

import pytest
import trio
from asking import Q, only, settle, spawn, types
from fakes import World

from ennio.supervisor.errors import (
    AgentMissing,
    Conflict,
    DeadlineExceeded,
    EnnioError,
    HookFailed,
    Invalid,
    NotFound,
    TooMany,
)
from ennio.supervisor.ids import ProjectId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.records import Order
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor


async def test_a_spawned_session_works_and_its_agent_hears_the_prompt_first(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await supervisor.send(record.id, Letter("more"))
    assert status(record) == "Working"
    assert record.branch == f"ennio/{record.id}"
    assert world.terminals[0].heard == [b"do it\n", b"more\n"]
    assert await types(supervisor, record.id) == ["SessionSpawned", "SessionWorking"]


async def test_the_agent_is_given_the_session_and_the_rules_of_its_project(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await supervisor.spawn(Order(Q, prompt="do it", branch="feat", role="critic"))
    await settle()
    env = world.terminals[0].launch.env
    assert env["ENNIO_SESSION_ID"] == record.id
    assert (env["ENNIO_PROJECT_ID"], env["ENNIO_BRANCH"], env["ENNIO_ROLE"]) == ("q", "feat", "critic")
    assert (env["HOME"], env["AGENT"], env["ENNIO_ISSUE_ID"]) == ("/home/x", "fake", "")
    assert world.terminals[0].heard == [b"Be kind\nTest\n\ndo it\n"]


async def test_a_prompt_that_the_command_holds_is_not_sent_again(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.holds_prompt = True
    await spawn(supervisor)
    await settle()
    assert world.terminals[0].launch.argv == ("agent", "do it")
    assert world.terminals[0].heard == []


@pytest.mark.parametrize("error", [Conflict("checked out"), HookFailed("npm: no"), AgentMissing("no agent")])
@pytest.mark.parametrize("where", ["checkout_fails", "launch_fails"])
async def test_a_spawn_that_fails_leaves_nothing_and_says_why(
    supervisor: Supervisor,
    world: World,
    store: MemoryStore,
    error: EnnioError,
    where: str,
    autojump_clock: trio.abc.Clock,
) -> None:
    setattr(world, where, error)
    with pytest.raises(type(error)) as raised:
        await spawn(supervisor)
    assert raised.value is error
    assert supervisor.list(ended=True) == []
    assert world.trees == {}
    await settle()
    assert store._records == store._events == {}


@pytest.mark.parametrize("slow", ["checkout_takes", "launch_takes"])
async def test_a_slow_spawn_is_undone_and_the_error_says_what_was_waited_for(
    supervisor: Supervisor, world: World, slow: str, autojump_clock: trio.abc.Clock
) -> None:
    setattr(world, slow, 60.0)
    waited_for = {"checkout_takes": "workspace", "launch_takes": "agent's start"}[slow]
    with pytest.raises(DeadlineExceeded, match=f"longer than 30 s.*{waited_for}"):
        await spawn(supervisor)
    assert supervisor.list(ended=True) == []
    assert (world.trees, world.terminals) == ({}, [])


@pytest.mark.parametrize("gone_after", [0, 0.5, 1, 1.5, 2, 2.01])
async def test_a_spawner_that_goes_away_leaves_nothing_or_a_whole_session(
    supervisor: Supervisor, world: World, gone_after: float, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_takes = world.launch_takes = 1.0
    with trio.move_on_after(gone_after) as scope:
        await spawn(supervisor)
    if scope.cancelled_caught:
        await settle()
        assert supervisor.list(ended=True) == []
        assert world.trees == {}
        assert all(terminal.released for terminal in world.terminals)
    else:
        assert status(only(supervisor)) == "Working"


async def test_orders_that_cannot_be_served_are_refused_before_anything_is_made(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    with pytest.raises(NotFound, match="nope"):
        await supervisor.spawn(Order(ProjectId("nope"), prompt="x"))
    with pytest.raises(Invalid, match="tracker"):
        await spawn(supervisor, issue_id="7")
    world.program = "no-such-program"
    with pytest.raises(AgentMissing, match="no-such-program"):
        await spawn(supervisor)
    assert supervisor.list(ended=True) == []


async def test_a_full_project_refuses_and_others_do_not(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    first, _ = [await supervisor.spawn(Order(Q, prompt="x")) for _ in range(2)]
    with pytest.raises(TooMany, match="2 sessions"):
        await supervisor.spawn(Order(Q, prompt="x"))
    await spawn(supervisor)
    await supervisor.kill(first.id)
    await supervisor.spawn(Order(Q, prompt="x"))


async def test_many_spawns_at_once_count_against_the_limit_while_they_are_spawning(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_takes, refused = 1.0, []

    async def one() -> None:
        try:
            await supervisor.spawn(Order(Q, prompt="x"))
        except TooMany as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(one)
    assert len(refused) == 3
    assert len(supervisor.list(project_id=Q)) == 2
