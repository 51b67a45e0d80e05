"""Couriers over notifiers that do as a test says; in virtual time."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from ennio.supervisor.couriers import ATTEMPTS, MOST_WAITING, Couriers
from ennio.supervisor.errors import NotFound, NotifierFailed
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Notice

NOTICE = Notice(
    id="n1",
    session_id=SessionId("app-1"),
    project_id=ProjectId("app"),
    reaction="agent-stuck",
    priority="urgent",
    title="It is stuck",
    text="For ten minutes",
    at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    waiting=("ops",),
)
AWAY = NotifierFailed("it is away")


@dataclass
class FakeNotifier:
    """Fails with the next of `failures` (None: it does not), then takes everything."""

    failures: list[Exception | None] = field(default_factory=list)
    slow: float = 0
    tried: list[tuple[str, float]] = field(default_factory=list)
    closed: bool = False

    async def notify(self, notice: Notice) -> None:
        self.tried.append((notice.id, trio.current_time()))
        await trio.sleep(self.slow)
        if self.failures and (failure := self.failures.pop(0)):
            raise failure

    async def aclose(self) -> None:
        self.closed = True

    @property
    def ids(self) -> list[str]:
        return [notice_id for notice_id, _ in self.tried]

    @property
    def waits(self) -> list[float]:
        moments = [moment for _, moment in self.tried]
        return [later - sooner for sooner, later in pairwise(moments)]


@dataclass
class Post:
    """Couriers at work, and what they told of each notice."""

    couriers: Couriers
    told: list[tuple[str, str, NotifierFailed | None]] = field(default_factory=list)

    def __call__(self, *ids: str, to: tuple[str, ...] = ("ops",)) -> None:
        for notice_id in ids:
            self.couriers.post(replace(NOTICE, id=notice_id, waiting=to), partial(self._tell, notice_id))

    async def _tell(self, notice_id: str, name: str, error: NotifierFailed | None) -> None:
        self.told.append((notice_id, name, error))

    @property
    def outcomes(self) -> dict[tuple[str, str], str | None]:
        assert len({told[:2] for told in self.told}) == len(self.told), "told twice"
        return {(notice, name): None if error is None else str(error) for notice, name, error in self.told}


Begin = Callable[..., Post]


@pytest.fixture
def begin(nursery: trio.Nursery) -> Begin:
    def begin(**notifiers: FakeNotifier) -> Post:
        couriers = Couriers(notifiers)
        nursery.start_soon(couriers.run_forever)
        return Post(couriers)

    return begin


async def test_a_notice_is_given_to_each_that_it_waits_for(begin: Begin, autojump_clock: MockClock) -> None:
    ops, chat, other = FakeNotifier(), FakeNotifier(), FakeNotifier()
    post = begin(ops=ops, chat=chat, other=other)
    post("n1", to=("ops", "chat"))
    await trio.sleep(1)
    assert post.outcomes == {("n1", "ops"): None, ("n1", "chat"): None}
    assert (ops.ids, chat.ids, other.ids) == (["n1"], ["n1"], [])
    assert post.couriers.names == ("ops", "chat", "other")


async def test_who_is_away_is_tried_again_after_ever_longer_waits(
    begin: Begin, autojump_clock: MockClock
) -> None:
    ops = FakeNotifier([AWAY] * (ATTEMPTS - 1))
    post = begin(ops=ops)
    post("n1")
    await trio.sleep(300)
    assert post.outcomes == {("n1", "ops"): None}
    assert len(ops.waits) == ATTEMPTS - 1
    for wait, least in zip(ops.waits, (8, 16, 32, 64), strict=True):
        assert least <= wait <= least + 4


async def test_after_the_last_try_a_notice_is_given_up_once(begin: Begin, autojump_clock: MockClock) -> None:
    ops = FakeNotifier([AWAY] * 100)
    post = begin(ops=ops)
    post("n1")
    await trio.sleep(1000)
    assert post.outcomes == {("n1", "ops"): "it is away"}
    assert len(ops.tried) == ATTEMPTS


async def test_what_will_not_help_is_not_tried_again(begin: Begin, autojump_clock: MockClock) -> None:
    ops = FakeNotifier([NotifierFailed("no such channel", lasting=True)])
    post = begin(ops=ops)
    post("n1", "n2")
    await trio.sleep(1)
    assert post.outcomes == {("n1", "ops"): "no such channel", ("n2", "ops"): None}
    assert ops.ids == ["n1", "n2"]


@pytest.mark.parametrize(("asked", "waited"), [(45.0, 45.0), (0.0, 8.0), (300.0, 300.0)])
async def test_it_may_say_when_to_try_again(
    begin: Begin, asked: float, waited: float, autojump_clock: MockClock
) -> None:
    ops = FakeNotifier([NotifierFailed("too many", seconds=asked)])
    post = begin(ops=ops)
    post("n1")
    await trio.sleep(1000)
    assert post.outcomes == {("n1", "ops"): None}
    assert ops.waits == pytest.approx([waited])


async def test_nobody_waits_for_who_wants_an_hour(begin: Begin, autojump_clock: MockClock) -> None:
    ops = FakeNotifier([NotifierFailed("too many", seconds=3600)])
    post = begin(ops=ops)
    post("n1")
    await trio.sleep(1)
    assert post.outcomes == {("n1", "ops"): "too many"}


async def test_the_order_is_kept_while_one_is_tried_again(begin: Begin, autojump_clock: MockClock) -> None:
    ops = FakeNotifier([AWAY, AWAY])
    post = begin(ops=ops)
    post("n1", "n2", "n3")
    await trio.sleep(100)
    assert ops.ids == ["n1", "n1", "n1", "n2", "n3"]
    assert [notice for notice, *_ in post.told] == ["n1", "n2", "n3"]


async def test_while_one_is_down_each_notice_has_one_try(begin: Begin, autojump_clock: MockClock) -> None:
    down = [AWAY] * ATTEMPTS + [AWAY, AWAY, None, AWAY]
    ops = FakeNotifier(down)
    post = begin(ops=ops)
    post("n1", "n2", "n3", "n4", "n5")
    await trio.sleep(1000)
    assert ops.ids == ["n1"] * ATTEMPTS + ["n2", "n3", "n4", "n5", "n5"]
    assert list(post.outcomes.values()) == ["it is away"] * 3 + [None, None]


async def test_none_is_in_the_way_of_another(begin: Begin, autojump_clock: MockClock) -> None:
    ops, chat = FakeNotifier([AWAY] * 100), FakeNotifier()
    post = begin(ops=ops, chat=chat)
    post("n1", "n2", to=("ops", "chat"))
    await trio.sleep(1)
    assert post.outcomes == {("n1", "chat"): None, ("n2", "chat"): None}


async def test_a_notifier_that_hangs_is_left_after_a_while(begin: Begin, autojump_clock: MockClock) -> None:
    ops = FakeNotifier(slow=math.inf)
    post = begin(ops=ops)
    post("n1")
    await trio.sleep(1000)
    assert post.outcomes == {("n1", "ops"): "the notifier ops took longer than 30 s"}
    assert len(ops.tried) == ATTEMPTS


async def test_a_bug_is_told_and_logged_and_ends_nothing(begin: Begin, autojump_clock: MockClock) -> None:
    ops = FakeNotifier([ZeroDivisionError("secret words")])
    post = begin(ops=ops)
    with capture_logs() as logs:
        post("n1", "n2")
        await trio.sleep(1)
    assert post.outcomes == {
        ("n1", "ops"): "the notifier ops has a bug (ZeroDivisionError); the server's log has it",
        ("n2", "ops"): None,
    }
    error = post.told[0][2]
    assert error is not None
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert [(line["event"], line["notifier"]) for line in logs if line["log_level"] == "error"] == [
        ("a notifier has a bug", "ops")
    ]


async def test_what_is_configured_no_more_is_told_at_once(begin: Begin, autojump_clock: MockClock) -> None:
    post = begin(ops=FakeNotifier())
    post("n1", to=("gone", "ops"))
    await trio.sleep(0.1)
    assert post.outcomes == {
        ("n1", "gone"): "the notifier gone is not configured any more; there are: ops",
        ("n1", "ops"): None,
    }


async def test_when_too_many_wait_the_newest_is_refused(begin: Begin, autojump_clock: MockClock) -> None:
    post = begin(ops=FakeNotifier())
    post(*(f"n{number}" for number in range(MOST_WAITING + 1)))
    await trio.sleep(1)
    last = ("n1000", "ops")
    assert "1000 notices wait for the notifier ops already" in (post.outcomes[last] or "")
    assert [told for told, error in post.outcomes.items() if error] == [last]


async def test_what_is_posted_before_they_run_waits(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    post = Post(Couriers({"ops": FakeNotifier()}))
    post("n1", to=("ops", "gone"))
    nursery.start_soon(post.couriers.run_forever)
    await trio.sleep(1)
    assert set(post.outcomes) == {("n1", "ops"), ("n1", "gone")}


@pytest.mark.parametrize("moment", [0.5, 5.0])
async def test_at_the_end_nothing_is_told_of_what_is_under_way_and_all_are_closed(
    moment: float, autojump_clock: MockClock
) -> None:
    ops, chat = FakeNotifier([AWAY], slow=1), FakeNotifier()
    post = Post(Couriers({"ops": ops, "chat": chat}))
    post("n1")
    with trio.move_on_after(moment) as scope:
        await post.couriers.run_forever()
    assert scope.cancelled_caught
    assert post.told == []
    assert ops.closed
    assert chat.closed
    post("n2", to=("ops", "gone"))  # nobody hears of it, and nothing is raised


async def test_closing_does_not_take_for_ever(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(self: FakeNotifier) -> None:
        await trio.sleep_forever()

    async def fail(self: FakeNotifier) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FakeNotifier, "aclose", hang)
    couriers = Couriers({"ops": FakeNotifier()})
    start = trio.current_time()
    with trio.move_on_after(1):
        await couriers.run_forever()
    assert trio.current_time() - start == pytest.approx(3)
    monkeypatch.setattr(FakeNotifier, "aclose", fail)
    with capture_logs() as logs, trio.move_on_after(1):
        await couriers.run_forever()
    assert [line["event"] for line in logs] == ["a notifier cannot be closed"]


async def test_what_a_told_raises_ends_the_couriers(autojump_clock: MockClock) -> None:
    async def tell(name: str, error: NotifierFailed | None) -> None:
        raise LookupError(name)

    couriers = Couriers({"ops": FakeNotifier()})
    couriers.post(NOTICE, tell)
    with pytest.RaisesGroup(LookupError):
        await couriers.run_forever()


async def test_a_test_is_one_try_at_once(begin: Begin, autojump_clock: MockClock) -> None:
    ops = FakeNotifier([AWAY])
    couriers = begin(ops=ops).couriers
    with pytest.raises(NotifierFailed, match="it is away"):
        await couriers.test("ops")
    await couriers.test("ops")
    assert len(ops.tried) == 2


async def test_a_test_of_an_unknown_one_names_those_that_there_are(
    begin: Begin, autojump_clock: MockClock
) -> None:
    with pytest.raises(NotFound, match=r"no notifier 'o\\ns'; there are: ops, chat"):
        await begin(ops=FakeNotifier(), chat=FakeNotifier()).couriers.test("o\ns")
    with pytest.raises(NotFound, match="none is configured"):
        await begin().couriers.test("ops")
