"""Permissions that agents ask for: an inbox with a policy, a deadline, and no for an answer by default."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial

import pytest
import trio
from asking import settle, spawn, types
from turn_taking import TurnTaking, TurnWorld, serve, until

from ennio.supervisor import events as e
from ennio.supervisor.config import Approvals, Budget, Timeouts
from ennio.supervisor.errors import Conflict, NotFound
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.records import Activity, Mode
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

Clock = trio.abc.Clock
Serve = Callable[..., Awaitable[Supervisor]]


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: object) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


@pytest.fixture
def begin(
    projects: dict[ProjectId, Project], store: MemoryStore, timeouts: Timeouts, nursery: trio.Nursery
) -> Serve:
    """Start a server with these rules."""

    async def start(policy: str = "ask", life: trio.Nursery = nursery, **more: object) -> Supervisor:
        rules = Approvals(policy, deadline=60)
        return await serve(life, projects, store, timeouts, approvals=rules, **more)

    return start


async def resolved(supervisor: Supervisor, session: SessionId) -> list[tuple[str, str, str]]:
    history = await supervisor.history(session)
    return [(one.approval_id, one.decision, one.by) for one in history if isinstance(one, e.ApprovalResolved)]


async def asked(supervisor: Supervisor, prompt: str = "ask") -> SessionId:
    """Spawn a session whose agent asks for permissions, and wait until it does."""
    session = (await spawn(supervisor, prompt=prompt)).id
    await until(lambda: supervisor.get(session).approvals)
    return session


@pytest.mark.parametrize("allow", [True, False])
async def test_an_operator_allows_or_denies_and_the_agent_goes_on(
    begin: Serve, world: TurnWorld, allow: bool, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await asked(supervisor)
    ((record, approval),) = supervisor.approvals()
    assert (record.id, approval.tool, approval.summary) == (session, "Bash", "rm -rf q1-0")
    await settle()
    assert supervisor.get(session).activity is Activity.WAITING_INPUT
    assert supervisor.get(session).activity_reason == "waits for approval of Bash: rm -rf q1-0"
    await supervisor.decide(session, approval.id, allow=allow)
    assert world.agents[0].answers == {"q1-0": "allow" if allow else "deny"}
    assert supervisor.approvals() == []
    await trio.sleep(0.5)
    assert supervisor.get(session).activity is Activity.ACTIVE
    await settle()
    assert supervisor.get(session).activity is Activity.READY
    assert await resolved(supervisor, session) == [("a1", "allow" if allow else "deny", "an operator")]
    with pytest.raises(NotFound, match="waits for no approval a1"):
        await supervisor.decide(session, approval.id, allow=allow)


async def test_what_nobody_answers_is_denied_at_its_deadline(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await asked(supervisor)
    await trio.sleep(59)
    assert world.agents[0].answers == {}
    await trio.sleep(2)
    assert world.agents[0].answers == {"q1-0": "deny"}
    assert "deny q1-0 denied by its deadline" in world.agents[0].lines
    assert await resolved(supervisor, session) == [("a1", "deny", "its deadline")]


@pytest.mark.parametrize(("policy", "word"), [("allow", "allow"), ("deny", "deny")])
async def test_a_policy_answers_at_once(
    begin: Serve, world: TurnWorld, policy: str, word: str, autojump_clock: Clock
) -> None:
    supervisor = await begin(policy)
    session = (await spawn(supervisor, prompt="ask 3")).id
    await trio.sleep(5)
    assert set(world.agents[0].answers.values()) == {word}
    assert [what[1:] for what in await resolved(supervisor, session)] == [(word, "policy")] * 3
    assert supervisor.get(session).activity is Activity.READY


@pytest.mark.parametrize("policy", ["ask", "allow", "deny"])
async def test_a_thousand_permissions_at_once_are_all_answered(
    begin: Serve, world: TurnWorld, policy: str, autojump_clock: Clock
) -> None:
    """More than are kept are denied; the agent waits for none for ever, and nothing else waits for it."""
    supervisor = await begin(policy)
    session = (await spawn(supervisor, prompt="ask 1000")).id
    await settle()
    assert len(supervisor.get(session).approvals) <= 64
    await trio.sleep(100)
    answers = world.agents[0].answers
    assert len(answers) == 1000
    assert ("allow" in answers.values()) is (policy == "allow")
    assert supervisor.get(session).approvals == ()
    assert supervisor.get(session).activity in {Activity.READY, Activity.IDLE}
    assert (await supervisor.send(session, Letter("go on"), accepted=True)).text == "go on"


async def test_of_two_who_decide_at_once_the_first_counts(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await asked(supervisor)
    world.write_begins_after = 1
    said: list[str] = []

    async def decide(allow: bool) -> None:
        try:
            await supervisor.decide(session, "a1", allow=allow)
            said.append(f"allow={allow}")
        except Conflict as error:
            said.append(str(error))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(decide, True)
        await trio.sleep(0.1)
        nursery.start_soon(decide, False)
    assert said == [f"approval a1 of {session} is being answered already", "allow=True"]
    assert world.agents[0].answers == {"q1-0": "allow"}


async def test_what_the_agent_withdraws_is_not_waited_for(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await asked(supervisor, "ask 2")
    world.agents[0].say("unask q1-0")
    await settle()
    assert [approval.id for approval in supervisor.get(session).approvals] == ["a2"]
    await supervisor.send(session, Letter("stop that", Mode.INTERRUPT), accepted=True)
    await settle()
    assert supervisor.get(session).approvals == ()
    assert [what[1:] for what in await resolved(supervisor, session)] == [
        ("withdrawn", "its agent"),
        ("withdrawn", "the end of its turn"),
    ]
    actor = supervisor._roster.find(session)
    assert (actor._timers, actor._deciding) == ({}, {})


async def test_a_permission_that_the_dialogue_knows_no_more_is_withdrawn(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    class Forgetful(TurnTaking):
        def decide(self, ask: str, *, allow: bool, words: str) -> bytes:
            return b""

    world.speaks = Forgetful
    supervisor = await begin()
    session = await asked(supervisor)
    with pytest.raises(Conflict, match="does not wait for approval a1 any more"):
        await supervisor.decide(session, "a1", allow=True)
    assert supervisor.get(session).approvals == ()


async def test_a_permission_of_an_agent_that_takes_no_answers_is_withdrawn_whatever_the_policy(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    class Deaf(TurnTaking):
        decide = None  # so it has no such power

    world.speaks = Deaf
    supervisor = await begin("allow")
    session = (await spawn(supervisor, prompt="ask")).id
    await settle()
    assert supervisor.get(session).approvals == ()
    assert await resolved(supervisor, session) == [("a1", "withdrawn", "its agent")]


async def test_permissions_cost_no_timer_once_they_are_answered(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = (await spawn(supervisor, prompt="ask 50")).id
    await until(lambda: len(supervisor.get(session).approvals) == 50)
    actor = supervisor._roster.find(session)
    assert len(actor._timers) == 50
    for approval in supervisor.get(session).approvals:
        await supervisor.decide(session, approval.id, allow=True)
    await settle()
    assert (actor._timers, actor._deciding, len(actor._nursery.child_tasks)) == ({}, {}, 1)


# What ends.


async def test_a_kill_during_a_permission_ends_both_and_who_decides_is_told(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await asked(supervisor)
    world.write_begins_after = 1
    refused: list[Exception] = []

    async def decide() -> None:
        try:
            await supervisor.decide(session, "a1", allow=True)
        except Conflict as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.kill, session)
        await trio.sleep(0.1)
        nursery.start_soon(decide)
    assert status(supervisor.get(session)) == "Killed"
    assert supervisor.get(session).approvals == ()
    assert len(refused) + len(world.agents[0].answers) == 1


async def test_a_budget_that_is_spent_during_a_permission_ends_the_agent_all_the_same(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin(budgets=(Budget("global", "total", Decimal(1)),))
    session = await asked(supervisor)
    world.agents[0].say("spent 2")
    await trio.sleep(5)
    assert status(supervisor.get(session)) == "Exited"
    assert "budget of all projects is spent" in (supervisor.get(session).reason or "")
    assert supervisor.get(session).approvals == ()
    assert "ApprovalResolved" in await types(supervisor, session)
    assert supervisor._roster.find(session)._timers == {}


async def test_a_permission_survives_a_restart_of_the_server_as_denied_with_a_word(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    async with trio.open_nursery() as life:
        session = await asked(await begin(life=life))
        world.server_dies()
        life.cancel_scope.cancel()
    supervisor = await begin()
    await trio.sleep(5)
    assert "deny q1-0 denied by a restart of the server" in world.agents[0].lines
    assert await resolved(supervisor, session) == [("a1", "deny", "a restart of the server")]
    assert supervisor.get(session).activity is Activity.READY


async def test_where_the_policy_is_to_allow_a_restart_of_the_server_denies_nothing(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    async with trio.open_nursery() as life:
        session = await asked(await begin("ask", life=life))
        world.server_dies()
        life.cancel_scope.cancel()
    supervisor = await begin("allow")
    await trio.sleep(5)
    assert await resolved(supervisor, session) == [("a1", "allow", "policy")]


async def test_a_permission_of_an_agent_that_did_not_outlive_the_server_is_over(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    async with trio.open_nursery() as life:
        session = await asked(await begin(life=life))
        world.server_dies()
        life.cancel_scope.cancel()
    world.agents[0].end_all()
    supervisor = await begin()
    await trio.sleep(5)
    assert status(supervisor.get(session)) == "Exited"
    assert supervisor.get(session).approvals == ()
    with pytest.raises(NotFound):
        await supervisor.decide(session, "a1", allow=True)


async def test_someone_who_stops_waiting_has_decided_all_the_same(
    begin: Serve, world: TurnWorld, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await asked(supervisor)
    world.write_begins_after = 1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(supervisor.decide, session, "a1", allow=True))
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    await trio.sleep(2)
    assert world.agents[0].answers == {"q1-0": "allow"}
    assert await resolved(supervisor, session) == [("a1", "allow", "an operator")]
