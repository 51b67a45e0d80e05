"""What moves an agent's output from its pipe to the log, and tells who waits for it."""

import math

import structlog
import trio

from ..ids import SessionId
from ..output import Chunk, OutputLog
from ..protocols import Process

_log = structlog.get_logger()

_STEP = 65536

_RATE = 4_000_000
"""Bytes a second. Past them the pipe is left unread, so that an agent that floods it sleeps, not we."""

_BURST = 0.1
"""Seconds' worth of output that may come ahead of the rate."""

_RETRY = 1.0
"""Seconds until the next try to write what the disk would not take."""


class Pump:
    """The output of one process on its way into a log; whoever asks for more waits here."""

    def __init__(self, process: Process, log: OutputLog, session_id: SessionId) -> None:
        self._process, self._output, self._session_id = process, log, session_id
        self._scope = trio.CancelScope()
        self._more, self._dry = trio.Event(), trio.Event()
        self._paid_until = 0.0

    async def run(self) -> None:
        """Move output until its end. A failure ends this, and nothing else."""
        try:
            with self._scope:
                while data := await self._process.read(_STEP):
                    await self._keep(data)
                    await self._brake(len(data))
        except Exception:
            _log.exception("the output of an agent is no longer read", session_id=self._session_id)
        finally:
            self._output.close()
            self._dry.set()
            self._more.set()

    async def read(self, after: int) -> Chunk:
        """Wait for output past the byte `after`; an empty chunk means that no more will come."""
        await trio.lowlevel.checkpoint()
        while True:
            try:
                chunk = self._output.read(after, _STEP)
            except OSError as error:
                _log.error("kept output cannot be read", session_id=self._session_id, error=error.strerror)
                await trio.sleep(_RETRY)
                continue
            if chunk.data or self._dry.is_set():
                return chunk
            await self._more.wait()

    def finish_within(self, seconds: float) -> None:
        """Leave behind what has not come by then: something may hold the pipe open that we cannot end."""
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + seconds)

    async def finished(self) -> None:
        """Wait until no more will come."""
        await self._dry.wait()

    async def _keep(self, data: bytes) -> None:
        failing = False
        while data:
            before = self._output.end
            try:
                self._output.append(data)
            except OSError as error:
                if not failing:
                    failing = True
                    _log.error("output cannot be kept", session_id=self._session_id, error=error.strerror)
            data = data[self._output.end - before :]
            self._more.set()
            self._more = trio.Event()
            if data:
                await trio.sleep(_RETRY)
        if failing:
            _log.info("output is kept again", session_id=self._session_id)

    async def _brake(self, size: int) -> None:
        now = trio.current_time()
        self._paid_until = max(self._paid_until, now - _BURST) + size / _RATE
        if self._paid_until > now and self._scope.deadline == math.inf:
            await trio.sleep_until(self._paid_until)
