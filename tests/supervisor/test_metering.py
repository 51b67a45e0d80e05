"""Measuring plugins: each call once, however it ends, and the plugin stays what it is."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import trio
from fake_forges import FakeNotifier, FakeScm, FakeTracker
from fakes import World
from trio.testing import MockClock

from ennio.supervisor import protocols
from ennio.supervisor.branches import BranchName
from ennio.supervisor.errors import ForgeFailed, NotFound
from ennio.supervisor.ids import SessionId
from ennio.supervisor.metering import METHODS, Call, metered
from ennio.supervisor.protocols import Announcing, Attachable, Hooked, Removal
from ennio.supervisor.records import Hint, Issue, Sought, Tree

ISSUE = Issue(id="1", title="Fix it", body="", labels=(), url="https://host/1")
ONE, MAIN = SessionId("p-1"), BranchName("main")


class HookedScm(FakeScm):
    """A code host that sends word, and whose terminal nobody attaches to."""

    kind, listens = "fake", True

    def hear(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        return None


async def test_a_call_is_told_with_its_time_and_gives_what_it_gave(autojump_clock: MockClock) -> None:
    calls = list[Call]()
    tracker = metered("tracker", "fake", FakeTracker([ISSUE], takes=2.0), calls.append)
    assert await tracker.issue("1") is ISSUE
    assert list(await tracker.issues(limit=5)) == [ISSUE]
    await tracker.announce("1", words="on it")
    assert tracker.announced == [("1", "on it")]
    assert [(call.method, round(call.seconds, 3), call.outcome) for call in calls] == [
        ("issue", 2.0, "ok"), ("issues", 2.0, "ok"), ("announce", 2.0, "ok"),
    ]  # fmt: skip
    assert {(call.kind, call.plugin) for call in calls} == {("tracker", "fake")}


async def test_what_a_plugin_raises_goes_on_as_it_is_and_is_told_as_failed() -> None:
    calls = list[Call]()
    error = ForgeFailed("the host is down")
    tracker = metered("tracker", "fake", FakeTracker(fails=error), calls.append)
    with pytest.raises(ForgeFailed) as raised:
        await tracker.issue("1")
    assert raised.value is error
    tracker.fails = None
    with pytest.raises(NotFound):
        await tracker.issue("1")
    assert [call.outcome for call in calls] == ["failed", "failed"]


async def test_a_call_that_is_cancelled_is_told_as_that(autojump_clock: MockClock) -> None:
    calls = list[Call]()
    scm = metered("scm", "fake", FakeScm(takes=60.0), calls.append)
    with trio.move_on_after(3) as patience:
        await scm.look(Sought("main", None, 0), thorough=True)
    assert patience.cancelled_caught
    (call,) = calls
    assert (call.outcome, round(call.seconds)) == ("cancelled", 3)


async def test_of_a_workspace_the_way_in_is_timed_and_it_may_still_be_kept(
    world: World, autojump_clock: MockClock
) -> None:
    calls = list[Call]()
    world.checkout_takes = 2.0
    workspace = metered("workspace", "fake", world, calls.append)
    async with AsyncExitStack() as stack:
        tree = await stack.enter_async_context(workspace.checkout(ONE, None, MAIN))
        await trio.sleep(50)
        stack.pop_all()
    assert world.trees == {"main": tree}
    assert isinstance(await workspace.remove(tree), Removal)
    assert [(call.method, round(call.seconds)) for call in calls] == [("checkout", 2), ("remove", 0)]


async def test_a_workspace_that_is_not_kept_is_given_back(world: World, autojump_clock: MockClock) -> None:
    workspace = metered("workspace", "fake", world, list[Call]().append)
    async with workspace.checkout(ONE, None, MAIN):
        assert world.trees
    assert world.trees == {}


async def test_a_way_in_that_fails_is_told_and_raises_what_it_raised(world: World) -> None:
    calls = list[Call]()
    world.checkout_fails = ForgeFailed("no")
    with pytest.raises(ForgeFailed, match="no"):
        async with metered("workspace", "fake", world, calls.append).checkout(ONE, None, MAIN):
            raise AssertionError
    assert [call.outcome for call in calls] == ["failed"]


def test_a_plugin_keeps_its_optional_powers_and_gets_none() -> None:
    calls = list[Call]()
    assert isinstance(metered("scm", "fake", HookedScm(), calls.append), Hooked)
    assert not isinstance(metered("scm", "fake", FakeScm(), calls.append), Hooked)
    assert isinstance(metered("tracker", "fake", FakeTracker(), calls.append), Announcing)
    assert not isinstance(metered("notifier", "fake", FakeNotifier(), calls.append), Announcing)
    attached = World(attach=("tmux", "attach"))
    assert isinstance(metered("runtime", "fake", attached, calls.append), Attachable)
    assert isinstance(metered("scm", "fake", HookedScm(), calls.append), HookedScm)


async def test_one_whose_class_has_no_room_for_it_works_unmeasured() -> None:
    calls = list[Call]()
    notifier = metered("notifier", "tight", Tight(), calls.append)
    assert await notifier.notify("news") == "given news"
    assert calls == []


class Tight:
    """A stranger's plugin with nothing to spare."""

    __slots__ = ()

    async def notify(self, notice: Any) -> str:
        await trio.lowlevel.checkpoint()
        return f"given {notice}"


async def test_one_that_cannot_be_changed_is_measured_all_the_same() -> None:
    calls = list[Call]()

    class Frozen(Tight):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(f"{name} cannot be set")

    notifier = metered("notifier", "frozen", Frozen(), calls.append)
    assert await notifier.notify("news") == "given news"
    assert [call.method for call in calls] == ["notify"]


async def test_who_measures_badly_does_not_make_a_call_fail() -> None:
    def stumble(call: Call) -> None:
        raise RuntimeError("no")

    assert await metered("tracker", "fake", FakeTracker([ISSUE]), stumble).issue("1") is ISSUE


def test_without_an_observer_nothing_is_changed() -> None:
    tracker = FakeTracker()
    assert metered("tracker", "fake", tracker, None) is tracker
    assert "issue" not in vars(tracker)


def test_whatever_waits_in_the_ports_is_measured() -> None:
    ports = {
        "tracker": (protocols.Tracker, protocols.Announcing),
        "scm": (protocols.Scm,),
        "notifier": (protocols.Notifier,),
        "runtime": (protocols.Runtime,),
        "workspace": (protocols.Workspace,),
    }
    assert set(METHODS) == set(ports)
    for kind, those in ports.items():
        there = {
            name
            for port in those
            for name, method in vars(port).items()
            if getattr(method, "__code__", None) and (method.__code__.co_flags & 0x80 or name == "checkout")
        }
        assert set(METHODS[kind]) == there - {"aclose"}


async def test_a_block_that_was_written_as_a_generator_is_entered_and_left() -> None:
    class Generated:
        @asynccontextmanager
        async def checkout(self, *_: object) -> AsyncIterator[Tree]:
            yield Tree("/x", "main", "c0ffee", branch_made=True)

    block: AbstractAsyncContextManager[Tree] = metered(
        "workspace", "fake", Generated(), list[Call]().append
    ).checkout()
    async with block as tree:
        assert tree.path == "/x"
