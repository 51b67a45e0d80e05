"""A session's pull request, from its beginning to its end, over a code host in memory."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
import trio
from asking import Q, settle, spawn, types
from fake_forges import (
    FAILING,
    PASSING,
    PENDING,
    DyingStore,
    FakeScm,
    approval,
    pull_request,
    react,
)
from fakes import World
from turn_taking import until

from ennio.supervisor import events as e
from ennio.supervisor.errors import AgentMissing, Conflict, TooMany
from ennio.supervisor.ids import SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.protocols import Removal
from ennio.supervisor.records import Activity, Order, PullState
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Clock = trio.abc.Clock
QUIET = {name: {"enabled": False} for name in ("ci_failed", "approved_and_green", "merge_conflicts")}
ROUND = 31.0
"""Seconds in which the code host is looked at once more."""


async def opened(supervisor: Supervisor, scm: FakeScm, **facts: Any) -> SessionId:
    """Spawn a session that has opened a pull request, and have that seen."""
    session = (await spawn(supervisor, branch="feat")).id
    scm.pulls.append(pull_request(**facts))
    await trio.sleep(ROUND)
    assert supervisor.get(session).pull is not None
    return session


async def then(scm: FakeScm, **facts: Any) -> None:
    """Let the pull request be different, and have that seen."""
    scm.is_now(**facts)
    await trio.sleep(ROUND)


async def moves(supervisor: Supervisor, session: SessionId) -> Sequence[str]:
    """Return the words of the session's status, one after the other, as events tell of them."""
    found = [one for one in await supervisor.history(session) if isinstance(one, e.StatusChanged)]
    assert all(one.after == two.before for one, two in pairwise(found))
    return [one.after for one in found]


async def test_from_the_first_look_to_the_merge_each_change_is_told_and_then_all_is_cleared_away(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(**QUIET))
    session = await opened(supervisor, scm, draft=True)
    assert status(supervisor.get(session)) == "PrDraft"
    for facts in (
        {"draft": False},
        {"checks": PENDING},
        {"checks": FAILING},
        {"checks": PASSING, "head": "c2"},
        {"asked": True},
        {"conflicts": True},
        {"conflicts": False},
        {"reviews": approval("c2")},
    ):
        await then(scm, **facts)
    assert supervisor.get(session).activity is not Activity.EXITED
    await then(scm, state=PullState.MERGED)
    assert await moves(supervisor, session) == [
        *("PrDraft", "PrOpen", "CiFailed", "CiPassing", "ReviewPending", "MergeConflicts", "ReviewPending"),
        *("Approved", "Merged"),
    ]
    unseen = {"StatusChanged", "ActivityChanged"}
    assert [one for one in await types(supervisor, session) if one not in unseen] == [
        *("SessionSpawned", "SessionWorking", "PrCreated", "PrUpdated", "PrUpdated", "CiFailing"),
        *("CiPassing", "ReviewPending", "MergeConflicts", "ReviewApproved", "MergeReady"),
        *("PrMerged", "SessionExited", "SessionCleaned", "AllComplete", "ReactionTriggered"),
    ]
    record = supervisor.get(session)
    assert (status(record), record.activity, record.tree) == ("Merged", Activity.EXITED, None)
    assert record.reason == "its pull request 1 was merged"
    assert [tree.branch for tree in world.removed] == ["feat"]
    assert world.terminals[0].graces
    assert supervisor.list() == []
    with pytest.raises(Conflict, match="Merged"):
        await supervisor.restore(session)


async def test_a_workspace_with_work_in_it_stays_after_the_merge_and_a_kill_changes_nothing(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    world.removal = Removal(kept="it holds uncommitted work")
    supervisor = await begin()
    session = await opened(supervisor, scm)
    await then(scm, state=PullState.MERGED)
    record = supervisor.get(session)
    assert (status(record), record.tree is not None) == ("Merged", True)
    await supervisor.kill(session)
    assert (status(supervisor.get(session)), len(world.removed)) == ("Merged", 2)
    world.removal = Removal(kept=None)
    await supervisor.kill(session)
    assert (status(supervisor.get(session)), supervisor.get(session).tree) == ("Merged", None)


async def test_one_that_is_closed_is_done_its_agent_ended_its_workspace_kept_and_it_may_be_reopened(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm)
    await then(scm, state=PullState.CLOSED)
    record = supervisor.get(session)
    assert (status(record), record.activity, record.tree is None) == ("Done", Activity.EXITED, False)
    assert record.reason == "its pull request 1 was closed"
    assert (supervisor.list(), world.removed) == ([], [])
    await then(scm, state=PullState.OPEN)
    assert await moves(supervisor, session) == ["PrOpen", "Done", "PrOpen"]
    assert [one.id for one in supervisor.list()] == [session]
    assert len(world.terminals) == 1, "nothing is asked of its agent"


async def test_a_request_found_later_moves_what_was_done_on_and_takes_a_place_again(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    for branch in ("feat", "other"):
        await supervisor.spawn(Order(Q, prompt="do it", branch=branch))
    session = supervisor.list()[-1].id
    world.terminals[0].die(0)
    await settle()
    assert status(supervisor.get(session)) == "Done"
    assert len(supervisor.list()) == 1
    scm.pulls.append(pull_request())
    await trio.sleep(ROUND)
    record = supervisor.get(session)
    assert (status(record), record.activity) == ("PrOpen", Activity.EXITED)
    assert len(supervisor.list()) == 2
    with pytest.raises(TooMany):
        await supervisor.spawn(Order(Q, prompt="one more"))
    await supervisor.kill(session)
    await settle()
    assert status(supervisor.get(session)) == "Killed"
    await supervisor.spawn(Order(Q, prompt="one more"))


async def test_one_that_exited_with_an_open_request_has_its_status_and_is_done_with_it(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm, checks=PASSING)
    world.terminals[0].die(3)
    await settle()
    record = supervisor.get(session)
    assert (status(record), record.activity, record.exit_code) == ("CiPassing", Activity.EXITED, 3)
    assert len(supervisor.list()) == 1
    await then(scm, state=PullState.MERGED)
    record = supervisor.get(session)
    assert (status(record), record.tree, record.exit_code) == ("Merged", None, 3)


async def test_after_a_restore_the_closed_one_does_not_count_and_the_next_one_does(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm, checks=FAILING)
    await then(scm, state=PullState.CLOSED)
    assert status(await supervisor.restore(session)) == "Working"
    await trio.sleep(200)
    assert status(supervisor.get(session)) == "Working"
    scm.pulls.append(pull_request(2, checks=FAILING))
    await trio.sleep(ROUND)
    record = supervisor.get(session)
    assert (status(record), record.pull and record.pull.number) == ("CiFixSent", 2)
    assert record.reacted["ci-failed"].times == 1
    assert (await types(supervisor, session)).count("PrCreated") == 2


async def test_a_closed_one_that_is_opened_again_after_the_restore_counts_again(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm)
    await then(scm, state=PullState.CLOSED)
    await supervisor.restore(session)
    await then(scm, state=PullState.OPEN)
    assert status(supervisor.get(session)) == "PrOpen"


async def test_a_look_that_was_under_way_when_it_was_restored_does_not_end_it_again(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm)
    await then(scm, state=PullState.CLOSED)
    scm.takes, looks = 10.0, len(scm.looks)
    scm.is_now(title="Another title")
    await until(lambda: len(scm.looks) > looks)
    await supervisor.restore(session)
    await trio.sleep(200)
    record = supervisor.get(session)
    assert (status(record), record.activity is Activity.EXITED, len(world.terminals)) == ("Working", False, 2)


async def test_what_is_merged_stays_merged_whatever_a_look_of_before_says(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    rules = react(approved_and_green={"action": "auto_merge"})
    supervisor = await begin(reactions=rules, poll_interval=5.0)
    session = await opened(supervisor, scm)
    scm.takes = 4.0
    await then(scm, checks=PASSING, reviews=approval("c1"))
    await trio.sleep(100)
    assert (await moves(supervisor, session))[-1] == "Merged"
    assert (await types(supervisor, session)).count("PrMerged") == 1


async def test_a_start_that_fails_while_the_request_was_merged_is_concluded_too(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=react(**QUIET))
    session = await opened(supervisor, scm)
    world.terminals[0].die(1)
    await settle()
    world.launch_fails, world.launch_takes = AgentMissing("it was uninstalled"), 29.0
    async with trio.open_nursery() as nursery:

        async def restore() -> None:
            with pytest.raises(AgentMissing):
                await supervisor.restore(session, seconds=30)

        nursery.start_soon(restore)
        await then(scm, state=PullState.MERGED)
    await trio.sleep(ROUND)
    record = supervisor.get(session)
    assert (status(record), record.phase, record.tree) == ("Merged", "Done", None)


async def test_one_that_is_merged_while_its_agent_is_started_is_ended_once_it_runs(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm)
    world.terminals[0].die(1)
    await settle()
    world.launch_takes = 20.0
    scm.is_now(state=PullState.MERGED)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.restore, session)
    await trio.sleep(ROUND)
    record = supervisor.get(session)
    assert (status(record), record.phase, record.tree) == ("Merged", "Done", None)


async def test_another_server_ends_what_was_merged_while_there_was_none(
    live: Callable[..., Awaitable[None]], scm: FakeScm, world: World, kept: DyingStore, autojump_clock: Clock
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        await opened(supervisor, scm)
        kept.dies_at = lambda step: any(isinstance(one, e.PrMerged) for one in step.events)
        kept.after = True
        scm.is_now(state=PullState.MERGED)
        await trio.sleep(100)

    async def go_on(supervisor: Supervisor) -> None:
        (record,) = supervisor.list(ended=True)
        await trio.sleep(5)
        record = supervisor.get(record.id)
        assert (status(record), record.phase, record.tree) == ("Merged", "Done", None)
        assert [tree.branch for tree in world.removed] == ["feat"]

    await live(begun)
    await live(go_on)


async def test_two_sessions_of_one_repository_have_each_their_own_request(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await opened(supervisor, scm, checks=PASSING)
    other = (await supervisor.spawn(Order(Q, prompt="do it", branch="other"))).id
    scm.pulls.append(pull_request(2, "other", draft=True))
    await trio.sleep(ROUND)
    assert status(supervisor.get(session)) == "CiPassing"
    assert status(supervisor.get(other)) == "PrDraft"
    await then(scm, state=PullState.MERGED)
    assert status(supervisor.get(session)) == "CiPassing"
    assert status(supervisor.get(other)) == "Merged"


async def test_one_that_was_done_and_cleared_away_has_no_part_in_the_request_of_the_next_on_its_branch(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    done = (await spawn(supervisor, branch="feat")).id
    world.terminals[0].die(0)
    await settle()
    await supervisor.kill(done)
    await settle()
    session = await opened(supervisor, scm, checks=PASSING)
    assert status(supervisor.get(session)) == "CiPassing"
    assert status(supervisor.get(done)) == "Done"
    assert [one.id for one in supervisor.list()] == [session]
