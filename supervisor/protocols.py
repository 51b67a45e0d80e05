"""The ports: what the core asks of the world. Adapters implement them and are found by `plugins.load`.

A port is small: a fake of any of them is under 40 lines. Whatever an adapter raises on purpose is an
`EnnioError`; foreign exceptions are translated once, where they first appear.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from .branches import BranchName
from .errors import Survivor
from .events import Event
from .ids import SessionId
from .output import Chunk
from .records import Activity, Command, Handle, Job, Launch, SessionRecord, Tree


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

    async def aclose(self) -> None:
        """Let go of its descriptors."""


class Host(Protocol):
    """A machine on which commands run. Argv, never a shell."""

    boot_id: str

    async def run_forever(self) -> None:
        """Do what has to be done for as long as the server lives, such as reaping orphans."""

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
    """The hold on one running agent."""

    handle: Handle

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        """Write all of `data` to the agent; call `begun` when its first byte is on the way.

        Cancelled before that: nothing was written. Raises `Conflict` when the agent reads no more.
        """

    async def read(self, after: int) -> Chunk:
        """Wait for output past the byte `after`; an empty chunk means that no more will come."""

    async def wait(self) -> int:
        """Wait until the agent itself has ended; return its exit code, or minus the signal's number."""

    async def stop(self, grace: float) -> None:
        """End the agent and all it started; see `Process.stop`."""

    def survivors(self) -> tuple[Survivor, ...]:
        """What `stop` has not ended yet."""

    async def aclose(self) -> None:
        """Let go of the agent."""


class Runtime(Protocol):
    """A way to hold an agent's process."""

    containment: str
    """How surely a tree can be ended: `cgroup+shim`, `shim+marker` or `best-effort`."""

    async def launch(self, launch: Launch) -> Terminal:
        """Start an agent. Failed or cancelled: nothing of it runs. Raises `AgentMissing`."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a workspace: `kept` holds why it stayed, or None when it is gone."""

    kept: str | None
    branch_kept: bool = True


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
        and it has no commit of its own. Idempotent."""


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


class Store(Protocol):
    """Where events and records are kept."""

    async def append(self, event: Event, record: SessionRecord) -> None:
        """Keep the event, and the session's record as it is after it."""

    async def forget(self, session_id: SessionId) -> None:
        """Drop all that is kept of a session."""

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return a session's events, oldest first."""
