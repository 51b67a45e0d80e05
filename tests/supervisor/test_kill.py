"""Killing: it comes before everything, is never half done, and is told when it takes too long."""

import pytest
import trio
from asking import only, settle, spawn, types
from fakes import World
from trio.testing import wait_all_tasks_blocked

from ennio.supervisor.errors import Conflict, EnnioError, NotFound, Survived
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.protocols import Removal
from ennio.supervisor.supervisor import Supervisor


async def test_a_killed_session_is_gone_with_its_clean_workspace_and_stays_known(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await supervisor.kill(record.id)
    assert world.terminals[0].graces[0] == 5
    assert status(supervisor.get(record.id)) == "Killed"
    assert supervisor.list() == []
    await settle()
    assert supervisor.get(record.id).tree is None
    assert await types(supervisor, record.id) == [
        "SessionSpawned", "SessionWorking", "SessionKilled", "SessionCleaned",
    ]  # fmt: skip
    await supervisor.kill(record.id)


@pytest.mark.parametrize("removal", [Removal(kept="2 files are uncommitted"), Conflict("git is busy")])
async def test_a_workspace_with_work_in_it_stays_until_a_kill_finds_it_clean(
    supervisor: Supervisor,
    world: World,
    removal: Removal | EnnioError,
    autojump_clock: trio.abc.Clock,
) -> None:
    world.removal = removal
    record = await spawn(supervisor)
    await supervisor.kill(record.id)
    await settle()
    kept = supervisor.get(record.id).tree
    assert kept is not None
    assert kept.path == world.folder
    world.removal = Removal(kept=None)
    await supervisor.kill(record.id)
    await settle()
    assert supervisor.get(record.id).tree is None


async def test_a_second_kill_joins_the_first(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 2
    record, began = await spawn(supervisor), trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(supervisor.kill, record.id)
    assert trio.current_time() - began < 5
    assert (await types(supervisor, record.id)).count("SessionKilled") == 1


async def test_a_killer_that_goes_away_does_not_stop_the_kill(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 2
    record = await spawn(supervisor)
    with trio.move_on_after(0.5):
        await supervisor.kill(record.id)
    assert status(supervisor.get(record.id)) == "Working"
    await trio.sleep(3)
    assert status(supervisor.get(record.id)) == "Killed"


async def test_a_kill_that_outruns_its_time_names_the_survivors_and_goes_on(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 20
    record = await spawn(supervisor)
    with pytest.raises(Survived, match=r"longer than 15 s.*pid 4242 \(agent, state S, uid 0\)") as raised:
        await supervisor.kill(record.id)
    assert raised.value.survivors[0].pid == 4242
    with pytest.raises(Conflict):
        await supervisor.send(record.id, Letter("are you there?"))
    await trio.sleep(10)
    assert status(supervisor.get(record.id)) == "Killed"


async def test_a_spawning_session_can_be_killed_and_vanishes(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_takes = 5.0

    async def spawner() -> None:
        with pytest.raises(Conflict, match="killed while"):
            await spawn(supervisor)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(spawner)
        await trio.sleep(1)
        record = only(supervisor)
        assert status(record) == "Spawning"
        await supervisor.kill(record.id)
        assert supervisor.list(ended=True) == []
    assert world.trees == {}
    with pytest.raises(NotFound):
        await supervisor.kill(record.id)


async def test_a_kill_comes_before_queued_messages(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.reads = False
    record, refused = await spawn(supervisor), []

    async def sender(text: str) -> None:
        try:
            await supervisor.send(record.id, Letter(text))
        except Conflict as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(sender, str(number))
        await wait_all_tasks_blocked()
        began = trio.current_time()
        await supervisor.kill(record.id)
        assert trio.current_time() - began < 1
    assert len(refused) == 40
    assert world.terminals[0].heard == []
