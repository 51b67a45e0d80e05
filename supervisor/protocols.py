"""The ports: what the core asks of the world. Adapters implement them and are found by `plugins.load`.

A port is small: a fake of any of them is under 40 lines. Whatever an adapter raises on purpose is an
`EnnioError`; foreign exceptions are translated once, where they first appear.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from .branches import BranchName
from .errors import Survivor
from .events import Event
from .ids import SessionId
from .output import Chunk
from .records import Activity, Answer, Command, Handle, Hold, Job, Launch, SessionRecord, Tree, Usage


class Process(Protocol):
    """A program that was started, and everything it started in turn."""

    pid: int
    start: int

    async def write(self, data: bytes) -> int:
        """Wait until its input takes at least a byte, give it what fits, return how much that was.

        Cancelled: nothing was given. Raises `BrokenPipeError` once it reads no more.
        """

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


class Terminal(Protocol):
    """The hold on one agent."""

    handle: Handle
    taken: int
    """How many writes this incarnation of the agent has begun to get, also from an earlier server."""

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        """Write all of `data` to the agent; call `begun` when its first byte is on the way.

        Cancelled before that: nothing was written. Raises `Conflict` when the agent reads no more.
        """

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


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a workspace: `kept` holds why it stayed, or None when it is gone."""

    kept: str | None
    branch_kept: bool = True


@dataclass(frozen=True, slots=True)
class Stray:
    """A workspace that belongs to no session. `kept` holds why it stays, or None when it was removed."""

    path: str
    kept: str | None


class Workspace(Protocol):
    """A way to give a session a folder of its own."""

    def checkout(
        self, session_id: SessionId, branch: BranchName | None, derived: BranchName
    ) -> AbstractAsyncContextManager[Tree]:
        """Make a workspace on `branch`, or when that is None on `derived` or the next free `derived-2`, ...

        The block's end gives back all that was made, whatever is in it; to keep the workspace, forget the
        block (`AsyncExitStack.pop_all`): so it must not be a generator, which would end when forgotten.
        Failed or cancelled on the way in, everything is as it was before. Raises `Conflict` for a branch
        that is checked out somewhere or collides with another, `HookFailed` for a failing post_create,
        `CommandFailed` for git itself.
        """

    async def remove(self, tree: Tree) -> Removal:
        """Remove the workspace unless that would lose work; the branch goes too if the checkout made it
        and it has no commit of its own. Idempotent, also after a crash in its midst."""

    async def undo(self, session_id: SessionId) -> None:
        """Remove what a checkout left that a crash cut short: folder, registration, branch.

        What that checkout did not make stays. Idempotent. Raises `EnnioError` when it fails.
        """

    async def strays(self, owned: Collection[str]) -> list[Stray]:
        """Find the workspaces that belong to no session of `owned` (ids), and remove those that are clean."""


class Dialogue(Protocol):
    """The agent's language, without any I/O: bytes in, observations out; text in, bytes out."""

    def receive(self, data: bytes) -> Iterable[Activity]:
        """Take output, return what it shows."""

    def encode(self, text: str) -> bytes:
        """Return the bytes that say `text` to the agent."""


class Agent(Protocol):
    """What is known of one agent program. Knowledge only, no I/O."""

    name: str
    program: str
    """What must be on this machine for it to work: a name on PATH or an absolute path."""

    def command(self, job: Job) -> Command:
        """Return what to run for this job."""

    def dialogue(self) -> Dialogue:
        """Return a new dialogue, for one incarnation."""


class Answers(Protocol):
    """Where the answers to requests with an Idempotency-Key are kept."""

    async def recall(self, target: str, key: str) -> Answer | None:
        """Return what is known of the request, or None."""

    async def remember(self, answer: Answer) -> None:
        """Keep this, in the place of what was known before."""

    async def dismiss(self, target: str, key: str) -> None:
        """Forget the request."""


class Store(Answers, Protocol):
    """Where events, records and answers are kept."""

    trouble: str | None
    """Why nothing can be stored just now, or None. Whatever waits for it is stored when that is over."""

    async def run_forever(self) -> None:
        """Do the writing; cancelled, it first stores what it was given. Raises when it never can again."""

    async def load(self) -> list[SessionRecord]:
        """Return every session, oldest first."""

    async def append(self, event: Event, record: SessionRecord) -> None:
        """Keep the event, and the session's record as it is after it; return when both are durable."""

    async def forget(self, session_id: SessionId) -> None:
        """Drop all that is kept of a session."""

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return a session's events, oldest first."""

    async def aclose(self) -> None:
        """Let go of the database."""
