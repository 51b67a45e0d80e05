"""An agent was told, and nothing has come of it: then an operator is, once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import trio
from asking import settle, spawn
from fake_forges import (
    FAILING,
    PASSING,
    PENDING,
    DyingStore,
    FakeNotifier,
    FakeScm,
    pull_request,
    react,
    request,
)
from fakes import World

from ennio.supervisor import events as e
from ennio.supervisor.ids import SessionId
from ennio.supervisor.protocols import Removal, Step
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Live = Callable[..., Awaitable[None]]
Clock = trio.abc.Clock
WORDS = "nothing has changed in 120 s since the agent was told"


async def told(supervisor: Supervisor, scm: FakeScm, **facts: Any) -> SessionId:
    """Spawn a session whose agent is told of something about its pull request."""
    session = (await spawn(supervisor, branch="feat")).id
    await settle()
    scm.pulls.append(pull_request(**(facts or {"checks": FAILING})))
    await trio.sleep(31)
    assert supervisor.get(session).reacted
    return session


async def escalations(supervisor: Supervisor, session: SessionId) -> list[str]:
    history = await supervisor.history(session)
    return [one.words for one in history if isinstance(one, e.ReactionEscalated)]


async def test_a_state_that_does_not_change_in_time_is_told_an_operator_once(
    begin: Begin, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await told(supervisor, scm)
    await trio.sleep(85)
    assert await escalations(supervisor, session) == []
    await trio.sleep(40)
    assert await escalations(supervisor, session) == [WORDS]
    await trio.sleep(300)
    assert await escalations(supervisor, session) == [WORDS]
    (notice,) = notifier.given
    assert (notice.reaction, notice.priority, notice.escalated) == ("ci-failed", "urgent", True)
    assert notice.title == "Checks fail (pull request 1: Fix it)"
    assert notice.text.startswith(WORDS)


async def test_a_state_that_has_changed_is_none_of_an_operators_business(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await told(supervisor, scm)
    scm.is_now(head="c2", checks=PENDING)
    await trio.sleep(500)
    assert await escalations(supervisor, session) == []
    scm.is_now(checks=PASSING)
    await trio.sleep(500)
    assert await escalations(supervisor, session) == []


async def test_the_time_is_that_of_the_latest_cause(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await told(supervisor, scm)
    for number in (2, 3):
        await trio.sleep(60)
        scm.is_now(head=f"c{number}")
        await trio.sleep(31)
        assert await escalations(supervisor, session) == []
    await trio.sleep(125)
    assert await escalations(supervisor, session) == [WORDS]


async def test_without_a_limit_to_it_nothing_is_escalated(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(ci_failed={"escalate_after": None}))
    session = await told(supervisor, scm)
    await trio.sleep(5000)
    assert await escalations(supervisor, session) == []


async def test_a_request_for_changes_that_stands_is_escalated_and_one_that_was_taken_back_is_not(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    rules = react(changes_requested={"escalate_after": 120.0})
    supervisor = await begin(reactions=rules)
    session = await told(supervisor, scm, reviews=request("1"))
    await trio.sleep(125)
    assert await escalations(supervisor, session) == [WORDS]
    scm.is_now(reviews=request("1", "2"))
    await trio.sleep(31)
    scm.is_now(reviews=())
    await trio.sleep(300)
    assert await escalations(supervisor, session) == [WORDS]


async def test_a_session_that_was_killed_meanwhile_is_not_escalated(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    world.removal = Removal(kept="it holds work")
    supervisor = await begin()
    session = await told(supervisor, scm)
    await supervisor.kill(session)
    await trio.sleep(500)
    assert await escalations(supervisor, session) == []
    assert notifier.given == []


async def test_the_next_server_waits_for_what_is_left_of_the_time_and_none_escalates_twice(
    live: Live, world: World, scm: FakeScm, notifier: FakeNotifier, kept: DyingStore, autojump_clock: Clock
) -> None:
    sessions: list[SessionId] = []

    async def begun(supervisor: Supervisor) -> None:
        sessions.append(await told(supervisor, scm))
        world.held[sessions[0]] = world.terminals[0]

    async def wait(supervisor: Supervisor) -> None:
        await trio.sleep(70)
        assert await escalations(supervisor, sessions[0]) == []
        await trio.sleep(60)
        assert await escalations(supervisor, sessions[0]) == [WORDS]

    async def know(supervisor: Supervisor) -> None:
        await trio.sleep(300)
        assert await escalations(supervisor, sessions[0]) == [WORDS]

    await live(begun)
    (record,) = await kept.load()
    reacted, long = record.reacted["ci-failed"], timedelta(seconds=40)  # for which there was no server
    assert record.pull is not None
    pull = replace(record.pull, head_since=record.pull.head_since - long)
    told_then = {"ci-failed": replace(reacted, at=reacted.at - long)}
    await kept.append(Step((), replace(record, pull=pull, reacted=told_then)))
    await live(wait)
    await live(know)
    assert len(notifier.given) == 1


async def test_what_only_operators_were_told_is_not_escalated_by_the_next_server(
    live: Live, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        session = await told(supervisor, scm)
        world.held[session] = world.terminals[0]

    async def wait(supervisor: Supervisor) -> None:
        await trio.sleep(500)

    rules = react(ci_failed={"action": "notify"})
    await live(begun, reactions=rules)
    await live(wait, reactions=rules)
    (notice,) = notifier.given
    assert not notice.escalated
