"""Sessions that an agent has spawned: who is their parent, and on whose account they spend."""

from decimal import Decimal

import pytest
import trio
from asking import P, spawn
from turn_taking import TurnWorld, serve, until

from ennio.supervisor.config import Budget, Timeouts
from ennio.supervisor.errors import OverBudget
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.records import Order, SessionRecord
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

EACH = (Budget("session", "total", Decimal(10)),)


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: object) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def spawned_by(supervisor: Supervisor, parent: SessionId, prompt: str) -> SessionRecord:
    """Spawn a session as the agent of another one does."""
    return await supervisor.spawn(Order(P, prompt=prompt, parent=parent))


async def test_what_a_child_spends_is_on_its_parents_account(
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    autojump_clock: trio.abc.Clock,
) -> None:
    supervisor = await serve(nursery, projects, store, timeouts, budgets=EACH)
    lead = (await spawn(supervisor, prompt="cost 4")).id
    children = [(await spawned_by(supervisor, lead, "cost 3")).id for _ in range(2)]
    assert {supervisor.get(child).parent for child in children} == {lead}

    await until(lambda: {supervisor.get(one).phase for one in (lead, *children)} == {"Exited"})
    for one in (lead, *children):
        assert "is spent" in str(supervisor.get(one).reason)
    with pytest.raises(OverBudget):
        await spawned_by(supervisor, lead, "cost 1")
    for one in (lead, *children):
        with pytest.raises(OverBudget):
            await supervisor.restore(one)
    other = (await spawn(supervisor, prompt="cost 9")).id
    await trio.sleep(60)
    assert supervisor.get(other).phase == "Running"


async def test_the_account_is_the_same_with_the_next_server(
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    autojump_clock: trio.abc.Clock,
) -> None:
    async with trio.open_nursery() as life:
        supervisor = await serve(life, projects, store, timeouts, budgets=EACH)
        lead = (await spawn(supervisor, prompt="cost 4")).id
        child = (await spawned_by(supervisor, lead, "cost 4")).id
        await trio.sleep(60)
        life.cancel_scope.cancel()

    heir = await serve(nursery, projects, store, timeouts, budgets=EACH)
    assert heir.get(child).parent == lead
    await heir.send(child, Letter("cost 2"))
    await until(lambda: {heir.get(one).phase for one in (lead, child)} == {"Exited"})
