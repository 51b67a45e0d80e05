"""The hold on one agent by way of the process that holds it."""

import math
from collections.abc import Callable
from functools import partial

import structlog
import trio

from ..errors import Conflict, Invalid, Survivor
from ..output import Chunk, OutputLog
from ..protocols import Holder
from ..records import Hold, Usage
from .letters import Letter
from .vigil import Vigil

_log = structlog.get_logger()

_STEP = 65536

_MOST = 15 << 20
"""Bytes of one write."""

_VERDICT = 2.0
"""Seconds that a holder may take to say whether a write was withdrawn."""

_LOOK_AGAIN = 1.0
"""Seconds until the output is looked at again while nobody tells that it grew, and after a failure."""


class HeldTerminal:
    """The hold on one agent: `protocols.Terminal`. `new`: it was started just now, for us."""

    def __init__(self, holder: Holder, hold: Hold, *, new: bool) -> None:
        self.handle = holder.handle
        self.taken = 0
        self._holder, self._hold = holder, hold
        self._log = OutputLog(hold.output, hold.keep_bytes)
        self._pen = trio.Lock()
        self.vigil = Vigil(holder, hold, new=new)

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        """Write all of `data` to the agent; call `begun` when its first byte is on the way.

        Cancelled before that: nothing was written. Cancelled later: it is completed all the same, before
        any other. Raises `Conflict` when the agent reads no more.
        """
        if len(data) > _MOST:
            raise Invalid(f"a message to {self._hold.session_id} may have {_MOST >> 20} MiB at most")
        async with self._pen:
            await self.vigil.attached.wait()
            if self.vigil.deaf:
                raise self._deaf()
            letter = self.vigil.letters.write(data, partial(self._begun, begun))
            self._holder.send({"do": "write", "seq": letter.seq}, data)
            try:
                await letter.settled.wait()
            except trio.Cancelled:
                if letter.begun or not await self._completed(letter):
                    raise
        if not letter.done:
            raise self._deaf()

    @property
    def place(self) -> int:
        """The number of the next write."""
        return self.vigil.letters.last + 1

    async def close_input(self) -> None:
        """Let the agent read to the end of its input, once it has all that was written."""
        await trio.lowlevel.checkpoint()
        self._holder.send({"do": "close_input"})

    async def read(self, after: int) -> Chunk:
        """Wait for output past the byte `after`; an empty chunk means that no more will come."""
        await trio.lowlevel.checkpoint()
        while True:
            final, more = self.vigil.silent, self.vigil.more
            try:
                self._log.refresh(None if final else self.vigil.output_end)
                chunk = self._log.read(after, _STEP)
            except OSError as error:
                session_id = self._hold.session_id
                _log.error("kept output cannot be read", session_id=session_id, error=error.strerror)
                await trio.sleep(_LOOK_AGAIN)
                continue
            if chunk.data or final:
                return chunk
            with trio.move_on_after(math.inf if self._holder.connected else _LOOK_AGAIN):
                await more.wait()

    async def wait(self) -> int | None:
        """Wait until the agent itself has ended; return its exit code, or minus the signal's number.

        None: nobody knows, because what held the agent was killed.
        """
        while not self.vigil.exited:
            await self.vigil.progress()
        return self.vigil.code

    async def stop(self, grace: float) -> None:
        """End the agent and all it started; see `protocols.Terminal.stop`. The rest of its output is kept.

        It goes on when whoever called this is cancelled.
        """
        self.vigil.ask(grace)
        while not self.vigil.over:
            await self.vigil.progress()

    @property
    def alone(self) -> float | None:
        """After so many seconds without a server its holder ended it, or None."""
        return self.vigil.alone

    def survivors(self) -> tuple[Survivor, ...]:
        """What `stop` has not ended yet."""
        return self.vigil.survivors()

    def usage(self) -> Usage | None:
        """What the agent's tree took when it was last surveyed, or None when it was not yet."""
        return self._holder.usage()

    async def aclose(self) -> None:
        """Let go of the agent; if it was not stopped it goes on, for as long as its holder has patience."""
        with trio.CancelScope(shield=True):
            await self.vigil.leave()
            await self._holder.aclose()

    def _begun(self, tell: Callable[[], None]) -> None:
        self.taken = self.vigil.letters.last
        tell()

    async def _completed(self, letter: Letter) -> bool:
        """Take a letter back; return True when that is too late, because it was written whole."""
        letter.withdrawn = True
        with trio.move_on_after(_VERDICT, shield=True):
            self._holder.send({"do": "withdraw", "seq": letter.seq})
            await letter.settled.wait()
        if not letter.settled.is_set():
            letter.begin()  # or so it must be taken: nobody can promise that it will not be written
        return letter.done

    def _deaf(self) -> Conflict:
        return Conflict(f"the agent of {self._hold.session_id} reads no more")
