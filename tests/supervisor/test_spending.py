"""What agents cost, and budgets: refusals, warnings, ends, and money that is held for those that run."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import pytest
import trio
from asking import P, Q, settle, spawn, types
from fakes import FakeDialogue
from turn_taking import TurnWorld, serve

from ennio.supervisor.config import Budget, Price, Restart, Timeouts
from ennio.supervisor.errors import AgentMissing, Conflict, Invalid, OverBudget
from ennio.supervisor.events import BudgetNear, now
from ennio.supervisor.ids import ProjectId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.prices import Prices
from ennio.supervisor.project import Project
from ennio.supervisor.records import Mode, Order, Spend
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

Clock = trio.abc.Clock
Serve = Callable[..., Awaitable[Supervisor]]


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: object) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery, model="free")


@pytest.fixture
def begin(
    projects: dict[ProjectId, Project], store: MemoryStore, timeouts: Timeouts, nursery: trio.Nursery
) -> Serve:
    """Start a server with these budgets, whose agents always come back, and cost what they say alone."""
    prices = Prices({"free": Price(Decimal(0), Decimal(0))})

    async def start(*budgets: Budget, life: trio.Nursery = nursery) -> Supervisor:
        free = {name: replace(one, prices=prices) for name, one in projects.items()}
        return await serve(life, free, store, timeouts, budgets=budgets, restart=Restart("always"))

    return start


def total(limit: str, scope: str = "global", reserve: str = "0", project: ProjectId | None = None) -> Budget:
    return Budget(scope, "total", Decimal(limit), project_id=project, reserve_usd=Decimal(reserve))


async def test_what_agents_say_that_they_cost_is_added_up(
    begin: Serve, world: TurnWorld, store: MemoryStore, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("100"))
    session = (await spawn(supervisor, prompt="cost 0.25")).id
    await supervisor.send(session, Letter("cost 1.5"))
    await trio.sleep(20)
    record = supervisor.get(session)
    assert (record.cost_usd, record.cost_is_estimated, record.unpriced) == (Decimal("1.75"), True, False)
    assert record.tokens.output == world.agents[0].used == 30
    (standing,) = supervisor.budgets()
    assert (standing.spent, standing.remaining) == (Decimal("1.75"), Decimal("98.25"))
    assert sum(spend.cost_usd for spend in await store.spends()) == Decimal("1.75")


async def test_where_an_agent_says_no_cost_the_table_has_it(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.model = "claude-opus-4-5"  # 25 dollars for a million tokens of output
    supervisor = await begin(total("100"))
    session = (await spawn(supervisor)).id
    await trio.sleep(20)
    record = supervisor.get(session)
    assert record.tokens.output == 15
    assert (record.cost_usd, record.cost_is_estimated) == (Decimal("0.000375"), True)


async def test_of_a_model_that_nobody_knows_the_price_is_not_known(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.model = "nobody-knows-it"
    supervisor = await begin(total("100"))
    session = (await spawn(supervisor)).id
    await trio.sleep(20)
    record = supervisor.get(session)
    assert (record.tokens.output, record.cost_usd, record.unpriced) == (15, 0, True)


async def test_a_session_is_warned_once_and_ended_with_its_reason_and_does_not_come_back(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("10"))
    session = (await spawn(supervisor, prompt="cost 7.9")).id
    await trio.sleep(10)
    assert "BudgetNear" not in await types(supervisor, session)
    await supervisor.send(session, Letter("cost 0.1"))
    await supervisor.send(session, Letter("cost 1"))
    await trio.sleep(20)
    near = [one for one in await supervisor.history(session) if isinstance(one, BudgetNear)]
    assert [one.words.partition(";")[0] for one in near] == [
        "the total budget of all projects is nearly spent: 8.00 of 10.00 USD"
    ]
    assert status(supervisor.get(session)) == "Working"
    await supervisor.send(session, Letter("cost 1.5"))
    await supervisor.send(session, Letter("never"))
    await trio.sleep(20)
    record = supervisor.get(session)
    assert status(record) == "Exited"
    assert (record.reason or "").startswith("the total budget of all projects is spent: 10.50 of 10.00 USD")
    assert (await types(supervisor, session))[-3:] == [
        "BudgetExceeded",
        "SessionExited",
        "ReactionTriggered",  # that operators are told
    ]
    assert len(world.agents) == 1
    assert world.told["never"] == 0


async def test_a_spent_budget_refuses_what_would_spend_more_and_says_why(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("10", "project", project=P))
    session = (await spawn(supervisor, prompt="cost 10")).id
    await trio.sleep(20)
    assert status(supervisor.get(session)) == "Exited"
    words = r"the total budget of project p is spent: 10\.00 of 10\.00 USD; raise its `limit_usd` to go on"
    with pytest.raises(OverBudget, match=words):
        await spawn(supervisor)
    with pytest.raises(OverBudget, match=words):
        await supervisor.restore(session)
    assert len(supervisor.list(ended=True)) == 1
    assert await supervisor.spawn(Order(Q, prompt="do it")), "which it is not for"


async def test_a_message_to_a_session_whose_budget_is_just_spent_is_refused(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("10", "session"))
    session, other = (await spawn(supervisor)).id, (await spawn(supervisor)).id
    await trio.sleep(10.5)
    world.agents[0].say("spent 10")
    await trio.sleep(0.1)
    assert status(supervisor.get(session)) == "Working"
    with pytest.raises(OverBudget, match=f"budget of session {session} is spent"):
        await supervisor.send(session, Letter("more"))
    await supervisor.send(other, Letter("more"), accepted=True)


async def test_spawns_at_the_same_time_spend_no_more_than_there_is(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    world.checkout_takes = 1
    supervisor = await begin(total("10", reserve="3"))
    refused: list[str] = []

    async def start() -> None:
        try:
            await spawn(supervisor, prompt="cost 3")
        except OverBudget as error:
            refused.append(str(error))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(start)
    assert len(refused) == 7
    assert "has no room for one more session" in refused[0]
    await trio.sleep(10)
    (standing,) = supervisor.budgets()
    assert standing.spent == 9


async def test_what_is_held_for_a_session_is_free_again_once_it_has_ended_or_never_began(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("10", reserve="10"))

    def held() -> Decimal | None:
        return supervisor.budgets()[0].held

    world.launch_fails = AgentMissing("it was uninstalled")
    with pytest.raises(AgentMissing):
        await spawn(supervisor)
    assert held() == 0
    world.launch_fails = None
    session = (await spawn(supervisor)).id
    assert held() == 10
    await supervisor.kill(session)
    assert held() == 0


async def test_nothing_stays_held_for_a_restore_that_is_refused(
    begin: Serve, world: TurnWorld, tmp_path: object, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("10", reserve="10"))
    session = (await spawn(supervisor)).id
    with pytest.raises(Conflict):
        await supervisor.restore(session)
    assert supervisor.budgets()[0].held == 10, "it runs"
    await supervisor.close(5)
    supervisor.closing = False
    await settle()
    assert supervisor.budgets()[0].held == 0
    actor = supervisor._roster.find(session)
    actor._record = replace(actor._record, tree=replace(actor._record.tree, path="/nowhere"))
    with pytest.raises(Conflict, match="the workspace of"):
        await supervisor.restore(session)
    assert supervisor.budgets()[0].held == 0


async def test_a_new_server_knows_what_was_spent_and_holds_what_runs(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    budget = total("10", reserve="6")
    async with trio.open_nursery() as life:
        session = (await spawn(await begin(budget, life=life), prompt="cost 2")).id
        await trio.sleep(10)
        world.server_dies()
        life.cancel_scope.cancel()
    supervisor = await begin(budget)
    (standing,) = supervisor.budgets()
    assert (standing.spent, standing.held) == (2, 4)
    assert supervisor.get(session).cost_usd == 2
    with pytest.raises(OverBudget, match="no room"):
        await spawn(supervisor)


async def test_a_session_that_was_over_its_budget_when_the_server_died_is_ended_by_the_next_one(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    async with trio.open_nursery() as life:
        session = (await spawn(await begin(total("100"), life=life), prompt="cost 20")).id
        await trio.sleep(10)
        world.server_dies()
        life.cancel_scope.cancel()
    supervisor = await begin(total("10"))
    await trio.sleep(10)
    assert status(supervisor.get(session)) == "Exited"
    assert "is spent" in (supervisor.get(session).reason or "")


async def test_a_cost_beyond_all_sense_is_not_counted_and_ends_nothing(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("10"))
    session = (await spawn(supervisor)).id
    await trio.sleep(10)
    for cost in ("1E+9999", "NaN", "-5", "Infinity"):
        world.agents[0].say(f"spent {cost}")
    world.agents[0].say("used " + "9" * 100)
    await settle()
    record = supervisor.get(session)
    assert (status(record), record.cost_usd) == ("Working", 0)
    assert record.tokens.output < 1 << 63


async def test_a_way_to_send_that_the_agent_does_not_know_is_refused_before_a_spent_budget(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin(total("1"))
    world.speaks = FakeDialogue
    session = (await spawn(supervisor)).id
    await settle()
    supervisor._ledger.add(Spend("e1", session, P, now(), Decimal(2)))
    with pytest.raises(Invalid, match="takes nothing in the middle of a turn"):
        await supervisor.send(session, Letter("by the way", Mode.STEER))
    with pytest.raises(OverBudget):
        await supervisor.send(session, Letter("by the way"))
