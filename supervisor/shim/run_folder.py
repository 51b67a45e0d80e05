"""A session's run folder: what a server that comes later reads of an agent and of its shim."""

import json
import os
import socket
import time
from contextlib import suppress
from typing import Any

from .orders import Start
from .proc import Ident, boot_id

_NOTES = 100
"""Lines that the shim's own log may get."""


class RunFolder:
    """The files of one shim, in its current folder.

    Nothing is synced: they mean something only as long as this boot lasts. Each is there as a whole or
    not at all.
    """

    def __init__(self) -> None:
        self._input: int | None = None
        self._notes = 0
        self._exit: dict[str, Any] = {}
        self.alone: float | None = None
        """After so many seconds without a server the shim began to end the agent."""

    def state(self, order: Start, holder: Ident, agent: Ident, output_start: int) -> None:
        """Write down who is who, before the agent is executed. Raises `OSError`."""
        self._input = os.open("input", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self._input, b"0", 0)
        _write(
            "state.json",
            {
                "version": 1,
                "session_id": order.session_id,
                "incarnation": order.incarnation,
                "mark": order.mark,
                "holder": holder,
                "agent": agent,
                "boot_id": boot_id(),
                "output_start": output_start,
                "cgroup": order.cgroup,
            },
        )

    def completed(self, seq: int) -> None:
        """Write down the number of the letter that the agent got last; a full disk is no reason to end it."""
        if self._input is not None:
            try:
                os.pwrite(self._input, b"%d" % seq, 0)
            except OSError as error:
                self.note(f"that letter {seq} was completed cannot be written down: {error}")

    def exited(self, code: int | None) -> None:
        """Write down that the agent itself has ended. Raises `OSError`."""
        self._exit = self._end(code)
        _write("exit.json", self._exit)

    def emptied(self, code: int | None) -> None:
        """Write down that nothing is left below the shim. Raises `OSError`."""
        _write("exit.json", {**(self._exit or self._end(code)), "empty": True})

    def _end(self, code: int | None) -> dict[str, Any]:
        alone = {} if self.alone is None else {"alone": self.alone}
        return {"code": code, "at": round(time.time(), 3), **alone}

    def note(self, text: str) -> None:
        """Add a line to shim.log, as far as can be: there is nobody to complain to."""
        self._notes += 1
        if self._notes <= _NOTES:
            with suppress(OSError):
                log = os.open("shim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
                try:
                    os.write(log, f"{time.time():.3f} {text}\n".encode(errors="backslashreplace"))
                finally:
                    os.close(log)

    def forget(self) -> None:
        """Remove what says that an agent was started, since none was."""
        for name in ("state.json", "input"):
            with suppress(OSError):
                os.unlink(name)


def listen() -> socket.socket:
    """Return a socket that listens at `control` in the current folder, for this user alone. Raises `OSError`.

    A name that stands in no folder is short enough for an address whatever the folder's own name is
    (unix(7): 108 bytes).
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind("control")
    finally:
        os.umask(mask)
    listener.listen(8)
    return listener


def _write(name: str, value: dict[str, Any]) -> None:
    """Put a whole file in place of whatever was there. Raises `OSError`."""
    temporary = f"{name}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        text = json.dumps(value).encode()
        if os.write(descriptor, text) < len(text):
            raise OSError(f"{temporary} was written in part: the disk is full")
    finally:
        os.close(descriptor)
    os.rename(temporary, name)
