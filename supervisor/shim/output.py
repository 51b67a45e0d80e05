"""What an agent says, on its way from its pipe to its log."""

import math
import os
import select
import time
from collections.abc import Callable

from ..output import OutputLog

_STEP = 1 << 16
_CATCH_UP = 1 << 20
"""Bytes that are taken at once when the agent has ended: as much as the largest pipe holds."""

_RETRY = 1.0
"""Seconds until the disk is tried again that refused."""


class Brake:
    """Holds a flood to a rate, by telling when to read on; without any clock of its own.

    `rate` is in bytes a second, `burst` in seconds: so much of the rate may come at once.
    """

    def __init__(self, rate: float = 4e6, burst: float = 0.1) -> None:
        self._rate, self._burst = rate, burst
        self._paid_until = -math.inf

    def took(self, count: int, now: float) -> None:
        """Note that `count` bytes were read."""
        self._paid_until = max(self._paid_until, now) + count / self._rate

    def resume_at(self, now: float) -> float:
        """Return when to read again; not after `now`: at once."""
        return self._paid_until - self._burst if self._paid_until - self._burst > now else now


class Output:
    """The pipe from an agent and the log that it goes to.

    While the disk refuses, what was read is kept and the pipe left alone, so that the agent has to wait.
    """

    def __init__(self, pipe: int | None, log: OutputLog, complain: Callable[[str], None]) -> None:
        self.pipe, self._log, self._complain = pipe, log, complain
        self._brake = Brake()
        self._rest = b""
        self._retry_at = -math.inf
        self._refused = False
        if pipe is not None:
            os.set_blocking(pipe, False)

    @property
    def end(self) -> int:
        """How far the log has come."""
        return self._log.end

    def resume_at(self, now: float, *, hasty: bool) -> float:
        """Return when the pipe is to be read again; not after `now`: at once. Hasty: no brake."""
        if self._rest:
            return self._retry_at
        return now if hasty else self._brake.resume_at(now)

    def overdue(self, now: float) -> bool:
        """Whether the disk is to be tried again, whatever the pipe holds."""
        return bool(self._rest) and now >= self._retry_at

    def step(self, now: float) -> int:
        """Read what is there, up to 64 KiB, and write it down; return how much was read."""
        if self._rest:
            self._keep(b"", now)
            return 0
        if self.pipe is None:
            return 0
        try:
            data = os.read(self.pipe, _STEP)
        except BlockingIOError:
            return 0
        if not data:
            self._hang_up()
        self._brake.took(len(data), now)
        self._keep(data, now)
        return len(data)

    def catch_up(self) -> None:
        """Take what is in the pipe by now. Never waits."""
        taken = 0
        while taken < _CATCH_UP and (count := self.step(time.monotonic())):
            taken += count

    def drain(self, patience: float) -> None:
        """Take all that comes until the pipe's end, for `patience` seconds at most, and close the log."""
        until = time.monotonic() + patience
        while (self.pipe is not None or self._rest) and (now := time.monotonic()) < until:
            if self._rest:
                time.sleep(0.02)
                self._retry_at = now
            elif self.pipe is not None:
                select.select([self.pipe], [], [], until - now)
            self.step(now)
        if self._rest:
            self._complain(f"{len(self._rest)} bytes of the agent's last words were lost: the disk refused")
        self._log.close()

    def _keep(self, data: bytes, now: float) -> None:
        rest, before = self._rest + data, self._log.end
        try:
            self._log.append(rest)
        except OSError as error:
            self._rest = rest[self._log.end - before :]
            self._retry_at = now + _RETRY
            if not self._refused:
                self._complain(f"the output log cannot be written, trying again each second: {error}")
            self._refused = True
        else:
            self._rest, self._refused = b"", False

    def _hang_up(self) -> None:
        if self.pipe is not None:
            pipe, self.pipe = self.pipe, None
            os.close(pipe)
