"""What the server tells systemd, after sd_notify(3): when it takes work, when it ends, that it is alive."""

import os
import socket
from collections.abc import Mapping

import structlog
import trio

_PATIENCE = 1.0
"""Seconds in which systemd has to take a word; its queue is full only when it hangs itself."""

_log = structlog.get_logger()


class Systemd:
    """A line to the service manager that has started this process; without one nothing is told.

    `environ` is what it gave: NOTIFY_SOCKET, a path or (`@`) an abstract name, and WATCHDOG_USEC,
    microseconds within which it wants to hear something, where WATCHDOG_PID is us or not given.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._period = _period(environ) if self._address else None

    async def tell(self, *words: str) -> None:
        """Tell it, as `READY=1`. A manager that cannot be told is none, and the log says so."""
        if self._address is None:
            return
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        try:
            with trio.socket.socket(socket.AF_UNIX, kind) as line, trio.fail_after(_PATIENCE):
                await line.connect(self._address)  # else a full queue would look like one with room
                await line.send("\n".join(words).encode())
        except (OSError, trio.TooSlowError) as error:
            _log.warning("systemd could not be told", words=words, why=str(error) or "it does not listen")

    async def keep_alive(self) -> None:
        """Tell it that the event loop goes round, twice in each period; return where it wants no such word.

        When the loop hangs, so does this, and systemd starts the server anew.
        """
        while self._period is not None:
            await self.tell("WATCHDOG=1")
            await trio.sleep(self._period / 2)


def _address(told: str) -> str | None:
    if told.startswith("@"):
        return "\0" + told[1:]
    return told if told.startswith("/") else None


def _period(environ: Mapping[str, str]) -> float | None:
    """Return the seconds within which systemd wants to hear something, or None."""
    told = environ.get("WATCHDOG_USEC", "")
    if not told.isdecimal() or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(told) / 1_000_000 or None
