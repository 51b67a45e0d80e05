"""What was spent of each budget, what is held for sessions that run, and what that allows.

In memory and without I/O: whoever stores what was spent loads it from there at start.
"""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from .budgets import anew, begins, covers, ends, share, told
from .config import Budget
from .dollars import decimals, written
from .ids import ProjectId, SessionId
from .records import Spend

NEAR = Decimal("0.8")
"""The share of a budget from which on a session is near it."""

_KEPT = 4
"""Periods of a budget that are remembered: the present one, and some around it for a clock that is set."""

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands in its present period, in dollars.

    `held` is what is kept free for sessions that run, part of what remains. With the scope `session` each
    session has an account of its own, and what was spent, remains and is held is None.
    """

    budget: Budget
    spent: Decimal | None
    remaining: Decimal | None
    held: Decimal | None
    period_start: datetime | None
    period_end: datetime | None


class Level(enum.StrEnum):
    """How bad it is."""

    NEAR = "near"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A budget of a session that is near its end, or spent; `words` say so."""

    level: Level
    budget: Budget
    spent: Decimal
    words: str


@dataclass(slots=True)
class _Page:
    """What was spent in one period, and by whom."""

    total: Decimal = _NOTHING
    by_session: dict[SessionId, Decimal] = field(default_factory=dict)

    def of(self, session_id: SessionId) -> Decimal:
        return self.by_session.get(session_id, _NOTHING)


class Ledger:
    """The accounts of all budgets. Nothing in it waits: what is asked and then done in one go is one step.

    A spawn asks `refuse_spawn` and then `reserve`s. As long as no session spends more than is held for it,
    `reserve_usd`, sessions that start at the same time never spend more than there is. A session alone gets
    whatever is left, even if that is less.
    """

    def __init__(self, budgets: tuple[Budget, ...]) -> None:
        self.budgets = budgets
        self._books: dict[Budget, dict[datetime | None, _Page]] = {budget: {} for budget in budgets}
        self._running: dict[SessionId, ProjectId] = {}
        self._parents: dict[SessionId, SessionId] = {}

    def load(self, spends: Iterable[Spend], now: datetime) -> None:
        """Take in what was spent before, in whatever order. Of it only what counts around `now` is kept."""
        for spend in spends:
            self._enter(spend, now)

    def add(self, spend: Spend) -> None:
        """Take in what was just spent."""
        self._enter(spend, spend.at)

    def join(self, session_id: SessionId, parent: SessionId) -> None:
        """Have what a session spends be on the account of the one whose agent has spawned it."""
        self._parents[session_id] = parent

    def forget(self, session_id: SessionId) -> None:
        """Drop a session that is no more. What it spent stays spent."""
        self.release(session_id)
        self._parents.pop(session_id, None)
        if session_id in self._parents.values():  # its account is still spent from
            return
        for book in self._books.values():
            for page in book.values():
                page.by_session.pop(session_id, None)

    def reserve(self, session_id: SessionId, project_id: ProjectId) -> None:
        """Hold for a session that runs, until it is released, what it has not spent of each `reserve_usd`."""
        self._running[session_id] = project_id

    def release(self, session_id: SessionId) -> None:
        """Hold nothing more for a session; nothing happens if nothing is held."""
        self._running.pop(session_id, None)

    def standings(self, now: datetime) -> tuple[Standing, ...]:
        """Return how each budget stands, in the configuration's order."""
        return tuple(self.standing(budget, now) for budget in self.budgets)

    def standing(self, budget: Budget, now: datetime) -> Standing:
        """Return how a budget stands."""
        period = begins(budget, now), ends(budget, now)
        if budget.scope == "session":
            return Standing(budget, None, None, None, *period)
        spent = self._page(budget, now).total
        remaining = max(_NOTHING, budget.limit_usd - spent)
        held = min(remaining, self._held(budget, now, self._others(budget, None)))
        return Standing(budget, spent, remaining, held, *period)

    def refuse_spawn(
        self, project_id: ProjectId, now: datetime, parent: SessionId | None = None
    ) -> str | None:
        """Say why no session may be started in a project, or by the agent of another one; None if one may."""
        spent = self.refuse_send(parent, project_id, now) if parent else None
        return spent or self._refuse_start(None, project_id, now)

    def refuse_restore(self, session_id: SessionId, project_id: ProjectId, now: datetime) -> str | None:
        """Say why a session may not be started again, or None if it may: like a spawn, but for what it has
        spent already, which leaves less to hold for it."""
        return self._refuse_start(session_id, project_id, now)

    def refuse_send(self, session_id: SessionId, project_id: ProjectId, now: datetime) -> str | None:
        """Say why a session may be told nothing more, or None if it may: what is held for others is no
        reason, only what is spent."""
        for verdict in self.verdicts(session_id, project_id, now):
            if verdict.level is Level.OVER:
                return verdict.words
        return None

    def verdicts(self, session_id: SessionId, project_id: ProjectId, now: datetime) -> tuple[Verdict, ...]:
        """Return which budgets of a session are near their end or spent, the worst first."""
        found: list[tuple[Decimal, Verdict]] = []
        for budget in self._covering(project_id):
            spent = self._spent(budget, session_id, now)
            if spent >= budget.limit_usd * NEAR:
                found.append((spent / budget.limit_usd, _verdict(budget, session_id, spent, now)))
        return tuple(verdict for _, verdict in sorted(found, key=lambda pair: -pair[0]))

    def _refuse_start(self, session_id: SessionId | None, project_id: ProjectId, now: datetime) -> str | None:
        for budget in self._covering(project_id):
            if budget.scope == "session" and session_id is None:
                continue
            spent = self._spent(budget, session_id, now)
            if spent >= budget.limit_usd:
                return _verdict(budget, session_id, spent, now).words
            others = self._others(budget, session_id)
            if others and budget.scope != "session":
                held = self._held(budget, now, others)
                need = self._need(budget, session_id, now)
                if spent + held + need > budget.limit_usd:
                    return _no_room(budget, spent, held, need)
        return None

    def _others(self, budget: Budget, session_id: SessionId | None) -> list[SessionId]:
        running = self._running.items()
        return [other for other, project in running if other != session_id and covers(budget, project)]

    def _held(self, budget: Budget, now: datetime, sessions: list[SessionId]) -> Decimal:
        return sum((self._need(budget, session_id, now) for session_id in sessions), _NOTHING)

    def _need(self, budget: Budget, session_id: SessionId | None, now: datetime) -> Decimal:
        """Return what is to be held for a session, None for a new one."""
        own = self._page(budget, now).of(session_id) if session_id else _NOTHING
        return max(_NOTHING, budget.reserve_usd - own)

    def _spent(self, budget: Budget, session_id: SessionId | None, now: datetime) -> Decimal:
        page = self._page(budget, now)
        session_id = session_id and self._parents.get(session_id, session_id)
        return page.of(session_id) if budget.scope == "session" and session_id else page.total

    def _covering(self, project_id: ProjectId) -> Iterator[Budget]:
        return (budget for budget in self.budgets if covers(budget, project_id))

    def _page(self, budget: Budget, now: datetime) -> _Page:
        return self._books[budget].get(begins(budget, now)) or _Page()

    def _enter(self, spend: Spend, now: datetime) -> None:
        for budget in self._covering(spend.project_id):
            book = self._books[budget]
            page = book.setdefault(begins(budget, spend.at), _Page())
            page.total += spend.cost_usd
            account = spend.session_id
            if budget.scope == "session":
                account = self._parents.get(account, account)
            page.by_session[account] = page.of(account) + spend.cost_usd
            if len(book) > _KEPT:
                # Not the oldest: one day in a far future, by a clock that was wrong, would be kept for ever.
                del book[max(book, key=lambda start: abs(start - now) if start else now - now)]


def _verdict(budget: Budget, session_id: SessionId | None, spent: Decimal, now: datetime) -> Verdict:
    level = Level.OVER if spent >= budget.limit_usd else Level.NEAR
    state = "is spent" if level is Level.OVER else "is nearly spent"
    words = f"{told(budget, session_id)} {state}: {share(budget, spent)}; {anew(budget, now)}"
    return Verdict(level, budget, spent, words)


def _no_room(budget: Budget, spent: Decimal, held: Decimal, need: Decimal) -> str:
    places = decimals(budget.limit_usd)
    return (
        f"{told(budget)} has no room for one more session: {share(budget, spent)} are spent, "
        f"{written(held, places)} are held for sessions that run, and {written(need, places)} would be for "
        "this one; try again when one of them has ended"
    )
