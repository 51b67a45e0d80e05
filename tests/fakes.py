"""Fakes of the ports, in virtual time: an agent that reads, prints and dies as a test tells it to."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import trio

from ennio.supervisor.branches import BranchName
from ennio.supervisor.config import Timeouts
from ennio.supervisor.errors import Conflict, EnnioError, Survivor
from ennio.supervisor.events import Event
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.journal import Journal
from ennio.supervisor.observations import Observation, Seems
from ennio.supervisor.output import Chunk
from ennio.supervisor.project import Project
from ennio.supervisor.projects import Projects
from ennio.supervisor.protocols import Memory, Removal, Step, Store, Stray
from ennio.supervisor.records import Activity, Command, Handle, Hold, Job, Launch, SessionRecord, Tree, Usage
from ennio.supervisor.supervisor import Supervisor


class FakeTerminal:
    """An agent in memory. `reads` False: it takes `takes_first` bytes and no more."""

    def __init__(self, world: "World", launch: Launch) -> None:
        self.launch, self._world = launch, world
        self.handle = Handle(pid=4242, start=1, boot_id="boot", incarnation=launch.hold.incarnation)
        self.taken = 0
        self.alone: float | None = None
        if world.attach:
            self.attach = world.attach
        self.usage_now: Usage | None = None
        self.heard: list[bytes] = []
        self.graces: list[float] = []
        self.released = self.input_closed = False
        self._exit: int | None = None
        self._dies_at: float | None = None
        self._leader_gone, self._tree_gone = trio.Event(), trio.Event()
        self._said, self._more = b"", trio.Event()

    def say(self, data: bytes) -> None:
        self._said += data
        self._more.set()

    def die(self, code: int | None) -> None:
        if not self._leader_gone.is_set():
            self._exit = code
        self._leader_gone.set()

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        if self._leader_gone.is_set():
            raise Conflict("it reads no more")
        if not self._world.reads:
            if not self._world.takes_first:
                await trio.sleep_forever()
            begun()
            await self._world.read_again.wait()
        begun()
        self.taken += 1
        await trio.lowlevel.checkpoint()
        self.heard.append(data)

    @property
    def place(self) -> int:
        return self.taken + 1

    async def close_input(self) -> None:
        await trio.lowlevel.checkpoint()
        self.input_closed = True

    async def read(self, after: int) -> Chunk:
        while len(self._said) <= after and not self._tree_gone.is_set():
            self._more = trio.Event()
            await self._more.wait()
        await trio.lowlevel.checkpoint()
        return Chunk(self._said[after:], after, len(self._said))

    async def wait(self) -> int | None:
        await self._leader_gone.wait()
        return self._exit

    async def stop(self, grace: float) -> None:
        self.graces.append(grace)
        self._dies_at = self._dies_at or trio.current_time() + self._world.dies_after
        await trio.sleep_until(self._dies_at)  # a second one joins the first
        self.die(-15)
        self._tree_gone.set()
        self._more.set()

    def survivors(self) -> tuple[Survivor, ...]:
        return () if self._tree_gone.is_set() else (Survivor(4242, "agent", "S", 0),)

    def usage(self) -> Usage | None:
        return self.usage_now

    async def aclose(self) -> None:
        self.released = True


@dataclass
class World:
    """Everything outside the core, and how it misbehaves."""

    reads: bool = True
    takes_first: bool = False
    read_again: trio.Event = field(default_factory=trio.Event)
    dies_after: float = 0.01
    checkout_takes: float = 0.0
    launch_takes: float = 0.0
    checkout_fails: Exception | None = None
    launch_fails: Exception | None = None
    removal: Removal | EnnioError = field(default_factory=lambda: Removal(kept=None))
    program: str = "sh"
    holds_prompt: bool = False
    name: str = "fake"
    containment: str = "best-effort"
    terminals: list[FakeTerminal] = field(default_factory=list)
    trees: dict[str, Tree] = field(default_factory=dict)
    removed: list[Tree] = field(default_factory=list)
    folder: str = "."
    attach: tuple[str, ...] | None = None
    undone: list[SessionId] = field(default_factory=list)
    undo_fails: EnnioError | None = None
    left: list[Stray] = field(default_factory=list)
    resumes: bool = False
    reads_rules: bool = False
    speaks: "type[FakeDialogue]" = field(default_factory=lambda: FakeDialogue)
    jobs: list[Job] = field(default_factory=list)
    held: dict[SessionId, FakeTerminal] = field(default_factory=dict)
    """Agents that outlived their server."""

    def checkout(
        self, session_id: SessionId, branch: BranchName | None, derived: BranchName
    ) -> "FakeCheckout":
        return FakeCheckout(self, Tree(self.folder, branch or derived, "c0ffee", branch_made=branch is None))

    async def remove(self, tree: Tree) -> Removal:
        await trio.sleep(0.1)
        self.removed.append(tree)
        if isinstance(self.removal, EnnioError):
            raise self.removal
        if self.removal.kept is None:
            self.trees.pop(tree.branch, None)
        return self.removal

    async def launch(self, launch: Launch) -> FakeTerminal:
        await trio.sleep(self.launch_takes)
        if self.launch_fails:
            raise self.launch_fails
        self.terminals.append(FakeTerminal(self, launch))
        return self.terminals[-1]

    async def adopt(self, hold: Hold, handle: Handle | None) -> FakeTerminal:
        await trio.lowlevel.checkpoint()
        if (terminal := self.held.get(hold.session_id)) is None:
            terminal = FakeTerminal(self, Launch(hold, (), {}, "."))
            terminal.die(None)
        self.terminals.append(terminal)
        return terminal

    async def end_leftovers(self) -> None:
        await trio.lowlevel.checkpoint()

    async def survey(self) -> None:
        await trio.lowlevel.checkpoint()

    async def undo(self, session_id: SessionId) -> None:
        await trio.sleep(0.1)
        if self.undo_fails:
            raise self.undo_fails
        self.undone.append(session_id)

    async def strays(self, owned: Collection[str]) -> list[Stray]:
        await trio.lowlevel.checkpoint()
        return self.left

    def command(self, job: Job) -> Command:
        return Command(("agent", job.prompt or ""), {"AGENT": "fake"}, self.holds_prompt)

    def dialogue(self, job: Job) -> "FakeDialogue":
        self.jobs.append(job)
        return self.speaks()


class FakeDialogue:
    """Lines; what ends with a question mark waits for an answer."""

    turns, ready = False, True

    def open(self) -> bytes:
        return b""

    def receive(self, line: bytes) -> Iterable[Observation]:
        waits = line.endswith(b"?")
        return (Seems(Activity.WAITING_INPUT, "a question") if waits else Seems(Activity.ACTIVE),)

    def replies(self) -> bytes:
        return b""

    def tell(self, text: str) -> bytes:
        return text.encode() + b"\n"

    def memory(self) -> Memory:
        return {}

    def recall(self, memory: Mapping[str, object]) -> None: ...

    def readable(self, line: bytes) -> str:
        return line.decode()


class FakeCheckout(AbstractAsyncContextManager[Tree]):
    """The making of one workspace."""

    def __init__(self, world: World, tree: Tree) -> None:
        self._world, self._tree = world, tree

    async def __aenter__(self) -> Tree:
        await trio.sleep(self._world.checkout_takes)
        if self._world.checkout_fails:
            raise self._world.checkout_fails
        self._world.trees[self._tree.branch] = self._tree
        return self._tree

    async def __aexit__(self, *_: object) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.1)
        del self._world.trees[self._tree.branch]


def supervise(
    nursery: trio.Nursery,
    projects: dict[ProjectId, Project],
    store: Store,
    timeouts: Timeouts,
    **outward: Any,
) -> Supervisor:
    """Return a supervisor; the first project stands in for those that are no longer configured."""
    first = next(iter(projects.values()))
    known = Projects(projects, first.folder, lambda _: first)
    return Supervisor(nursery, World(), known, Journal(store), timeouts, first.ledger, **outward)


def step(event: Event, record: SessionRecord) -> Step:
    """Return the step in which that alone happened."""
    return Step((event,), record)
