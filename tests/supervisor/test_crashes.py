"""A server that dies between any two steps of its journal, and the next one, over agents that lived on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
import trio
from asking import P
from fakes import supervise
from trio.testing import MockClock
from turn_taking import TurnWorld, until

from ennio.supervisor.config import Budget, Timeouts
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.ledger import Ledger
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Step
from ennio.supervisor.records import Activity, MessageState, Mode, Order, SessionRecord
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

BUDGET = Budget("global", "total", Decimal(1000))
AT_REST = {Activity.READY, Activity.IDLE}


class CutStore(MemoryStore):
    """At the append of number `cut` the server dies: before that is stored, or `after`."""

    def __init__(self) -> None:
        super().__init__()
        self.count, self.cut, self.after = 0, -1, False
        self.dead = False
        self.die: Callable[[], None] = lambda: None

    async def append(self, step: Step) -> None:
        self.count += 1
        if self.dead:
            await trio.sleep_forever()
        if self.count != self.cut:
            await super().append(step)
            await trio.lowlevel.checkpoint()
            return
        if self.after:
            await super().append(step)
        self.dead = True
        self.die()
        await trio.sleep_forever()

    async def forget(self, session_id: SessionId) -> None:
        if not self.dead:
            await super().forget(session_id)


@dataclass
class Case:
    """One world with one journal, and the servers that come and go over them."""

    life: trio.Nursery
    projects: dict[ProjectId, Project]
    timeouts: Timeouts
    world: TurnWorld
    store: CutStore = field(default_factory=CutStore)
    stored: list[str] = field(default_factory=list)
    """What senders were told to be stored."""

    async def until_death(self, cut: int, *, after: bool, story: "Story") -> bool:
        """Let a server live until it dies at that append; return False if the whole story was told before."""
        self.store.count, self.store.cut, self.store.after = 0, cut, after
        async with trio.open_nursery() as server:

            def die() -> None:
                self.world.server_dies()
                server.cancel_scope.cancel()

            self.store.die = die
            await story(await self.begin(server), self)
            die()
        died, self.store.dead, self.store.cut = self.store.dead, False, -1
        return died

    async def begin(self, server: trio.Nursery) -> Supervisor:
        """Start a server."""
        ledger = Ledger((BUDGET,))
        projects = {name: replace(one, ledger=ledger) for name, one in self.projects.items()}
        supervisor = supervise(server, projects, self.store, self.timeouts)
        await supervisor.recover()
        return supervisor

    async def send(
        self, supervisor: Supervisor, session: SessionId, text: str, mode: Mode = Mode.QUEUE
    ) -> None:
        await supervisor.send(session, Letter(text, mode))
        self.stored.append(text)


Story = Callable[[Supervisor, Case], Awaitable[None]]


async def talk(supervisor: Supervisor, case: Case) -> None:
    """A spawn, messages one after another, a permission, usage in between."""
    session = (await supervisor.spawn(Order(P, prompt="first"))).id
    await case.send(supervisor, session, "second")
    await case.send(supervisor, session, "ask 2")
    await case.send(supervisor, session, "third")
    await until(lambda: len(supervisor.get(session).approvals) == 2)
    asked = supervisor.get(session).approvals
    await supervisor.decide(session, asked[0].id, allow=True)
    await supervisor.decide(session, asked[1].id, allow=False)
    await trio.sleep(20)


async def interrupt(supervisor: Supervisor, case: Case) -> None:
    """A message in the middle of a turn, and one that breaks it off."""
    session = (await supervisor.spawn(Order(P, prompt="sleep 30"))).id
    await trio.sleep(2)
    await case.send(supervisor, session, "queued")
    await case.send(supervisor, session, "by the way", Mode.STEER)
    await trio.sleep(2)
    await case.send(supervisor, session, "stop that", Mode.INTERRUPT)
    await trio.sleep(20)


async def stop_and_restore(supervisor: Supervisor, case: Case) -> None:
    """An agent that ends in mid-turn, with messages that it never got; and goes on later."""
    session = (await supervisor.spawn(Order(P, prompt="cost 0.5"))).id
    await case.send(supervisor, session, "die 3")
    await case.send(supervisor, session, "second")
    await case.send(supervisor, session, "third")
    await until(lambda: status(supervisor.get(session)) == "Exited")
    await supervisor.restore(session, prompt="go on")
    await trio.sleep(20)


async def kill(supervisor: Supervisor, case: Case) -> None:
    """A kill in the middle of it all."""
    session = (await supervisor.spawn(Order(P, prompt="first"))).id
    await case.send(supervisor, session, "ask 1")
    await case.send(supervisor, session, "second")
    await trio.sleep(3)
    await supervisor.kill(session)


TIMES = {"at once": (0.0, 0.0), "late": (0.2, 0.0), "slowly": (0.0, 0.3)}
"""How long it takes until a write begins, and from then until it is done."""


@pytest.fixture
def cases(
    nursery: trio.Nursery, projects: dict[ProjectId, Project], timeouts: Timeouts, tmp_path: object
) -> Callable[[str], Case]:
    """Make cases, each with a world of its own."""

    def make(times: str) -> Case:
        world = TurnWorld(folder=str(tmp_path), life=nursery)
        world.write_begins_after, world.write_takes = TIMES[times]
        parts = {"agent": world, "runtime": world, "runtimes": lambda _: world, "workspace": world}
        return Case(nursery, {name: replace(one, **parts) for name, one in projects.items()}, timeouts, world)

    return make


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("story", [talk, interrupt, stop_and_restore, kill])
async def test_wherever_a_server_dies_the_next_one_accounts_for_all_once(
    story: Story, times: str, after: bool, cases: Callable[[str], Case], autojump_clock: MockClock
) -> None:
    cut, died = 0, True
    while died:
        cut += 1
        case = cases(times)
        died = await case.until_death(cut, after=after, story=story)
        where = f"{story.__name__} up to append {cut}"
        async with trio.open_nursery() as server:
            supervisor = await case.begin(server)
            await trio.sleep(400)
            for record in supervisor.list(ended=True):
                await check(case, supervisor, record, where)
            listed = {record.id for record in supervisor.list(ended=True)}
            for (session, _), agent in case.world.runs.items():
                assert session in listed or agent.tree_gone.is_set(), where
            server.cancel_scope.cancel()
    assert cut > 10, "the story has been told"


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("story", [talk, interrupt, stop_and_restore])
async def test_where_agents_died_with_their_server_nothing_is_given_twice_to_the_next_ones(
    story: Story, times: str, cases: Callable[[str], Case], autojump_clock: MockClock
) -> None:
    """Nobody knows any more what such an agent had been given."""
    cut, died = 0, True
    while died:
        cut += 1
        case = cases(times)
        died = await case.until_death(cut, after=bool(cut % 2), story=story)
        for agent in case.world.agents:
            agent.end_all()
        async with trio.open_nursery() as server:
            supervisor = await case.begin(server)
            await trio.sleep(10)
            for record in supervisor.list():
                assert status(record) == "Exited"
                await supervisor.restore(record.id)
            await trio.sleep(400)
            for record in supervisor.list():
                await check(case, supervisor, record, f"{story.__name__} up to append {cut}")
            server.cancel_scope.cancel()
    assert cut > 10, "the story has been told"


@pytest.mark.parametrize("again", [2, 5])
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("story", [talk, interrupt])
async def test_a_server_that_dies_while_it_takes_over_leaves_no_less_to_the_third(
    story: Story, times: str, again: int, cases: Callable[[str], Case], autojump_clock: MockClock
) -> None:
    async def wait(supervisor: Supervisor, case: Case) -> None:
        await trio.sleep(400)

    cut, died = 0, True
    while died:
        cut += 1
        case = cases(times)
        died = await case.until_death(cut, after=False, story=story)
        await case.until_death(again, after=bool(cut % 2), story=wait)
        async with trio.open_nursery() as server:
            supervisor = await case.begin(server)
            await trio.sleep(400)
            for record in supervisor.list(ended=True):
                await check(case, supervisor, record, f"{story.__name__} up to append {cut}, then {again}")
            server.cancel_scope.cancel()
    assert cut > 10, "the story has been told"


async def check(case: Case, supervisor: Supervisor, record: SessionRecord, where: str) -> None:
    """Hold a session to all that is promised of it."""
    agents = [agent for (session, _), agent in case.world.runs.items() if session == record.id]
    messages = await supervisor.messages(record.id)
    shown = f"{where}: {status(record)} {record.reason} {[(m.text, m.state, m.reason) for m in messages]}"
    assert set(case.stored) <= {message.text for message in messages}, shown
    for message in messages:
        given = case.world.told[message.text]
        match message.state:
            case MessageState.ACCEPTED:
                assert given == 1, shown
            case MessageState.FAILED:
                assert given <= 1, shown
                assert message.reason, shown
                assert given == 0 or "unknown" in message.reason or "ended" in message.reason, shown
            case _:
                assert given == 0, shown
                assert status(record) == "Exited", shown
    assert record.approvals == (), shown
    used = sum(agent.used for agent in agents)
    assert record.tokens.output == used, f"{shown} {record.tokens.output} of {used}"
    (standing,) = supervisor.budgets()
    assert standing.spent == record.cost_usd, shown
    if status(record) == "Working":
        assert record.activity in AT_REST, f"{shown} {record.activity} {record.activity_reason}"
        assert not agents[-1].waits_for, shown
        message = await supervisor.send(record.id, Letter("last"), accepted=True, seconds=5)
        assert message.state is MessageState.ACCEPTED, shown
