"""A session on an issue: what its agent is told, its branch, and what the issue is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
import trio
from asking import P, Q, settle, spawn, types
from fake_forges import DyingStore, FakeTracker
from fakes import World

from ennio.supervisor import events as e
from ennio.supervisor.config import Budget
from ennio.supervisor.errors import (
    Conflict,
    DeadlineExceeded,
    EnnioError,
    ForgeFailed,
    ForgeRefused,
    Invalid,
    NotFound,
    OverBudget,
    TooMany,
    Unavailable,
)
from ennio.supervisor.events import now
from ennio.supervisor.records import Issue, Order, Spend
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Clock = trio.abc.Clock
ISSUE = Issue("42", "Fix the login", "It is broken.", ("bug",), "https://x/42")


@pytest.fixture
def tracker() -> FakeTracker:
    return FakeTracker([ISSUE, Issue("43", "Another")])


async def work_on(supervisor: Supervisor, issue: str = "42", **wishes: str) -> str:
    return (await supervisor.spawn(Order(P, issue_id=issue, **wishes))).id


async def test_the_agent_is_told_the_issue_then_the_rules_then_the_prompt(
    begin: Begin, world: World, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    await supervisor.spawn(Order(Q, issue_id="42", prompt="hurry"))
    await settle()
    assert world.terminals[0].heard == [
        b"Issue 42: Fix the login\nLabels: bug\nhttps://x/42\n\nIt is broken.\n\nBe kind\nTest\n\nhurry\n"
    ]
    assert world.terminals[0].launch.env["ENNIO_ISSUE_ID"] == "42"


async def test_its_record_and_its_branch_are_named_by_the_issue_also_when_that_was_given_as_a_url(
    begin: Begin, world: World, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    await work_on(supervisor, "https://x/issues/42")
    (record,) = supervisor.list()
    assert (record.issue_id, record.issue_title, record.issue_url) == (
        *("42", "Fix the login"),
        "https://x/42",
    )
    assert record.branch == "issue-42-fix-the-login"
    assert world.terminals[0].launch.env["ENNIO_BRANCH"] == "issue-42-fix-the-login"
    await work_on(supervisor, branch="mine")
    assert supervisor.list()[0].branch == "mine"


async def test_a_restored_session_is_not_told_the_issue_again(
    begin: Begin, world: World, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = await work_on(supervisor)
    world.terminals[0].die(3)
    await settle()
    record = await supervisor.restore(session)
    await settle()
    assert world.terminals[1].heard == []
    assert record.issue_id == "42"
    assert world.terminals[1].launch.env["ENNIO_ISSUE_ID"] == "42"


@pytest.mark.parametrize(
    ("fails", "raises"),
    [
        (None, NotFound),
        (ForgeFailed("fake o/r does not answer"), ForgeFailed),
        (ForgeRefused("fake o/r takes no token of ours"), ForgeRefused),
    ],
)
async def test_an_issue_that_cannot_be_read_leaves_nothing(
    begin: Begin,
    world: World,
    tracker: FakeTracker,
    kept: DyingStore,
    fails: EnnioError | None,
    raises: type[EnnioError],
    autojump_clock: Clock,
) -> None:
    tracker.fails = fails
    supervisor = await begin()
    with pytest.raises(raises, match="fake o/r"):
        await work_on(supervisor, "77")
    assert (supervisor.list(ended=True), await kept.load()) == ([], [])
    assert (world.terminals, world.trees) == ([], {})


async def test_an_issue_that_takes_too_long_is_said_to_and_the_rest_is_what_the_start_may_take(
    begin: Begin, world: World, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    tracker.takes = 31.0
    with pytest.raises(DeadlineExceeded, match="reading issue 42 of fake o/r took longer than 30 s"):
        await work_on(supervisor)
    tracker.takes, world.launch_takes = 20.0, 20.0
    began = trio.current_time()
    with pytest.raises(DeadlineExceeded, match="spawning"):
        await work_on(supervisor)
    assert trio.current_time() - began < 31
    await settle()
    assert (supervisor.list(ended=True), world.trees) == ([], {})


async def test_a_caller_that_hangs_up_at_any_time_leaves_nothing(
    begin: Begin, world: World, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    tracker.takes, tracker.announces = 2.0, True
    world.checkout_takes = world.launch_takes = 2.0
    for tenths in range(1, 60, 3):
        with trio.move_on_after(tenths / 10) as hang_up:
            await work_on(supervisor)
        assert hang_up.cancelled_caught
    await trio.sleep(30)
    assert (supervisor.list(ended=True), world.trees, tracker.announced) == ([], {}, [])
    assert all(one.graces for one in world.terminals)


async def test_an_issue_that_is_there_is_needed_before_money_and_before_room(
    begin: Begin, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    supervisor = await begin(budgets=(Budget("global", "total", Decimal(1)),), max_sessions=1)
    await spawn(supervisor)
    with pytest.raises(TooMany):
        await work_on(supervisor)
    supervisor._ledger.add(Spend("x", supervisor.list()[0].id, P, now(), Decimal(2)))
    with pytest.raises(OverBudget):
        await work_on(supervisor)
    with pytest.raises(NotFound):
        await work_on(supervisor, "77")
    tracker.fails = ForgeFailed("no")
    with pytest.raises(ForgeFailed):
        await work_on(supervisor)


async def test_a_project_that_fills_up_while_the_issue_is_read_takes_no_more(
    begin: Begin, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    supervisor = await begin(max_sessions=2)
    tracker.takes, refused = 5.0, []

    async def one_of_many() -> None:
        try:
            await work_on(supervisor)
        except TooMany as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(one_of_many)
    assert (len(refused), len(supervisor.list())) == (3, 2)


async def test_a_server_that_closes_while_the_issue_is_read_starts_nothing(
    begin: Begin, world: World, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    tracker.takes = 5.0

    async def late() -> None:
        with pytest.raises(Unavailable):
            await work_on(supervisor)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(late)
        await settle()
        await supervisor.close(10)
    assert world.terminals == []


async def test_a_project_without_a_tracker_has_no_issues(begin: Begin, autojump_clock: Clock) -> None:
    supervisor = await begin(tracker=None)
    with pytest.raises(Invalid, match="has no tracker"):
        await work_on(supervisor)
    with pytest.raises(Invalid, match="has no tracker"):
        await supervisor.issues(P)


async def test_the_open_issues_of_a_project_are_listed_within_the_time(
    begin: Begin, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    assert [one.id for one in await supervisor.issues(P)] == ["42", "43"]
    assert [one.id for one in await supervisor.issues(P, limit=1)] == ["42"]
    tracker.takes = 5.0
    with pytest.raises(DeadlineExceeded, match="listing the issues of fake o/r"):
        await supervisor.issues(P, seconds=1.0)


# What the issue is told.


async def test_the_issue_is_told_that_work_has_begun_where_that_is_configured(
    begin: Begin, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    await work_on(supervisor)
    await settle()
    assert tracker.announced == []
    tracker.announces = True
    session = await work_on(supervisor)
    await settle()
    ((issue, words),) = tracker.announced
    assert issue == "42"
    assert session in words
    assert "`issue-42-fix-the-login`" in words


async def test_it_is_not_waited_for_and_a_failure_is_an_event(
    begin: Begin, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    tracker.announces, tracker.announcing_fails = True, ForgeFailed("fake o/r does not answer")
    supervisor = await begin()
    session = await work_on(supervisor)
    assert "TrackerFailed" not in await types(supervisor, session)
    await settle()
    failed = [one for one in await supervisor.history(session) if isinstance(one, e.TrackerFailed)]
    assert [one.words for one in failed] == ["fake o/r does not answer"]
    assert supervisor.get(session).phase == "Running"


@dataclass
class SlowToHear(FakeTracker):
    """Takes a word for ever."""

    async def announce(self, issue_id: str, words: str) -> None:
        await trio.sleep_forever()


async def test_one_that_takes_for_ever_is_given_up_and_a_session_that_is_gone_by_then_harms_nobody(
    begin: Begin, autojump_clock: Clock
) -> None:
    supervisor = await begin(tracker=SlowToHear([ISSUE], announces=True))
    session, gone = await work_on(supervisor), await work_on(supervisor)
    await supervisor.kill(gone)
    await trio.sleep(200)
    failed = [one for one in await supervisor.history(session) if isinstance(one, e.TrackerFailed)]
    assert [one.words for one in failed] == ["telling issue 42 of fake o/r took longer than 30 s"]
    assert "TrackerFailed" not in await types(supervisor, gone)


async def test_a_conflict_of_the_workspace_leaves_nothing_and_is_not_announced(
    begin: Begin, world: World, tracker: FakeTracker, autojump_clock: Clock
) -> None:
    tracker.announces, world.checkout_fails = True, Conflict("the branch is checked out")
    supervisor = await begin()
    with pytest.raises(Conflict):
        await work_on(supervisor)
    await settle()
    assert (tracker.announced, supervisor.list(ended=True)) == ([], [])
