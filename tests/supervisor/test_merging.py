"""A pull request that is merged by itself once it is approved and green, and only then."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
import trio
from asking import settle, spawn, types
from fake_forges import (
    FAILING,
    PASSING,
    PENDING,
    DyingStore,
    FakeNotifier,
    FakeScm,
    approval,
    pull_request,
    react,
)
from fakes import World
from turn_taking import until

from ennio.supervisor import events as e
from ennio.supervisor.errors import Conflict, ForgeFailed
from ennio.supervisor.ids import SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.protocols import Removal
from ennio.supervisor.records import PullState
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Live = Callable[..., Awaitable[None]]
Clock = trio.abc.Clock
MERGES = react(approved_and_green={"action": "auto_merge"})
READY = {"checks": PASSING, "reviews": approval("c1")}
ROUND = 31.0


async def opened(supervisor: Supervisor, scm: FakeScm, **facts: Any) -> SessionId:
    session = (await spawn(supervisor, branch="feat")).id
    await settle()
    scm.pulls.append(pull_request(**facts))
    await trio.sleep(ROUND)
    return session


async def words(supervisor: Supervisor, session: SessionId) -> list[str]:
    """Return why it was left to an operator, each time."""
    history = await supervisor.history(session)
    return [one.words for one in history if isinstance(one, e.ReactionEscalated)]


async def test_what_is_approved_and_green_is_merged_and_the_session_is_over(
    begin: Begin, world: World, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm, **READY)
    await settle()
    assert scm.merged == [(1, "c1")]
    assert status(supervisor.get(session)) == "Merged"
    happened = await types(supervisor, session)
    merge = happened.index("MergeReady")
    assert [one for one in happened[merge:] if one != "StatusChanged"] == [
        *("MergeReady", "ReactionTriggered", "MergeCompleted", "PrMerged", "SessionExited"),
        *("SessionCleaned", "AllComplete", "ReactionTriggered"),
    ]
    assert [one.reaction for one in notifier.given] == ["all-complete"]


@pytest.mark.parametrize(
    "facts",
    [
        {"checks": PENDING},
        {"checks": FAILING},
        {"draft": True},
        {"conflicts": True},
        {"reviews": ()},
        {"state": PullState.CLOSED},
    ],
)
async def test_what_is_not_ready_is_not_merged(
    begin: Begin, scm: FakeScm, facts: dict[str, Any], autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=MERGES)
    await opened(supervisor, scm, **{**READY, **facts})
    await trio.sleep(1000)
    assert scm.merged == []


async def test_unless_that_is_configured_an_operator_is_told_and_nothing_is_merged(
    begin: Begin, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    await opened(supervisor, scm, **READY)
    await trio.sleep(1000)
    assert scm.merged == []
    assert [one.reaction for one in notifier.given if one.reaction != "agent-stuck"] == ["approved-and-green"]


async def test_a_commit_that_came_meanwhile_is_not_merged_until_it_is_approved_itself(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm)
    scm.is_now(**READY)
    scm.takes, looks = 2.0, len(scm.looks)
    await until(lambda: len(scm.looks) > looks)
    scm.is_now(head="c2")  # after the look that finds it ready, before the one that precedes the merge
    await trio.sleep(100)
    assert scm.merged == []
    (why,) = await words(supervisor, session)
    assert why.startswith("its approval is of an earlier commit")
    await trio.sleep(1000)
    assert len(await words(supervisor, session)) == 1
    scm.is_now(reviews=approval("c2", "2"))
    await trio.sleep(100)
    assert scm.merged == [(1, "c2")]


async def test_a_commit_that_comes_at_the_very_end_is_kept_out_by_the_host(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm)
    scm.is_now(**READY)
    scm.takes = 2.0
    await until(lambda: status(supervisor.get(session)) == "Approved")
    await trio.sleep(0.5)
    scm.is_now(head="c2")  # while the look that precedes the merge is under way
    await trio.sleep(100)
    assert scm.merged == []
    assert (await words(supervisor, session))[0] == "it was not merged: the head of 1 is not c1"
    scm.is_now(reviews=approval("c2", "2"))
    await trio.sleep(100)
    assert scm.merged == [(1, "c2")]


async def test_a_merge_that_the_host_refuses_is_left_to_an_operator_once_and_tried_for_the_next_commit(
    begin: Begin, scm: FakeScm, notifier: FakeNotifier, autojump_clock: Clock
) -> None:
    scm.merge_fails = lambda: Conflict("the head was changed")
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm, **READY)
    await trio.sleep(500)
    assert await words(supervisor, session) == ["it was not merged: the head was changed"]
    assert [one.reaction for one in notifier.given] == ["approved-and-green"]
    scm.merge_fails = lambda: None
    scm.is_now(head="c2", reviews=approval("c2"))
    await trio.sleep(100)
    assert scm.merged == [(1, "c2")]


async def test_a_host_that_fails_is_tried_again_and_given_up_in_the_end(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    tries: list[float] = []

    def fail() -> ForgeFailed | None:
        tries.append(trio.current_time())
        return ForgeFailed("fake o/r does not answer") if len(tries) != 8 else None

    scm.merge_fails = fail
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm, **READY)
    await trio.sleep(200)
    assert await words(supervisor, session) == ["it was not merged: fake o/r does not answer"]
    assert [round(b - a) for a, b in pairwise(tries)] == [1, 5, 15, 30]
    scm.is_now(head="c2", reviews=approval("c2"))
    await trio.sleep(100)
    assert scm.merged == [(1, "c2")]
    assert len(tries) == 8


async def test_a_merge_that_was_done_though_the_host_failed_is_done(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    def merge_and_fail() -> ForgeFailed:
        scm.is_now(state=PullState.MERGED)
        return ForgeFailed("fake o/r hung up")

    scm.merge_fails = merge_and_fail
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm, **READY)
    await trio.sleep(60)
    assert await words(supervisor, session) == []
    happened = await types(supervisor, session)
    assert (happened.count("MergeCompleted"), happened.count("PrMerged")) == (1, 1)


async def test_without_any_check_it_waits_a_little_whether_one_shows(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm, reviews=approval("c1"))
    seen = trio.current_time()
    await until(lambda: scm.merged)
    assert trio.current_time() - seen > 50
    await settle()
    assert status(supervisor.get(session)) == "Merged"


async def test_a_check_that_shows_meanwhile_keeps_it_from_being_merged_until_it_has_passed(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm, reviews=approval("c1"))
    scm.is_now(checks=PENDING)
    await trio.sleep(300)
    assert (scm.merged, status(supervisor.get(session))) == ([], "Approved")
    scm.is_now(checks=PASSING)
    await trio.sleep(60)
    assert scm.merged == [(1, "c1")]


@pytest.mark.parametrize("stays", [None, "it holds uncommitted work"])
async def test_a_session_that_is_killed_while_it_waits_is_not_merged(
    begin: Begin, world: World, scm: FakeScm, stays: str | None, autojump_clock: Clock
) -> None:
    world.removal = Removal(kept=stays)
    supervisor = await begin(reactions=MERGES)
    session = await opened(supervisor, scm, reviews=approval("c1"))
    assert status(supervisor.get(session)) == "Approved"
    await supervisor.kill(session)
    await trio.sleep(500)
    assert scm.merged == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", [e.MergeReady, e.MergeCompleted, e.PrMerged])
async def test_whenever_the_server_dies_it_is_merged_once(
    live: Live,
    world: World,
    scm: FakeScm,
    kept: DyingStore,
    kind: type[e.Event],
    after: bool,
    autojump_clock: Clock,
) -> None:
    async def begun(supervisor: Supervisor) -> None:
        kept.dies_at = lambda step: any(isinstance(one, kind) for one in step.events)
        kept.after = after
        await opened(supervisor, scm, **READY)
        await trio.sleep(100)

    async def go_on(supervisor: Supervisor) -> None:
        await trio.sleep(100)
        (record,) = supervisor.list(ended=True)
        assert (status(record), record.phase, record.tree) == ("Merged", "Done", None)
        assert await words(supervisor, record.id) == []
        assert (await types(supervisor, record.id)).count("PrMerged") == 1

    await live(begun, reactions=MERGES)
    await live(go_on, reactions=MERGES)
    assert scm.merged == [(1, "c1")]
