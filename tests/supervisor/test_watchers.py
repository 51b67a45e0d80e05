"""Looks at code hosts: how often, what a failure leads to, and a host that sends word by itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
import trio
from asking import P, Q, spawn, types
from fake_forges import PASSING, DyingStore, FakeScm, oversee, pull_request
from fakes import World
from structlog.testing import capture_logs

from ennio.supervisor.config import Timeouts
from ennio.supervisor.errors import EnnioError, ForgeFailed, ForgeRefused, Throttled
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import status
from ennio.supervisor.project import Project
from ennio.supervisor.records import Order, Sought
from ennio.supervisor.supervisor import Supervisor

Begin = Callable[..., Awaitable[Supervisor]]
Clock = trio.abc.Clock


def gaps(scm: FakeScm, since: float = 0.0) -> list[float]:
    """Return the seconds between looks."""
    return [b - a for a, b in pairwise(at for at, *_ in scm.looks if at >= since)]


async def trouble(supervisor: Supervisor, session: SessionId) -> list[str]:
    """Return what a session heard of its code host."""
    return [one for one in await types(supervisor, session) if one.startswith("CodeHost")]


# How often.


async def test_each_session_is_looked_at_in_every_interval_and_thoroughly_now_and_then(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=10.0)
    await spawn(supervisor, branch="feat")
    await trio.sleep(95)
    assert gaps(scm) == pytest.approx([10.0] * 9, abs=0.1)
    assert [thorough for *_, thorough in scm.looks] == [one % 4 == 0 for one in range(10)]
    assert {sought.branch for _, sought, _ in scm.looks} == {"feat"}


async def test_a_killed_session_is_looked_at_no_more(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=10.0)
    session = (await spawn(supervisor, branch="feat")).id
    await trio.sleep(15)
    await supervisor.kill(session)
    looks = len(scm.looks)
    await trio.sleep(1000)
    assert len(scm.looks) == looks


@dataclass
class Counting(FakeScm):
    """Counts how many looks go on at once."""

    now: int = 0
    most: int = 0

    async def look(self, sought: Sought, *, thorough: bool) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await super().look(sought, thorough=thorough)
        self.now -= 1


async def test_one_repository_has_one_watcher_whatever_projects_share_it_and_others_have_their_own(
    projects: dict[ProjectId, Project],
    kept: DyingStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
    autojump_clock: Clock,
) -> None:
    same, twin, slow = (Counting(takes=1.0), Counting(takes=1.0), Counting("fake o/slow", takes=500.0))
    r = ProjectId("r")
    wired = {
        P: replace(projects[P], scm=same),
        Q: replace(projects[Q], scm=twin, config=replace(projects[Q].config, max_sessions=None)),
        r: replace(projects[P], scm=slow, config=replace(projects[P].config, id=r)),
    }
    supervisor = await oversee(nursery, wired, kept, timeouts, poll_interval=20.0)
    for number, project in enumerate([P, Q, r] * 3):
        await supervisor.spawn(Order(project, prompt="do it", branch=f"b{number}"))
    await trio.sleep(99)
    assert twin.looks == [], "it is the same repository"
    assert len(slow.looks) == 3
    assert {sought.branch for _, sought, _ in same.looks} == {"b0", "b1", "b3", "b4", "b6", "b7"}
    assert len([at for at, *_ in same.looks if at >= 20]) == 6 * 4
    assert same.most == 4, "at once"


async def test_looks_that_take_longer_than_the_interval_follow_one_another(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    scm.takes = 40.0
    supervisor = await begin(poll_interval=30.0)
    session = (await spawn(supervisor, branch="feat")).id
    scm.pulls.append(pull_request())
    await trio.sleep(300)
    assert gaps(scm) == pytest.approx([40.0] * 7, abs=0.1)
    assert status(supervisor.get(session)) == "PrOpen"


async def test_while_the_hosts_limits_are_nearly_used_up_it_is_let_rest(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=10.0)
    await spawn(supervisor, branch="feat")
    await trio.sleep(15)
    looks, scm.wait = len(scm.looks), 500.0
    await trio.sleep(200)
    assert len(scm.looks) == looks
    scm.wait = 0.0
    await trio.sleep(20)
    assert len(scm.looks) == looks + 2


# Failures.


async def test_a_failure_is_no_fact_is_told_once_and_so_is_its_end(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    session = (await spawn(supervisor, branch="feat")).id
    scm.pulls.append(pull_request(checks=PASSING))
    await trio.sleep(31)
    before = supervisor.get(session).pull
    scm.fails = lambda _: ForgeFailed("fake o/r does not answer")
    scm.pulls.clear()
    with capture_logs() as logs:
        await trio.sleep(300)
    record = supervisor.get(session)
    assert (record.pull, status(record)) == (before, "CiPassing")
    assert record.host_trouble == "fake o/r does not answer"
    assert await trouble(supervisor, session) == ["CodeHostLost"]
    assert [one["error"] for one in logs if "cannot be asked" in one["event"]] == ["fake o/r does not answer"]
    scm.fails = lambda _: None
    await trio.sleep(31)
    assert await trouble(supervisor, session) == ["CodeHostLost", "CodeHostBack"]
    assert supervisor.get(session).host_trouble is None


async def test_it_is_asked_again_soon_then_less_often_and_at_least_every_thirty_seconds(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    scm.fails = lambda _: ForgeFailed("fake o/r does not answer")
    supervisor = await begin(poll_interval=600.0)
    await spawn(supervisor, branch="feat")
    await trio.sleep(1500)
    first, *others = gaps(scm)
    assert 1 <= first <= 2
    assert max(others) <= 30.1
    assert min(others[6:]) >= 15
    scm.fails = lambda _: None
    await trio.sleep(31)
    looks = len(scm.looks)
    await trio.sleep(550)
    assert len(scm.looks) == looks, "then it is the interval again"


async def test_a_host_that_has_had_enough_is_asked_only_when_it_will_be_asked(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    scm.fails, scm.takes = lambda _: Throttled("fake o/r has had enough", seconds=100.0), 5.0
    supervisor = await begin()
    for branch in ("feat", "other", "third"):
        await spawn(supervisor, branch=branch)
    await trio.sleep(350)
    rounds = sorted({round(at) for at, *_ in scm.looks})
    assert [b - a for a, b in pairwise(rounds[1:])] == [105, 105]
    assert await trouble(supervisor, supervisor.list()[0].id) == ["CodeHostLost"]


@pytest.mark.parametrize("error", [ForgeRefused("it takes no token"), Throttled("enough", seconds=50.0)])
async def test_a_host_that_refuses_all_is_not_asked_for_each_session(
    begin: Begin, scm: FakeScm, error: EnnioError, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=50.0)
    sessions = [(await spawn(supervisor, branch=f"b{number}")).id for number in range(12)]
    await trio.sleep(55)
    scm.fails = lambda _: error
    looks = len(scm.looks)
    await trio.sleep(46)
    assert len(scm.looks) <= looks + 4
    assert [await trouble(supervisor, session) for session in sessions] == [["CodeHostLost"]] * 12


async def test_one_that_cannot_be_seen_is_no_trouble_of_the_others(
    begin: Begin, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin()
    broken, fine = [(await spawn(supervisor, branch=branch)).id for branch in ("broken", "feat")]
    scm.pulls.append(pull_request())
    scm.fails = lambda sought: (
        ForgeFailed("what it says of it makes no sense") if sought.branch == "broken" else None
    )
    await trio.sleep(300)
    assert await trouble(supervisor, broken) == ["CodeHostLost"]
    assert await trouble(supervisor, fine) == []
    assert status(supervisor.get(fine)) == "PrOpen"


async def test_a_session_that_ends_while_it_is_looked_at_harms_nobody(
    begin: Begin, world: World, scm: FakeScm, autojump_clock: Clock
) -> None:
    supervisor = await begin(poll_interval=10.0)
    scm.takes = 8.0
    sessions = [(await spawn(supervisor, branch=f"b{number}")).id for number in range(3)]
    await trio.sleep(13)
    await supervisor.kill(sessions[0])
    world.terminals[1].die(0)
    await trio.sleep(100)
    assert [status(supervisor.get(one)) for one in sessions] == ["Killed", "Done", "Working"]
