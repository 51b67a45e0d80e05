"""What is done about a pull request: its agent is told, whatever state that is in, once for each cause."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
import trio
from asking import settle, spawn, types
from fake_forges import FAILING, PASSING, PENDING, FakeNotifier, FakeScm, pull_request, react, request
from fakes import World
from turn_taking import until

from ennio.supervisor import events as e
from ennio.supervisor.config import Budget
from ennio.supervisor.errors import ForgeFailed
from ennio.supervisor.events import now
from ennio.supervisor.ids import SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.messages import Stop
from ennio.supervisor.protocols import Removal
from ennio.supervisor.records import Activity, Comment, MessageState, Spend
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Clock = trio.abc.Clock
ROUND = 31.0


async def opened(supervisor: Supervisor, scm: FakeScm, **facts: Any) -> SessionId:
    """Spawn a session that has opened a pull request, and have that seen."""
    session = (await spawn(supervisor, branch="feat")).id
    await settle()
    scm.pulls.append(pull_request(**facts))
    await trio.sleep(ROUND)
    return session


async def then(scm: FakeScm, **facts: Any) -> None:
    scm.is_now(**facts)
    await trio.sleep(ROUND)


async def reacted(supervisor: Supervisor, session: SessionId) -> list[tuple[str, int]]:
    """Return which reactions were done, each with its number in a row; 0: escalated."""
    history = await supervisor.history(session)
    return [
        (one.reaction, one.times if isinstance(one, e.ReactionTriggered) else 0)
        for one in history
        if isinstance(one, e.ReactionTriggered | e.ReactionEscalated)
    ]


async def test_a_running_agent_is_told_by_a_message_as_any_other_and_once(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm, checks=FAILING)
    first, told = world.terminals[0].heard
    assert first == b"do it\n"
    assert told.startswith(b"The checks of your pull request fail.")
    assert b"Failed: test\n> it broke\n" in told
    assert status(supervisor.get(session)) == "CiFixSent"
    assert (await types(supervisor, session))[-4:] == [
        *("StatusChanged", "ReactionTriggered", "CiFixSent", "StatusChanged")
    ]
    assert [one.state for one in await supervisor.messages(session)] == [MessageState.WRITTEN] * 2
    await trio.sleep(1000)
    assert len(world.terminals[0].heard) == 2


async def test_it_is_told_of_each_newer_commit_until_the_operator_has_to_see_to_it(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(ci_failed={"escalate_after": None}))
    session = await opened(supervisor, scm, checks=FAILING)
    words = []
    for number in range(2, 6):
        for checks in (PENDING, FAILING):
            await then(scm, head=f"c{number}", checks=checks)
            words.append(status(supervisor.get(session)))
    assert words == [*["CiFixSent"] * 5, "CiFixFailed", "CiFixSent", "CiFixFailed"]
    times = [("ci-failed", 1), ("ci-failed", 2), ("ci-failed", 3), ("ci-failed", 0), ("ci-failed", 0)]
    assert await reacted(supervisor, session) == times
    assert (await types(supervisor, session)).count("CiFixFailed") == 4
    assert len(world.terminals[0].heard) == 4
    notice, _ = notifier.given
    assert (notice.reaction, notice.escalated, notice.priority) == ("ci-failed", True, "urgent")
    assert notice.text.startswith("the agent was told 3 times in a row")
    assert notice.url == "https://forge/o/r/pull/1"
    await then(scm, checks=PASSING)
    await then(scm, checks=FAILING, head="c9")
    assert (await reacted(supervisor, session))[-1] == ("ci-failed", 1), "it has passed in between"


async def test_reviews_and_bots_are_passed_on_and_conflicts_told(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm, reviews=request("1"))
    assert b"ann1 wrote:\n> no" in world.terminals[0].heard[-1]
    bot = Comment("b", "robot", True, "unused", now(), path="a.py", line=2)
    await then(scm, comments=(bot,))
    assert b"robot on a.py:2:\n> unused" in world.terminals[0].heard[-1]
    await then(scm, conflicts=True)
    assert b"has conflicts with its base" in world.terminals[0].heard[-1]
    assert await reacted(supervisor, session) == [
        ("changes-requested", 1),
        ("bugbot-comments", 1),
        ("merge-conflicts", 1),
    ]
    assert (await types(supervisor, session)).count("ReviewCommentsSent") == 2


async def test_logs_that_cannot_be_had_are_said_so_in_their_place(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    scm.logs = ForgeFailed("fake o/r does not answer")
    supervisor = await begin()
    await opened(supervisor, scm, checks=FAILING)
    told = world.terminals[0].heard[-1]
    assert b"Failed: test\n> its log could not be had: fake o/r does not answer" in told
    scm.takes, scm.logs = 40.0, "late"
    await then(scm, head="c2")
    await trio.sleep(100)
    assert b"Failed: test\n> its log could not be had within 30 s" in world.terminals[0].heard[-1]


async def test_what_was_prepared_for_a_commit_that_is_not_the_head_any_more_is_not_told(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=5.0)
    session = await opened(supervisor, scm)
    scm.takes = 4.0
    scm.is_now(checks=FAILING)
    await until(lambda: status(supervisor.get(session)) == "CiFailed")
    scm.takes = 0.0
    scm.is_now(head="c2")
    await trio.sleep(3)
    assert len(world.terminals[0].heard) == 1
    await trio.sleep(100)
    (_, told) = world.terminals[0].heard
    assert b"Commit: c2" in told


@pytest.mark.parametrize("code", [0, 3])
async def test_an_agent_that_does_not_run_is_started_to_be_told(
    begin: Begin, world: World, scm: FakeScm, code: int, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm)
    world.terminals[0].die(code)
    await settle()
    await then(scm, checks=FAILING)
    (told,) = world.terminals[1].heard
    assert told.startswith(b"The checks of your pull request fail.")
    record = supervisor.get(session)
    assert (record.incarnation, record.activity is Activity.EXITED) == (2, False)
    assert status(record) == "CiFixSent"
    assert "SessionRestored" in await types(supervisor, session)
    await trio.sleep(1000)
    assert len(world.terminals) == 2


async def test_one_that_is_being_started_is_told_once_it_runs(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=5.0)
    session = await opened(supervisor, scm)
    world.terminals[0].die(3)
    await settle()
    world.launch_takes = 20.0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.restore, session)
        await settle()
        scm.is_now(checks=FAILING)
        await trio.sleep(15)
        assert len(world.terminals) == 1
    await trio.sleep(5)
    (told,) = world.terminals[1].heard
    assert told.startswith(b"The checks of your pull request fail.")


async def test_one_that_is_being_stopped_is_started_again_and_told(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    world.dies_after = 12.0
    supervisor = await begin(poll_interval=5.0)
    session = await opened(supervisor, scm)
    await supervisor._roster.find(session).mailbox.tell(Stop("an operator has it rest", 5.0))
    await settle()
    scm.is_now(checks=FAILING)
    await trio.sleep(9)
    assert len(world.terminals) == 1
    await trio.sleep(10)
    (told,) = world.terminals[1].heard
    assert told.startswith(b"The checks of your pull request fail.")


@pytest.mark.parametrize("stays", [None, "it holds uncommitted work"])
async def test_a_killed_one_is_left_alone_also_by_what_was_being_prepared(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, stays: str | None, autojump_clock: Clock
) -> None:
    world.removal = Removal(kept=stays)
    supervisor = await begin(poll_interval=5.0)
    session = await opened(supervisor, scm, reviews=request("1"))
    scm.takes = 3.0
    scm.is_now(checks=FAILING)
    await until(lambda: status(supervisor.get(session)) == "CiFailed")
    await supervisor.kill(session)
    before, looks = await types(supervisor, session), len(scm.looks)
    await trio.sleep(5000)
    after = await types(supervisor, session)
    assert [one for one in after if one not in before] == ([] if stays else ["SessionCleaned"])
    assert status(supervisor.get(session)) == "Killed"
    assert (len(world.terminals), notifier.given) == (1, [])
    assert len(scm.looks) <= looks + 1


async def test_one_whose_workspace_is_gone_is_the_operators(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    world.folder += "/gone"
    supervisor = await begin()
    session = await opened(supervisor, scm)
    world.terminals[0].die(3)
    await settle()
    await then(scm, checks=FAILING)
    assert status(supervisor.get(session)) == "CiFailed"
    assert (await reacted(supervisor, session))[-1] == ("ci-failed", 0)
    assert "its agent cannot be started to be told: its workspace is gone" in notifier.given[-1].text
    await trio.sleep(1000)
    assert len(notifier.given) == 2, "that it has exited, and this"


async def test_one_whose_budget_is_spent_is_the_operators(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(budgets=(Budget("global", "total", Decimal(1)),))
    session = await opened(supervisor, scm)
    world.terminals[0].die(3)
    await settle()
    record = supervisor.get(session)
    supervisor._ledger.add(Spend("x", record.id, record.project_id, now(), Decimal(2)))
    await then(scm, checks=FAILING)
    assert (await reacted(supervisor, session))[-1] == ("ci-failed", 0)
    assert "the total budget" in notifier.given[-1].text
    assert len(world.terminals) == 1


async def test_a_reaction_that_notifies_tells_operators_each_time_and_never_the_agent(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    rules = react(ci_failed={"action": "notify", "message": "Look!"})
    supervisor = await begin(reactions=rules)
    session = await opened(supervisor, scm, checks=FAILING)
    for number in range(2, 6):
        await then(scm, head=f"c{number}")
    await trio.sleep(200)
    assert [one.text for one in notifier.given] == [
        f"Look!\n\nIts head is c{number}, its checks: failing. Failing: test." for number in range(1, 6)
    ]
    assert not any(one.escalated for one in notifier.given)
    assert status(supervisor.get(session)) == "CiFailed"
    assert len(world.terminals[0].heard) == 1


async def test_a_reaction_that_is_not_enabled_does_nothing(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(ci_failed={"enabled": False}))
    session = await opened(supervisor, scm, checks=FAILING)
    assert await reacted(supervisor, session) == []
    assert (notifier.given, len(world.terminals[0].heard)) == ([], 1)


async def test_a_session_that_is_held_up_at_its_notifier_or_its_host_is_in_nobodys_way(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    scm.takes, notifier.takes = 25.0, 25.0
    rules = react(ci_failed={"action": "notify"})
    supervisor = await begin(reactions=rules)
    session = await opened(supervisor, scm, checks=FAILING)
    with trio.fail_after(1):
        await supervisor.kill(session)
        await spawn(supervisor)
