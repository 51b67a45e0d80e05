from datetime import timedelta
from pathlib import Path

import trio
from fakes import World
from trio.testing import wait_all_tasks_blocked

from ennio.supervisor.events import now
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.protocols import Removal
from ennio.supervisor.records import Order
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

P = ProjectId("p")
LATER = timedelta(days=1)


async def done(supervisor: Supervisor, world: World) -> SessionId:
    """A session whose agent has finished."""
    record = await supervisor.spawn(Order(P, prompt="x"))
    world.terminals[-1].die(0)
    await trio.sleep(1)
    return record.id


async def test_what_ended_before_is_gone_with_its_events_its_workspace_and_what_it_said(
    supervisor: Supervisor, world: World, store: MemoryStore, tmp_path: Path, autojump_clock: trio.abc.Clock
) -> None:
    finished = await done(supervisor, world)
    killed = (await supervisor.spawn(Order(P, prompt="y"))).id
    await supervisor.kill(killed)
    for session_id in (finished, killed):
        (tmp_path / "sessions" / session_id / "output").mkdir(parents=True)
    pruned = await supervisor.prune(now() + LATER)
    assert set(pruned.gone) == {finished, killed}
    assert pruned.kept == ()
    assert supervisor.list(ended=True) == []
    assert await store.load() == []
    assert await store.history(finished) == []
    assert len(world.removed) == 2
    assert list((tmp_path / "sessions").iterdir()) == []


async def test_what_ended_later_and_what_did_not_end_stay(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    before = now()
    finished = await done(supervisor, world)
    running = (await supervisor.spawn(Order(P, prompt="y"))).id
    failed = (await supervisor.spawn(Order(P, prompt="z"))).id
    world.terminals[-1].die(1)
    await trio.sleep(1)
    assert (await supervisor.prune(before)).gone == ()
    assert (await supervisor.prune(now() + LATER)).gone == (finished,)
    assert {record.id for record in supervisor.list(ended=True)} == {running, failed}


async def test_a_session_whose_workspace_holds_work_stays_whole(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    finished = await done(supervisor, world)
    world.removal = Removal(kept="it holds work")
    for _ in range(2):
        assert (await supervisor.prune(now() + LATER)).kept == (finished,)
    assert supervisor.get(finished).tree is not None
    assert await supervisor.history(finished)
    world.removal = Removal(kept=None)
    assert (await supervisor.prune(now() + LATER)).gone == (finished,)


async def test_one_that_is_restored_while_another_is_pruned_stays(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    first, second = await done(supervisor, world), await done(supervisor, world)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.prune, now() + LATER)
        await wait_all_tasks_blocked()  # the first one's workspace is being removed
        await supervisor.restore(second)
    assert [record.id for record in supervisor.list(ended=True)] == [second]
    assert first not in world.trees
