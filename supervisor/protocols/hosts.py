"""The machines on which programs run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..errors import Survivor
from ..records import Handle, Hold, Launch, Usage


class Process(Protocol):
    """A program that was started, and everything it started in turn."""

    pid: int
    start: int

    async def write(self, data: bytes) -> int:
        """Wait until its input takes at least a byte, give it what fits, return how much that was.

        Cancelled: nothing was given. Raises `BrokenPipeError` once it reads no more.
        """

    def close_input(self) -> None:
        """Let it read to the end of its input: nothing can be written any more."""

    async def read(self, limit: int) -> bytes:
        """Wait for output and return some of it; `b""` when no more can come."""

    async def wait(self) -> int:
        """Wait until the program itself has ended; return its exit code, or minus the signal's number."""

    async def stop(self, grace: float) -> None:
        """End it and all it started: SIGTERM, after `grace` seconds SIGKILL; return when nothing is left.

        Goes on trying for as long as anything is left. A second call joins the first.
        """

    def survivors(self) -> tuple[Survivor, ...]:
        """What `stop` last saw and has not ended yet."""

    def usage(self) -> Usage | None:
        """What the tree took when it was last surveyed, or None when it was not yet."""

    async def aclose(self) -> None:
        """Let go of its descriptors."""


class LastWord(Protocol):
    """What a holder wrote down of its agent's end; `empty`: it saw that nothing was left."""

    @property
    def code(self) -> int:
        """The exit code, or minus the signal's number."""

    @property
    def empty(self) -> bool:
        """Whether the holder saw that nothing was left."""

    @property
    def alone(self) -> float | None:
        """After so many seconds without a server the holder ended the agent; None: it did not."""


class Holder(Protocol):
    """The process that holds one agent and outlives the server. It may be gone already."""

    handle: Handle

    @property
    def connected(self) -> bool:
        """Whether there is a connection to it."""

    @property
    def clean(self) -> bool:
        """Whether it is proved to have ended because nothing was left of its tree."""

    def connect(self) -> bool:
        """Connect to it again; return whether that worked."""

    def send(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        """Say something to it; never waits. Without a connection it is dropped."""

    async def converse(self, heard: Callable[[dict[str, Any], bytes], None]) -> None:
        """Carry frames both ways until the connection ends; return at once where there is none."""

    async def gone(self) -> None:
        """Wait until it has ended."""

    def last_word(self) -> LastWord | None:
        """Return how the agent ended, as far as its holder wrote that down."""

    def wake(self) -> None:
        """Let it go on if somebody has stopped it."""

    async def end(self) -> None:
        """End it and whatever is left of its tree, without its help; return when nothing is.

        Goes on trying for as long as anything is left. A second call joins the first.
        """

    def survivors(self) -> tuple[Survivor, ...]:
        """What `end` has not ended yet."""

    def usage(self) -> Usage | None:
        """What the tree took when it was last surveyed, or None when it was not yet."""

    async def aclose(self) -> None:
        """Let go of it; it goes on, for as long as it has patience, if it has not ended."""


class Host(Protocol):
    """A machine on which commands run. Argv, never a shell."""

    boot_id: str

    @property
    def containment(self) -> str:
        """How surely a tree can be ended; see `Runtime`. With `best-effort` there are no holders."""

    async def run_forever(self) -> None:
        """Do what has to be done for as long as the server lives, such as reaping orphans."""

    def mark(self, hold: Hold) -> str:
        """Return what an incarnation's agent carries as ENNIO_MARK, and no other's."""

    async def clear(self, hold: Hold) -> str:
        """Make the folder anew in which a holder keeps its files, and return it; `hold` does this by itself.

        Raises `Conflict` or `Unavailable` when it cannot be made.
        """

    async def hold(self, launch: Launch, *, terminal: bool = False) -> Holder:
        """Start an agent under a holder of its own. Failed or cancelled: nothing of it runs.

        With `terminal` the holder is one that somebody started in a terminal, after `clear`. Raises
        `AgentMissing` when there is no such program, `Conflict` when there is no such `cwd`, `Invalid` for
        what no program can be given, `Unavailable` when the machine has no room for it.
        """

    async def find(self, hold: Hold, handle: Handle | None) -> Holder:
        """Return the holder that an earlier server started, or one that is gone where none is proved."""

    async def survey(self) -> None:
        """Look at what everything that was started here takes, in one pass; `usage` tells."""

    async def end_leftovers(self) -> None:
        """End what still runs of the commands of an earlier server, before this one starts any."""

    async def end_marked(self, mark: str) -> None:
        """End whatever carries this mark; return when nothing does."""

    async def open(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], mark: str) -> Process:
        """Start a program in a session of its own, its output and its errors as one stream.

        `mark` is put into its environment as ENNIO_MARK and finds whatever leaves the process tree.
        Cancelled: nothing runs. Raises `AgentMissing` when there is no such program.
        """

    async def run(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None) -> str:
        """Run a program to its end and return what it printed; `env` None means the server's own.

        Cancelled or failed: it and all that it started have ended before this returns.
        Raises `CommandFailed`, which carries its last words.
        """
