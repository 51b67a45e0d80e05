"""The reckoning of budgets: what was spent, what is held, and who is refused."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ennio.supervisor.config import Budget
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.ledger import Ledger, Level, Standing
from ennio.supervisor.records import Spend

APP, OTHER = ProjectId("app"), ProjectId("other")
ONE, TWO, THREE = SessionId("app-1"), SessionId("app-2"), SessionId("app-3")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 25, tzinfo=UTC)
DAY = timedelta(days=1)


def usd(amount: str | int) -> Decimal:
    return Decimal(amount)


def daily(limit: str | int = 20, reserve: str | int = 1, scope: str = "project") -> Budget:
    return Budget(scope, "daily", usd(limit), APP if scope == "project" else None, usd(reserve))


def spend(
    amount: str | int | Decimal,
    session: SessionId = ONE,
    at: datetime = NOON,
    project: ProjectId = APP,
) -> Spend:
    return Spend("event", session, project, at, Decimal(amount))


def ledger(budget: Budget, *spends: Spend, running: Iterable[SessionId] = ()) -> Ledger:
    made = Ledger((budget,))
    for each in spends:
        made.add(each)
    for session in running:
        made.reserve(session, APP)
    return made


def spent(made: Ledger, now: datetime = NOON) -> Decimal | None:
    return made.standing(made.budgets[0], now).spent


# What is said of a budget.


def test_a_spent_budget_says_which_it_is_what_it_had_and_when_it_starts_anew() -> None:
    made = ledger(daily(), spend("20.1309"))
    words = (
        "the daily budget of project app is spent: 20.13 of 20.00 USD; it starts anew at 2026-11-25T00:00:00Z"
    )
    assert made.refuse_spawn(APP, NOON) == words
    assert made.refuse_send(ONE, APP, NOON) == words
    assert made.refuse_restore(ONE, APP, NOON) == words
    (verdict,) = made.verdicts(ONE, APP, NOON)
    assert (verdict.level, verdict.budget, verdict.spent, verdict.words) == (
        Level.OVER,
        daily(),
        usd("20.1309"),
        words,
    )


def test_what_was_spent_beyond_a_small_limit_does_not_look_like_the_limit() -> None:
    made = ledger(Budget("global", "total", usd("0.010")), spend("0.01395"))
    assert "0.01395 of 0.01000 USD" in (made.refuse_spawn(APP, NOON) or "")


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (
            Budget("global", "monthly", usd("0.5")),
            "the monthly budget of all projects is spent: 20.00 of 0.50 USD; "
            "it starts anew at 2026-12-01T00:00:00Z",
        ),
        (
            Budget("global", "total", usd("0.0005")),
            "the total budget of all projects is spent: 20.0000 of 0.0005 USD; "
            "raise its `limit_usd` to go on",
        ),
        (
            Budget("session", "total", usd(20)),
            "the total budget of session app-1 is spent: 20.00 of 20.00 USD; raise its `limit_usd` to go on",
        ),
    ],
)
def test_each_kind_of_budget_has_its_words(budget: Budget, words: str) -> None:
    assert ledger(budget, spend(20)).refuse_send(ONE, APP, NOON) == words


@pytest.mark.parametrize(
    ("amount", "level", "says"),
    [
        ("15.999999999", None, ""),
        ("16", Level.NEAR, "is nearly spent: 16.00 of 20.00 USD; it starts anew"),
        ("19.999999999", Level.NEAR, "is nearly spent: 19.99 of 20.00 USD; it starts anew"),
        ("20", Level.OVER, "is spent: 20.00 of 20.00 USD; it starts anew"),
    ],
)
def test_a_session_is_near_from_four_fifths_and_over_when_nothing_is_left(
    amount: str, level: Level | None, says: str
) -> None:
    found = ledger(daily(), spend(amount)).verdicts(ONE, APP, NOON)
    assert [verdict.level for verdict in found] == ([level] if level else [])
    assert all(says in verdict.words for verdict in found)


def test_the_worst_verdict_comes_first() -> None:
    budgets = (daily(20), daily(10, scope="session"), daily(12, scope="global"), daily(100, scope="global"))
    made = Ledger(budgets)
    made.add(spend("11"))
    made.add(spend("6", TWO))
    assert [verdict.budget for verdict in made.verdicts(ONE, APP, NOON)] == [
        budgets[2],
        budgets[1],
        budgets[0],
    ]


def test_how_budgets_stand_is_told_in_their_order() -> None:
    per_session = Budget("session", "monthly", usd(5))
    made = Ledger((daily(), per_session, Budget("global", "total", usd(30), reserve_usd=usd(3))))
    made.add(spend("19.5"))
    made.add(spend("2", project=OTHER, session=TWO))
    made.reserve(THREE, APP)
    start = NOON.replace(hour=0)
    assert made.standings(NOON) == (
        Standing(daily(), usd("19.5"), usd("0.5"), usd("0.5"), start, MIDNIGHT),
        Standing(per_session, None, None, None, start.replace(day=1), datetime(2026, 12, 1, tzinfo=UTC)),
        Standing(made.budgets[2], usd("21.5"), usd("8.5"), usd(3), None, None),
    )


def test_nothing_remains_of_a_budget_that_was_overdrawn() -> None:
    made = ledger(daily(), spend(25), running=[TWO])
    standing = made.standing(daily(), NOON)
    assert (standing.remaining, standing.held) == (0, 0)


# Who counts where.


def test_a_project_s_budget_counts_its_own_sessions_alone() -> None:
    made = ledger(daily(), spend(30, project=OTHER))
    assert spent(made) == 0
    assert made.refuse_spawn(APP, NOON) is None
    made.add(spend(30))
    assert made.refuse_spawn(OTHER, NOON) is None
    assert made.refuse_spawn(APP, NOON) is not None


def test_a_session_s_budget_is_its_own() -> None:
    made = ledger(Budget("session", "daily", usd(5)), spend(5), running=[ONE, TWO])
    assert made.refuse_send(TWO, APP, NOON) is None
    assert made.refuse_restore(TWO, APP, NOON) is None
    assert made.refuse_spawn(APP, NOON) is None
    assert made.verdicts(TWO, APP, NOON) == ()
    assert made.refuse_send(ONE, APP, NOON) is not None
    assert made.refuse_restore(ONE, APP, NOON) is not None
    assert made.refuse_restore(ONE, APP, NOON + DAY) is None


def test_without_budgets_nobody_is_refused() -> None:
    made = Ledger(())
    made.add(spend(10**6))
    assert made.standings(NOON) == ()
    assert made.refuse_spawn(APP, NOON) is made.refuse_send(ONE, APP, NOON) is None


# What is held.


def test_sessions_that_start_together_leave_room_for_each_other() -> None:
    made = ledger(daily(3, 1))
    for session in (ONE, TWO, THREE):
        assert made.refuse_spawn(APP, NOON) is None
        made.reserve(session, APP)
    assert made.refuse_spawn(APP, NOON) == (
        "the daily budget of project app has no room for one more session: 0.00 of 3.00 USD are spent, "
        "3.00 are held for sessions that run, and 1.00 would be for this one; "
        "try again when one of them has ended"
    )
    assert made.refuse_spawn(OTHER, NOON) is None
    made.release(TWO)
    made.release(TWO)
    assert made.refuse_spawn(APP, NOON) is None


def test_what_a_session_spends_is_no_longer_held_for_it() -> None:
    made = ledger(daily(3, 1), spend("0.75"), running=[ONE, TWO])
    assert made.standing(daily(3, 1), NOON).held == usd("1.25")
    made.add(spend("0.75"))
    assert made.standing(daily(3, 1), NOON).held == usd(1)
    assert made.refuse_spawn(APP, NOON) is not None, "2.50 are spent or held, and it takes 1.00"
    made.release(TWO)
    assert made.refuse_spawn(APP, NOON) is None


def test_a_session_alone_may_have_whatever_is_left() -> None:
    made = ledger(daily(20, 20), spend("19.99"))
    assert made.refuse_spawn(APP, NOON) is None
    made.reserve(TWO, APP)
    assert made.refuse_spawn(APP, NOON) is not None
    assert made.refuse_spawn(APP, NOON + DAY) is not None, "a new day, all of which is held for the other"


def test_what_is_held_for_others_never_refuses_a_message() -> None:
    made = ledger(daily(3, 1), spend("2.9"), running=[ONE, TWO, THREE])
    assert made.refuse_send(ONE, APP, NOON) is None


def test_a_restored_session_s_own_spending_counts_once() -> None:
    made = ledger(daily(3, 1), spend("0.9", ONE), running=[TWO, ONE])
    assert made.refuse_spawn(APP, NOON) is None, (
        "0.90 are spent, 1.10 held, and it takes the 1.00 that is left"
    )
    made.release(ONE)
    made.add(spend("1.4", TWO))
    assert made.refuse_spawn(APP, NOON) is not None, "2.30 are spent, and it takes 1.00"
    assert made.refuse_restore(ONE, APP, NOON) is None, "2.30 are spent, nothing is held, and it takes 0.10"
    made.add(spend("0.65", TWO))
    assert made.refuse_restore(ONE, APP, NOON) is not None, "2.95 are spent, and it takes 0.10"
    made.reserve(ONE, APP)
    made.release(TWO)
    assert made.refuse_restore(ONE, APP, NOON) is None, "alone, it gets what is left"


def test_a_budget_that_holds_nothing_refuses_when_it_is_spent_and_not_before() -> None:
    made = ledger(daily(3, 0), spend("2.999999999"), running=[ONE, TWO])
    assert made.refuse_spawn(APP, NOON) is None
    made.add(spend("0.000000001"))
    assert made.refuse_spawn(APP, NOON) is not None


def test_a_session_that_is_forgotten_leaves_what_it_spent() -> None:
    made = ledger(
        Budget("global", "total", usd(5), reserve_usd=usd(1)), spend("0.4"), spend("2.6", TWO), running=[ONE]
    )
    made.forget(ONE)
    made.forget(TWO)
    assert (spent(made), made.standing(made.budgets[0], NOON).held) == (3, 0)
    made.reserve(ONE, APP)
    assert made.standing(made.budgets[0], NOON).held == 1, "what it spent before is nobody's"


# Periods.


def test_days_and_months_are_those_of_utc() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    made = ledger(daily(), spend(7, at=late))
    assert spent(made, NOON) == 0
    assert spent(made, NOON + DAY) == 7


@pytest.mark.parametrize(
    ("month", "end"),
    [((2026, 1), (2026, 2)), ((2026, 2), (2026, 3)), ((2028, 2), (2028, 3)), ((2026, 12), (2027, 1))],
)
def test_a_month_is_over_when_the_next_one_begins(month: tuple[int, int], end: tuple[int, int]) -> None:
    budget = Budget("global", "monthly", usd(5))
    made = ledger(budget)
    for day in (1, 15, 28):
        standing = made.standing(budget, datetime(*month, day, 23, 59, tzinfo=UTC))
        assert standing.period_start == datetime(*month, 1, tzinfo=UTC)
        assert standing.period_end == datetime(*end, 1, tzinfo=UTC)


def test_a_new_day_is_a_new_budget_and_holds_anew() -> None:
    made = ledger(daily(3, 1), spend(3), running=[ONE])
    assert made.refuse_spawn(APP, MIDNIGHT - timedelta(microseconds=1)) is not None
    assert made.refuse_spawn(APP, MIDNIGHT) is None
    assert made.standing(daily(3, 1), MIDNIGHT).held == 1
    assert made.verdicts(ONE, APP, MIDNIGHT) == ()


def test_a_total_never_starts_anew() -> None:
    made = ledger(Budget("global", "total", usd(3)), spend(3))
    assert made.refuse_spawn(APP, NOON + 10_000 * DAY) is not None


def test_a_clock_that_is_set_back_finds_what_was_spent_on_that_day() -> None:
    made = ledger(daily(3), spend(2, at=NOON), spend(1, at=MIDNIGHT), spend("0.5", at=MIDNIGHT - DAY / 100))
    assert spent(made, NOON) == usd("2.5")
    assert spent(made, MIDNIGHT) == 1


def test_days_in_a_far_future_by_a_clock_that_was_wrong_do_not_push_today_out() -> None:
    far = [NOON + years * 365 * DAY for years in (30, 50, 70)]
    made = ledger(daily(3), spend(2), *(spend(1, at=at) for at in far), spend("0.5"))
    assert spent(made) == usd("2.5")
    for days in range(1, 9):
        made.add(spend(1, at=NOON - days * DAY))
        made.add(spend(1, at=NOON + days * DAY))
        assert spent(made, NOON + days * DAY) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=40), st.permutations(range(4)))
def test_whatever_a_clock_does_among_some_days_each_keeps_its_own(
    spends: list[tuple[int, int]], order: list[int]
) -> None:
    made = ledger(daily(3), *(spend(amount, at=NOON + order[day] * DAY) for day, amount in spends))
    for day in range(4):
        assert spent(made, NOON + order[day] * DAY) == sum(amount for when, amount in spends if when == day)


def test_old_days_take_no_memory() -> None:
    made = ledger(daily(3, scope="session"))
    for day in range(1000):
        made.add(spend(1, SessionId(f"app-{day}"), NOON + day * DAY))
    (book,) = made._books.values()
    assert len(book) <= 4
    assert sum(len(page.by_session) for page in book.values()) <= 4


@settings(deadline=None)
@given(st.permutations([spend(n + 10, at=NOON + n * DAY) for n in range(-9, 9)]))
def test_it_does_not_matter_in_which_order_old_spending_is_loaded(spends: list[Spend]) -> None:
    budgets = (Budget("global", "daily", usd(100)), Budget("global", "monthly", usd(100)))
    made = Ledger((*budgets, Budget("global", "total", usd(100))))
    made.load(spends, NOON)
    november = sum(each.cost_usd for each in spends if each.at.month == 11)
    assert [standing.spent for standing in made.standings(NOON)] == [10, november, sum(range(1, 19))]


# Exactness.


@settings(max_examples=50, deadline=None)
@given(st.lists(st.decimals(0, 10**9, places=9), min_size=1, max_size=40))
def test_sums_are_exact_to_the_last_digit(amounts: list[Decimal]) -> None:
    made = ledger(Budget("global", "total", usd(1)), *(spend(amount) for amount in amounts))
    billionths = sum(int(amount.scaleb(9)) for amount in amounts)
    assert spent(made) == Decimal(billionths).scaleb(-9)


def test_a_tenth_ten_times_is_one() -> None:
    made = ledger(daily(1), *(spend("0.1") for _ in range(10)))
    assert made.refuse_send(ONE, APP, NOON) is not None
    assert spent(ledger(daily(1), *(spend("0.1") for _ in range(9)))) == usd("0.9")


# Many sessions at once.


class Crowd(RuleBasedStateMachine):
    """Sessions of one project, started, restored and ended at any time, and each spending what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = daily(10, 2)
        self.ledger = ledger(self.budget)
        self.now = NOON
        self.running: dict[SessionId, Decimal] = {}
        """What each one may spend without overshooting: what was held for it, or all that was left."""
        self.total = self.beyond = Decimal(0)
        self.costs: dict[SessionId, Decimal] = {}

    def start(self, session: SessionId) -> None:
        need = max(Decimal(0), self.budget.reserve_usd - self.costs.get(session, Decimal(0)))
        self.running[session] = min(need, max(Decimal(0), self.budget.limit_usd - self.total))
        self.costs.setdefault(session, Decimal(0))
        self.ledger.reserve(session, APP)

    @rule(count=st.integers(1, 8))
    def spawn_many_at_once(self, count: int) -> None:
        for _ in range(count):
            if self.ledger.refuse_spawn(APP, self.now) is None:
                self.start(SessionId(f"app-{len(self.costs)}"))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), amount=st.decimals(0, 4, places=3))
    def turn(self, data: st.DataObject, amount: Decimal) -> None:
        session = data.draw(st.sampled_from(sorted(self.running)))
        if self.ledger.refuse_send(session, APP, self.now) is not None:
            return
        self.ledger.add(spend(amount, session, self.now))
        self.total += amount
        self.costs[session] += amount
        left = self.running[session] - amount
        self.beyond += max(Decimal(0), -left)
        self.running[session] = max(Decimal(0), left)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(sorted(self.running)))
        del self.running[session]
        self.ledger.release(session)

    @precondition(lambda self: self.costs.keys() - self.running.keys())
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(sorted(self.costs.keys() - self.running.keys())))
        if self.ledger.refuse_restore(session, APP, self.now) is None:
            self.start(session)

    @rule()
    def a_day_begins(self) -> None:
        self.now += DAY
        self.total = self.beyond = Decimal(0)
        self.costs = dict.fromkeys(self.costs, Decimal(0))
        self.running = dict.fromkeys(self.running, self.budget.reserve_usd)

    @rule()
    def a_server_starts_anew(self) -> None:
        self.ledger = ledger(self.budget, running=self.running)
        yesterday = [spend(9, ONE, self.now - days * DAY) for days in range(1, 9)]
        today = [spend(cost, session, self.now) for session, cost in self.costs.items()]
        self.ledger.load([*today, *yesterday], self.now)

    @invariant()
    def nothing_is_lost_and_the_budget_is_overshot_only_by_what_was_spent_beyond_what_was_held(self) -> None:
        assert spent(self.ledger, self.now) == self.total
        assert self.total + sum(self.running.values()) <= self.budget.limit_usd + self.beyond


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
