"""One for one: a session that crashes is alone in it. And the end of all of them."""

import pytest
import trio
from asking import settle, spawn
from fakes import World, supervise

from ennio.supervisor.errors import Conflict, Unavailable
from ennio.supervisor.journal import JournalFailed
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.records import Phase
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor


@pytest.mark.parametrize("broken", ["read", "write"])
async def test_a_session_that_crashes_ends_its_agent_and_leaves_its_siblings_alone(
    supervisor: Supervisor, world: World, broken: str, autojump_clock: trio.abc.Clock
) -> None:
    async def bug(*_: object) -> None:
        raise ZeroDivisionError

    unlucky, lucky = await spawn(supervisor), await spawn(supervisor)
    await settle()
    setattr(world.terminals[0], broken, bug)
    world.terminals[0].say(b"x")
    if broken == "write":
        with pytest.raises((Conflict, ExceptionGroup)):
            await supervisor.send(unlucky.id, Letter("x"))
    await settle()
    crashed = supervisor.get(unlucky.id)
    assert (status(crashed), crashed.phase) == ("Exited", Phase.FAILED)
    assert "ZeroDivisionError" in (crashed.reason or "")
    assert world.terminals[0].graces
    assert status(supervisor.get(lucky.id)) == "Working"
    assert status(await supervisor.restore(unlucky.id)) == "Working"
    await supervisor.kill(unlucky.id)


async def test_a_bug_while_spawning_reaches_the_spawner_and_leaves_nothing(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.checkout_fails = ZeroDivisionError("bug")
    with pytest.raises(ExceptionGroup):
        await spawn(supervisor)
    await settle()
    assert supervisor.list(ended=True) == []
    assert world.trees == {}


async def test_a_journal_that_fails_stops_the_server(
    projects: dict, store: MemoryStore, timeouts: object, autojump_clock: trio.abc.Clock
) -> None:
    async def full(*_: object) -> None:
        raise OSError("no space left on device")

    store.append = full
    with pytest.RaisesGroup(JournalFailed, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            blind = supervise(nursery, projects, store, timeouts)
            await blind.recover()
            try:
                await spawn(blind)
            except* JournalFailed:
                await trio.sleep_forever()


async def test_closing_stops_every_agent_to_be_restored_later_and_refuses_new_work(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    running = await spawn(supervisor)
    ended = await spawn(supervisor)
    world.terminals[1].die(0)
    await settle()
    world.checkout_takes = 5.0

    async def spawner() -> None:
        with pytest.raises(Unavailable):
            await spawn(supervisor)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(spawner)
        await trio.sleep(1)
        await supervisor.close(4)
    stopped = supervisor.get(running.id)
    assert (status(stopped), stopped.reason) == ("Exited", "the server was shut down")
    assert world.terminals[0].graces[0] == 2
    assert status(supervisor.get(ended.id)) == "Done"
    assert [record.id for record in supervisor.list(ended=True)] == [ended.id, running.id]
    with pytest.raises(Unavailable):
        await spawn(supervisor)


async def test_closing_ends_in_time_even_if_agents_do_not(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    world.dies_after = 60
    await spawn(supervisor)
    began = trio.current_time()
    await supervisor.close(4)
    assert trio.current_time() - began == pytest.approx(4, abs=0.1)
