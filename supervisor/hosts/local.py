"""The machine that ennio runs on."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path

import structlog
import trio

from ..errors import EnnioError
from ..records import Handle, Hold, Launch
from . import table
from .census import CENSUS
from .cgroups import Cgroups, own_place
from .child import LocalProcess
from .finding import Finder
from .force import force
from .holder import ShimHolder
from .holding import Holding
from .kin import Kin
from .pipes import pipe_from, pipe_to
from .running import run
from .spawning import spawn
from .surveying import measure
from .zygote import Zygote

_log = structlog.get_logger()

_REAP_EVERY = 0.2
"""Seconds between looks after dead orphans."""

_OWN_PLACE = Path()
"""Stands for the control group of this process."""


class LocalHost:
    """This machine: `protocols.Host`.

    `instance` names the data folder: whatever is started here carries it, so that a later server on the
    same folder finds what this one left. None: no later one will look for it. Control groups are made
    below `cgroup_root`, which is the server's own group unless told; None: there are none.

    On Linux this process becomes the parent of whatever its programs orphan (a subreaper, prctl(2)).
    """

    def __init__(self, instance: str | None = None, *, cgroup_root: Path | None = _OWN_PLACE) -> None:
        self.boot_id = table.boot_id()
        self._instance = instance or secrets.token_hex(8)
        self._cgroup_root = cgroup_root
        self._zygote, self._surveying = Zygote(), trio.Lock()
        CENSUS.adopt()

    @cached_property
    def containment(self) -> str:
        """How surely a tree can be ended here; see `protocols.Runtime`."""
        if sys.platform != "linux" or not CENSUS.adopts or not _can_watch():
            return "best-effort"
        return "cgroup+shim" if self._cgroups.usable else "shim+marker"

    async def run_forever(self) -> None:
        """Keep ready what starts agents, and reap the orphans that die by themselves.

        For a nursery that lives as long as the server.
        """
        try:
            while True:
                if self.containment != "best-effort":
                    await self._keep_zygote()
                    self._zygote.wake()
                await trio.sleep(_REAP_EVERY)
                CENSUS.reap()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Let go of what starts agents; it comes back when one is wanted. Agents go on."""
        await self._zygote.aclose()
        if "_cgroups" in self.__dict__:
            self._cgroups.remove_empty()

    # Agents.

    def mark(self, hold: Hold) -> str:
        """Return the ENNIO_MARK of this incarnation: it begins with the instance."""
        return f"{self._instance}/{_name(hold)}"

    async def hold(self, launch: Launch, *, terminal: bool = False) -> ShimHolder:
        """Start an agent under a holder of its own. Failed or cancelled: nothing of it runs.

        With `terminal` the holder is one that somebody has started in a terminal, after `clear`.
        """
        hold = launch.hold
        if not terminal:
            await self.clear(hold)
        holding = Holding(
            launch,
            mark=self.mark(hold),
            name=_name(hold),
            boot_id=self.boot_id,
            cgroups=self._cgroups,
            terminal=terminal,
        )
        return await holding.start(self._zygote)

    async def clear(self, hold: Hold) -> str:
        """Make a session's run folder new and return it; what an earlier incarnation left is ended first."""
        folder = await self._finder.clear(hold, self.mark, _name)
        return folder.path

    async def find(self, hold: Hold, handle: Handle | None) -> ShimHolder:
        """Return the holder that an earlier server started, or one that is gone where none is proved."""
        await trio.lowlevel.checkpoint()
        return self._finder.find(hold, handle, mark=self.mark(hold), name=_name(hold))

    async def survey(self) -> None:
        """Look at what all agents here take, in one pass; `Holder.usage` tells."""
        async with self._surveying:
            await CENSUS.look()
            await trio.to_thread.run_sync(measure, CENSUS.trees(), abandon_on_cancel=True)

    # Commands.

    async def open(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], mark: str) -> LocalProcess:
        """Start a program in a session of its own, its output and its errors as one stream.

        `env` is all that it gets, and `mark` as ENNIO_MARK. Cancelled: nothing runs. Raises what `spawn`
        raises, `AgentMissing` above all.
        """
        with ExitStack() as theirs, ExitStack() as ours:
            stdin, sink = pipe_to(theirs, ours)
            stdout, source = pipe_from(theirs, ours)
            tree = await spawn(
                argv,
                cwd=cwd,
                env=env,
                mark=mark,
                pipes=(sink.name, source.name),
                stdin=stdin,
                stdout=stdout,
                stderr=stdout,
            )
            ours.pop_all()
        return LocalProcess(tree, sink, source)

    async def run(self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None) -> str:
        """Run a program to its end and return what it printed; `env` None means the server's own.

        The text is decoded as file names are, so that a name in it can be given back to a program.
        Whatever it left running has ended when this returns, and cancelled or failed the program too.
        Raises `CommandFailed`, which carries the last words on its standard error, else on its output.
        """
        mark = f"{self._commands}{secrets.token_hex(4)}"
        return await run(argv, cwd=cwd, env=os.environ if env is None else env, mark=mark)

    async def end_leftovers(self) -> None:
        """End whatever still runs of the commands of an earlier server; before this one starts any."""
        await self.end_marked(self._commands, family=True)
        if self.containment != "best-effort":
            self._cgroups.remove_empty()

    async def end_marked(self, mark: str, *, family: bool = False) -> None:
        """End whatever carries this mark, or with `family` one that begins like it."""
        kin = Kin(table.stand_in((0, 0)), mark, foreign=True, family=family)
        kin.known, kin.sessions, kin.members = set(), set(), ()
        CENSUS.register(kin)
        try:
            await force(kin, lambda: False)
        finally:
            CENSUS.forget(kin)

    @cached_property
    def _cgroups(self) -> Cgroups:
        root = own_place() if self._cgroup_root is _OWN_PLACE else self._cgroup_root
        return Cgroups(self._instance, root)

    @cached_property
    def _finder(self) -> Finder:
        return Finder(self.boot_id, self._cgroups)

    @property
    def _commands(self) -> str:
        return f"{self._instance}/command."

    async def _keep_zygote(self) -> None:
        try:
            await self._zygote.ready()
        except EnnioError as error:
            _log.warning("what starts agents is not there", error=str(error))


def _name(hold: Hold) -> str:
    return f"{hold.session_id}.{hold.incarnation}"


def _can_watch() -> bool:
    """Whether a process can be watched by a descriptor (pidfd_open(2), Linux 5.3)."""
    with suppress(OSError, AttributeError):
        os.close(os.pidfd_open(os.getpid()))
        return True
    return False
