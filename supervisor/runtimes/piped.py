"""Agents as plain processes, held by their pipes: for systems where nothing can hold them in our place."""

from collections.abc import Callable

import trio

from ..errors import Conflict, Survivor, Unavailable
from ..ids import SessionId
from ..output import Chunk, OutputLog
from ..protocols import Host, Process, Terminal
from ..records import Handle, Hold, Launch, Usage
from .pump import Pump

_DRAIN = 0.25
"""Seconds that the rest of the output may take once its tree is gone."""

_STEP = 65536


class PipedRuntime:
    """Start agents on a host and hold them: `protocols.Runtime`. Their pumps run in `nursery`.

    Nothing stands between the server and an agent: it does not outlive the server's hold on it.
    """

    containment = "best-effort"

    def __init__(self, host: Host, nursery: trio.Nursery) -> None:
        self._host, self._nursery = host, nursery

    async def launch(self, launch: Launch) -> Terminal:
        """Start an agent. Failed or cancelled: nothing of it runs.

        Raises what `Host.open` raises, `AgentMissing` above all, and `Unavailable` when the folder for
        its output cannot be read.
        """
        hold = launch.hold
        try:
            log = OutputLog(hold.output, hold.keep_bytes)
        except OSError as error:
            raise Unavailable(f"the output of {hold.session_id} cannot be kept: {error.strerror}") from error
        mark = self._host.mark(hold)
        process = await self._host.open(launch.argv, cwd=launch.cwd, env=launch.env, mark=mark)
        handle = Handle(process.pid, process.start, self._host.boot_id, hold.incarnation, log.end)
        pump = Pump(process, log, hold.session_id)
        try:
            self._nursery.start_soon(pump.run)
        except BaseException:  # a nursery that has closed takes nobody in
            await process.aclose()
            raise
        return PipedTerminal(handle, process, pump, hold.session_id)

    async def adopt(self, hold: Hold, handle: Handle | None) -> Terminal:
        """Return a terminal with nothing in it, whose `stop` ends whatever carries the incarnation's mark."""
        await trio.lowlevel.checkpoint()
        return Remains(self._host, hold, handle or Handle(0, 0, self._host.boot_id, hold.incarnation))

    async def survey(self) -> None:
        """Look at what all agents held here take, in one pass; `Terminal.usage` tells."""
        await self._host.survey()


class PipedTerminal:
    """The hold on one agent: `protocols.Terminal`."""

    def __init__(self, handle: Handle, process: Process, pump: Pump, session_id: SessionId) -> None:
        self.handle = handle
        self.taken, self.alone = 0, None
        self._process, self._pump, self._session_id = process, pump, session_id
        self._pen = trio.Lock()
        self._stopped = False

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        """Write all of `data` to the agent; call `begun` when its first byte is on the way.

        Cancelled before that: nothing was written. Whoever writes meanwhile waits, so that nothing comes
        between. Raises `Conflict` when the agent reads no more.
        """
        rest = memoryview(data)
        async with self._pen:
            while rest:
                try:
                    written = await self._process.write(bytes(rest[:_STEP]))
                except BrokenPipeError as error:
                    raise Conflict(f"the agent of {self._session_id} reads no more") from error
                if len(rest) == len(data):
                    self.taken += 1
                    begun()
                rest = rest[written:]

    @property
    def place(self) -> int:
        """The number of the next write."""
        return self.taken + 1

    async def close_input(self) -> None:
        """Let the agent read to the end of its input."""
        async with self._pen:
            self._process.close_input()

    async def read(self, after: int) -> Chunk:
        """Wait for output past the byte `after`; an empty chunk means that no more will come."""
        return await self._pump.read(after)

    async def wait(self) -> int | None:
        """Wait until the agent itself has ended; return its exit code, or minus the signal's number."""
        return await self._process.wait()

    async def stop(self, grace: float) -> None:
        """End the agent and all it started; see `Process.stop`. The rest of its output is kept."""
        await self._process.stop(grace)
        self._stopped = True
        self._pump.finish_within(_DRAIN)

    def survivors(self) -> tuple[Survivor, ...]:
        """What `stop` has not ended yet."""
        return self._process.survivors()

    def usage(self) -> Usage | None:
        """What the agent's tree took when it was last surveyed, or None when it was not yet."""
        return self._process.usage()

    async def aclose(self) -> None:
        """Let go of the agent; one that was not stopped is ended now, as far as can be at once."""
        self._pump.finish_within(_DRAIN if self._stopped else 0)
        try:
            await self._pump.finished()
        finally:
            await self._process.aclose()


class Remains:
    """What an earlier server left of an agent that nobody held: `protocols.Terminal`, without an agent."""

    def __init__(self, host: Host, hold: Hold, handle: Handle) -> None:
        self.handle = handle
        self.taken, self.alone = 0, None
        self._host, self._hold = host, hold

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        """Raise `Conflict`: nobody reads."""
        await trio.lowlevel.checkpoint()
        raise Conflict(f"the agent of {self._hold.session_id} reads no more")

    @property
    def place(self) -> int:
        """The number of the next write."""
        return self.taken + 1

    async def close_input(self) -> None:
        """Do nothing: nobody reads."""
        await trio.lowlevel.checkpoint()

    async def read(self, after: int) -> Chunk:
        """Return what was kept of the output past the byte `after`."""
        await trio.lowlevel.checkpoint()
        return OutputLog(self._hold.output, self._hold.keep_bytes).read(after, _STEP)

    async def wait(self) -> int | None:
        """Return None: nobody knows how the agent ended."""
        await trio.lowlevel.checkpoint()
        return None

    async def stop(self, grace: float) -> None:
        """End whatever carries the mark."""
        await self._host.end_marked(self._host.mark(self._hold))

    def survivors(self) -> tuple[Survivor, ...]:
        """Nobody can be named."""
        return ()

    def usage(self) -> Usage | None:
        """Nothing is known."""
        return None

    async def aclose(self) -> None:
        """There is nothing to let go of."""
        await trio.lowlevel.checkpoint()
