"""When a holder is left to do its work, and when the end comes without it; in virtual time."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import trio

from ennio.supervisor.errors import Survivor
from ennio.supervisor.ids import SessionId
from ennio.supervisor.protocols import LastWord
from ennio.supervisor.records import Handle, Hold, Usage
from ennio.supervisor.runtimes.terminal import HeldTerminal

HOLD = Hold(SessionId("app-1"), 1, "nowhere", 1000, grace=1, orphan_timeout=20)
ONE_LEFT = {"pid": 7, "command": "sh", "state": "D", "uid": 1}


class FakeHolder:
    """A holder that says what a test lets it say, and notes what is done to it and when."""

    handle = Handle(2, 1, "boot", 1, holder=3, holder_start=1)
    connected, clean = True, False

    def __init__(self) -> None:
        self.done: list[tuple[str, float]] = []
        self.sent: list[dict[str, Any]] = []
        self.is_gone = trio.Event()
        self._said, self._hear = trio.open_memory_channel[dict[str, Any]](100)

    def say(self, **header: Any) -> None:
        self._said.send_nowait(header)

    def send(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        self.sent.append(dict(header))

    def connect(self) -> bool:
        return True

    async def converse(self, heard: Callable[[dict[str, Any], bytes], None]) -> None:
        if not self.is_gone.is_set():
            async for header in self._hear:
                heard(header, b"")

    async def gone(self) -> None:
        await self.is_gone.wait()

    def last_word(self) -> LastWord | None:
        return None

    def wake(self) -> None:
        self.done.append(("wake", trio.current_time()))

    async def end(self) -> None:
        self.done.append(("end", trio.current_time()))
        self.is_gone.set()

    def survivors(self) -> tuple[Survivor, ...]:
        return ()

    def usage(self) -> Usage | None:
        return None

    async def aclose(self) -> None:
        self.done.append(("aclose", trio.current_time()))


@pytest.fixture
def holder() -> FakeHolder:
    return FakeHolder()


@pytest.fixture
def terminal(holder: FakeHolder, nursery: trio.Nursery) -> HeldTerminal:
    terminal = HeldTerminal(holder, HOLD, new=True)
    terminal.vigil.keep_in(nursery)
    return terminal


async def test_a_holder_that_is_silent_past_the_grace_is_woken_and_then_done_without(
    holder: FakeHolder, terminal: HeldTerminal, autojump_clock: trio.abc.Clock
) -> None:
    began = trio.current_time()
    await terminal.stop(5)
    assert [(what, round(at - began, 3)) for what, at in holder.done[:2]] == [("wake", 6), ("end", 8)]
    assert holder.sent == [{"do": "stop", "grace": 5}]
    assert await terminal.wait() is None


async def test_a_shorter_grace_brings_that_forward(
    holder: FakeHolder, terminal: HeldTerminal, autojump_clock: trio.abc.Clock
) -> None:
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(terminal.stop, 100)
        await trio.sleep(1)
        nursery.start_soon(terminal.stop, 0)
    assert [(what, round(at - began, 3)) for what, at in holder.done[:2]] == [("wake", 2), ("end", 4)]


async def test_one_that_goes_on_trying_is_left_to_it_and_names_who_is_left(
    holder: FakeHolder, terminal: HeldTerminal, autojump_clock: trio.abc.Clock
) -> None:
    with trio.move_on_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(terminal.stop, 0)
            while True:
                await trio.sleep(0.25)
                holder.say(**{"is": "left", "survivors": [ONE_LEFT]})
    assert holder.done == []
    assert terminal.survivors() == (Survivor(**ONE_LEFT),)  # type: ignore[arg-type]
    await terminal.stop(0)
    assert terminal.survivors() == ()


async def test_what_makes_no_sense_is_not_heard(
    holder: FakeHolder, terminal: HeldTerminal, autojump_clock: trio.abc.Clock
) -> None:
    for header in (
        {},
        {"is": "left", "survivors": [{"pid": 1}]},
        {"is": "left", "survivors": 3},
        {"is": "begun", "seq": "x"},
        {"is": "done", "seq": 99},
        {"is": "output"},
        {"is": ["exited"]},
    ):
        holder.say(**header)
    await trio.sleep(1)
    assert (terminal.survivors(), terminal.taken, terminal.vigil.exited) == ((), 0, False)
    holder.say(**{"is": "exited", "code": 3})
    assert await terminal.wait() == 3


async def test_letting_go_ends_nothing(
    holder: FakeHolder, terminal: HeldTerminal, autojump_clock: trio.abc.Clock
) -> None:
    await terminal.aclose()
    assert [what for what, _ in holder.done] == ["aclose"]
    assert holder.sent == []
    assert (await terminal.read(0)).data == b""
