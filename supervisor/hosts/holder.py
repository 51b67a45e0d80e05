"""One shim as the server has it: a process that is watched, and a connection to it."""

import os
import select
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import trio

from ..errors import Survivor, Unavailable
from ..records import Handle, Usage
from . import table
from .census import CENSUS
from .connection import Connection, connect
from .entry import Entry
from .force import force, survivors
from .kin import Kin, still_theirs
from .run_folder import Claim, LastWord, RunFolder


class ShimHolder:
    """The process that holds one agent: `protocols.Holder`. It may be gone from the beginning.

    `believed`: the files in its folder are its own. Raises `Unavailable` when it cannot be watched.
    """

    def __init__(
        self, handle: Handle, folder: RunFolder, kin: Kin, connection: Connection | None, *, believed: bool
    ) -> None:
        self.handle = handle
        self._folder, self._kin, self._connection, self._believed = folder, kin, connection, believed
        kin.folder = folder
        self._pidfd = _watch(kin.leader)
        self._code: int | None = None
        self._ended = False
        self._watching, self._turn = trio.Lock(), trio.Lock()
        if self._pidfd >= 0:
            CENSUS.register(kin)

    # Talking.

    def send(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        """Say something to it. Without a connection it is dropped."""
        if self._connection:
            self._connection.send(header, body)

    async def converse(self, heard: Callable[[dict[str, Any], bytes], None]) -> None:
        """Carry frames both ways until the connection ends; return at once where there is none."""
        if self._connection:
            connection = self._connection
            await connection.converse(heard)
            connection.close()
            if self._connection is connection:
                self._connection = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection to it."""
        return self._connection is not None

    def connect(self) -> bool:
        """Connect to it again; return whether that worked. Whoever else listens there is not believed."""
        if self._is_gone():
            return False
        self._connection = connection_to(self._folder.path, self._kin.leader.pid)
        return self.connected

    # Watching.

    async def gone(self) -> None:
        """Wait until it has ended. If it ended cleanly nothing of the agent's tree is left."""
        while not self._is_gone():
            async with self._watching:
                if self._pidfd >= 0:
                    with suppress(trio.ClosedResourceError):  # somebody else saw it gone
                        await trio.lowlevel.wait_readable(self._pidfd)
        await trio.lowlevel.checkpoint()

    @property
    def clean(self) -> bool:
        """Whether it is known to have ended because nothing was left.

        Only a child's exit status proves it: what stands in the folder the agent could have written.
        """
        return self._code == 0

    def last_word(self) -> LastWord | None:
        """Return how the agent ended, as far as its holder wrote that down."""
        return self._folder.last_word() if self._believed else None

    def usage(self) -> Usage | None:
        """What the tree took when it was last surveyed."""
        return self._kin.usage

    def survivors(self) -> tuple[Survivor, ...]:
        """What `end` has not ended yet."""
        return () if self._ended else survivors(self._kin)

    # Ending.

    def wake(self) -> None:
        """Let it go on if somebody has stopped it."""
        if not self._is_gone():
            table.send(self._kin.leader, signal.SIGCONT)

    async def end(self) -> None:
        """End it and whatever is left of its tree, without its help; return when nothing is.

        Goes on trying for as long as anything is left. A second call joins the first.
        """
        async with self._turn:
            if self._ended:
                return
            CENSUS.register(self._kin)
            self._recall()
            await force(self._kin, self._nothing_left)
            await self.gone()
            if self._kin.cgroup:
                self._kin.cgroup.retire()
            CENSUS.forget(self._kin)
            self._ended = True

    def _recall(self) -> None:
        """Take the sessions for its own in which its tree was seen, where it ended without seeing to them.

        While it lives, and where it saw that nothing was left, that is surer than what a file says.
        """
        word = self._folder.last_word()
        if self._believed and self._is_gone() and not (word and word.empty):
            self._kin.sessions |= still_theirs(self._folder.seen_sessions())

    async def aclose(self) -> None:
        """Let go of it; it goes on, alone, if it has not ended."""
        if self._connection:
            self._connection.close()
            self._connection = None
        if self._is_gone():
            CENSUS.forget(self._kin)
        self._kin.released = True
        self._close_pidfd()

    def _nothing_left(self) -> bool:
        return (
            self._is_gone()
            and not (self._kin.cgroup and self._kin.cgroup.pids())
            and CENSUS.is_empty(self._kin)
        )

    def _is_gone(self) -> bool:
        """Look whether it has ended; reap it then if it is our child."""
        if self._pidfd < 0:
            return True
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(0):
            return False
        if not self._kin.foreign:
            with suppress(ChildProcessError):
                reaped, status = os.waitpid(self._kin.leader.pid, os.WNOHANG)
                self._code = os.waitstatus_to_exitcode(status) if reaped else None
            CENSUS.reaped(self._kin)
        self._close_pidfd()
        if self.clean:
            self._ended = True
            CENSUS.forget(self._kin)
            if self._kin.cgroup:
                self._kin.cgroup.retire()
        return True

    def _close_pidfd(self) -> None:
        if self._pidfd >= 0:
            descriptor, self._pidfd = self._pidfd, -1
            trio.lowlevel.notify_closing(descriptor)
            os.close(descriptor)


def connection_to(folder: str, pid: int) -> Connection | None:
    """Return a connection to the process `pid` if it is who listens in the folder."""
    found = connect(folder)
    if found is None:
        return None
    connection, listener = found
    if listener != pid:
        connection.close()
        return None
    return connection


def handle_of(claim: Claim, boot_id: str, incarnation: int) -> Handle:
    """Return a claim as the core keeps it."""
    return Handle(
        pid=claim.agent[0],
        start=claim.agent[1],
        boot_id=boot_id,
        incarnation=incarnation,
        output_start=claim.output_start,
        holder=claim.holder[0],
        holder_start=claim.holder[1],
    )


def _watch(leader: Entry) -> int:
    """Return a pidfd of exactly this process, or -1 when it is gone. Raises `Unavailable`."""
    if leader.pid <= 0:
        return -1
    try:
        pidfd = os.pidfd_open(leader.pid)
    except ProcessLookupError:
        return -1
    except OSError as error:
        raise Unavailable(f"process {leader.pid} cannot be watched now: {error.strerror}") from error
    now = table.look(leader.pid)
    if now is None or now.start != leader.start:
        os.close(pidfd)
        return -1
    return pidfd
