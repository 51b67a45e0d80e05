"""The ways to hold an agent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..errors import Survivor
from ..output import Chunk
from ..records import Handle, Hold, Launch, Usage


class Terminal(Protocol):
    """The hold on one agent."""

    handle: Handle
    taken: int
    """The number of the last write that this incarnation has begun to get, also from an earlier server."""

    @property
    def place(self) -> int:
        """The number that the next write gets; it is `taken` once the agent has begun to get that."""

    @property
    def alone(self) -> float | None:
        """Once it has ended: after so many seconds without a server its holder ended it; None: it did not."""

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        """Write all of `data` to the agent; call `begun` when its first byte is on the way.

        Cancelled before that: nothing was written. Raises `Conflict` when the agent reads no more.
        """

    async def close_input(self) -> None:
        """Let the agent read to the end of its input, once all that was written is read. Nothing can be
        written any more. Does nothing where input has no end, as in a terminal."""

    async def read(self, after: int) -> Chunk:
        """Wait for output past the byte `after`; an empty chunk means that no more will come."""

    async def wait(self) -> int | None:
        """Wait until the agent itself has ended; return its exit code, or minus the signal's number.

        None: nobody knows, because what held the agent was killed.
        """

    async def stop(self, grace: float) -> None:
        """End the agent and all it started: SIGTERM, after `grace` seconds SIGKILL; return when nothing is
        left.

        Goes on trying for as long as anything is left. A second call joins the first, and the shortest
        grace that anyone gave counts.
        """

    def survivors(self) -> tuple[Survivor, ...]:
        """What `stop` has not ended yet."""

    def usage(self) -> Usage | None:
        """What the agent's tree took when it was last surveyed, or None when it was not yet."""

    async def aclose(self) -> None:
        """Let go of the agent. If it was not stopped it goes on, for as long as its holder has patience."""


@runtime_checkable
class Attachable(Protocol):
    """A hold on an agent that has a terminal, to which an operator can attach."""

    attach: tuple[str, ...]
    """What to run for that, in a terminal on this machine."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A screen as text, a line for each of its rows, and the title that its program gave it."""

    text: str
    title: str


@runtime_checkable
class Screened(Protocol):
    """A hold on an agent whose screen can be looked at."""

    async def screen(self) -> Shown:
        """Return what stands there now. Raises `Conflict` when the terminal is gone."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A screen as it looks: a line for each row with its colours (ECMA-48, SGR), and where its cursor is."""

    text: str
    title: str
    columns: int
    rows: int
    cursor: tuple[int, int]
    """Column and row, from 0."""


@runtime_checkable
class Touchable(Protocol):
    """A hold on an agent whose screen people can look at and type into."""

    async def picture(self) -> Picture:
        """Return how the screen looks now. Raises `Conflict` when the terminal is gone."""

    async def press(self, text: str, key: str | None) -> None:
        """Type a text, then press a key by its name in tmux(1), if any. Raises `Conflict` as above."""


class Runtime(Protocol):
    """A way to hold an agent's process."""

    containment: str
    """How surely a tree can be ended: `cgroup+shim`, `shim+marker` or `best-effort`."""

    async def launch(self, launch: Launch) -> Terminal:
        """Start an agent. Failed or cancelled: nothing of it runs. Raises `AgentMissing`."""

    async def adopt(self, hold: Hold, handle: Handle | None) -> Terminal:
        """Take over what an earlier server launched in this hold, as far as it is there.

        Only what is proved to be it counts: the incarnation, pids with their start, and the boot, as
        `handle` has them; without a `handle` (the server died before it was told) what the hold itself
        says. Where nothing is left to be taken over, `wait` of the terminal returns at once, and `stop`
        ends whatever can still be told to have come from there.
        """

    async def survey(self) -> None:
        """Look at what all agents held here take, in one pass; `Terminal.usage` tells."""
