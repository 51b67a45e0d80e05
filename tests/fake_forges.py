"""Fakes of what a server has to do with the world outside, in virtual time, and a server over them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import trio
from fakes import supervise
from trio.testing import MockClock

from ennio.supervisor.accounts import Accounts
from ennio.supervisor.config import Budget, Timeouts
from ennio.supervisor.config.reactions import DEFAULTS, Reaction
from ennio.supervisor.couriers import Couriers
from ennio.supervisor.errors import Conflict, EnnioError, NotFound, NotifierFailed
from ennio.supervisor.ids import ProjectId
from ennio.supervisor.ledger import Ledger
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Notifier, Step, Store
from ennio.supervisor.records import (
    Check,
    Ci,
    Failure,
    Issue,
    Notice,
    PullRequest,
    PullState,
    Review,
    Sought,
    Verdict,
)
from ennio.supervisor.stores.memory import MemoryStore
from ennio.supervisor.supervisor import Supervisor

PASSING, FAILING, PENDING = ((Check("test", ci),) for ci in (Ci.PASSING, Ci.FAILING, Ci.PENDING))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def approval(commit: str, review_id: str = "1") -> tuple[Review, ...]:
    return (Review(review_id, "ann", Verdict.APPROVED, "good", commit),)


def request(*review_ids: str) -> tuple[Review, ...]:
    return tuple(Review(one, f"ann{one}", Verdict.CHANGES_REQUESTED, "no", "c1") for one in review_ids)


def pull_request(number: int = 1, branch: str = "feat", **facts: Any) -> PullRequest:
    """Return an open pull request of which nothing is known yet but its head, `c1`."""
    url = f"https://forge/o/r/pull/{number}"
    usual = {"title": "Fix it", "state": PullState.OPEN, "draft": False, "head": "c1", "asked": False}
    return PullRequest(number=number, url=url, branch=branch, **{**usual, "conflicts": False, **facts})


@dataclass
class FakeScm:
    """A repository in memory: `pulls` are its pull requests, the newest last."""

    name: str = "fake o/r"
    wait: float = 0.0
    takes: float = 0.0
    fails: Callable[[Sought], EnnioError | None] = lambda _: None
    merge_fails: Callable[[], EnnioError | None] = lambda: None
    logs: str | EnnioError = "it broke"
    pulls: list[PullRequest] = field(default_factory=list)
    looks: list[tuple[float, Sought, bool]] = field(default_factory=list)
    merged: list[tuple[int, str]] = field(default_factory=list)

    def is_now(self, **facts: Any) -> None:
        """Let the newest pull request be different."""
        self.pulls[-1] = replace(self.pulls[-1], **facts)

    async def look(self, sought: Sought, *, thorough: bool) -> PullRequest | None:
        self.looks.append((trio.current_time(), sought, thorough))
        here = [one for one in self.pulls if one.branch == sought.branch]
        good = [one for one in here if one.state is PullState.OPEN or one.number > sought.passed]
        await trio.sleep(self.takes)
        if error := self.fails(sought):
            raise error
        return max(good, key=lambda one: (one.state is PullState.OPEN, one.number), default=None)

    async def failures(self, pull: PullRequest) -> Sequence[Failure]:
        await trio.sleep(self.takes)
        if isinstance(self.logs, EnnioError):
            raise self.logs
        return [Failure(one.name, one.url, self.logs) for one in pull.checks if one.state is Ci.FAILING]

    async def merge(self, pull: PullRequest) -> None:
        await trio.sleep(self.takes)
        if error := self.merge_fails():
            raise error
        if self.pulls[-1].head != pull.head:
            raise Conflict(f"the head of {pull.number} is not {pull.head}")
        self.merged.append((pull.number, pull.head))
        self.is_now(state=PullState.MERGED)

    async def aclose(self) -> None: ...


@dataclass
class FakeTracker:
    """Issues in memory; `announced` are the words that they were told."""

    issues_there: list[Issue] = field(default_factory=list)
    fails: EnnioError | None = None
    takes: float = 0.0
    announces: bool = False
    announcing_fails: EnnioError | None = None
    announced: list[tuple[str, str]] = field(default_factory=list)
    name: str = "fake o/r"

    def identify(self, text: str) -> str:
        return text.rpartition("/")[2]

    async def issue(self, issue_id: str) -> Issue:
        await trio.sleep(self.takes)
        if self.fails:
            raise self.fails
        found = [one for one in self.issues_there if one.id == issue_id]
        if not found:
            raise NotFound(f"there is no issue {issue_id} in {self.name}")
        return found[0]

    async def issues(self, limit: int) -> Sequence[Issue]:
        await trio.sleep(self.takes)
        return self.issues_there[:limit]

    async def announce(self, issue_id: str, words: str) -> None:
        await trio.sleep(self.takes)
        if self.announcing_fails:
            raise self.announcing_fails
        self.announced.append((issue_id, words))

    async def aclose(self) -> None: ...


@dataclass
class FakeNotifier:
    """Keeps what it is given."""

    fails: NotifierFailed | None = None
    takes: float = 0.0
    given: list[Notice] = field(default_factory=list)

    async def notify(self, notice: Notice) -> None:
        await trio.sleep(self.takes)
        if self.fails:
            raise self.fails
        self.given.append(notice)

    async def aclose(self) -> None: ...


class DyingStore(MemoryStore):
    """The server dies at the first step that `dies_at` picks: before it is stored, or `after` that."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_at: Callable[[Step], bool] = lambda _: False
        self.after = False
        self.die: Callable[[], None] = lambda: None

    async def append(self, step: Step) -> None:
        dies = self.dies_at(step)
        if self.after or not dies:
            await super().append(step)
        if dies:
            self.dies_at = lambda _: False
            self.die()
            await trio.sleep_forever()


def react(**changes: Mapping[str, Any]) -> Mapping[str, Reaction]:
    """Return the usual reactions with these changes, `ci_failed={"retries": 1}`; `ops` hears of all."""
    changed = {name.replace("_", "-"): change for name, change in changes.items()}
    assert set(changed) <= set(DEFAULTS)
    return {
        name: replace(one, **{"notifiers": ("ops",), **changed.get(name, {})})
        for name, one in DEFAULTS.items()
    }


async def oversee(
    life: trio.Nursery,
    projects: Mapping[ProjectId, Project],
    store: Store,
    timeouts: Timeouts,
    *,
    scm: FakeScm | None = None,
    tracker: FakeTracker | None = None,
    notifiers: Mapping[str, Notifier] | None = None,
    budgets: tuple[Budget, ...] = (),
    poll_interval: float = 30.0,
    **config: Any,
) -> Supervisor:
    """Start a server whose projects have all of this, with a guard and with couriers."""
    couriers, ledger, accounts = Couriers(notifiers or {}), Ledger(budgets), Accounts()
    wired = {
        name: replace(
            one,
            config=replace(one.config, **{"reactions": react(), **config}),
            scm=one.scm or scm,
            tracker=tracker,
            couriers=couriers,
            ledger=ledger,
            accounts=accounts,
            poll_interval=poll_interval,
        )
        for name, one in projects.items()
    }
    outward = {"couriers": couriers, "poll_interval": poll_interval}
    supervisor = supervise(life, wired, store, timeouts, **outward)
    life.start_soon(couriers.run_forever)
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, MockClock)
    clock.autojump_threshold = 0.01  # recovery uses a thread, during which no time shall pass
    await supervisor.recover()
    clock.autojump_threshold = 0
    life.start_soon(supervisor.guard_forever)
    return supervisor
