"""The warm process from which shims are forked: that costs milliseconds, a new interpreter ten times that."""

import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec

import structlog
import trio

from ..errors import Unavailable
from . import table

_log = structlog.get_logger()

_LINGER = 2.0
"""Seconds that it may take to end once its socket was closed."""


class Zygote:
    """One zygote at a time, started when it is wanted and started again when it died.

    It is in our session, for a child in another one is taken for an orphan, and in a group of its own, so
    that what a terminal sends to our group does not reach it.
    """

    def __init__(self) -> None:
        self._process: trio.Process | None = None
        self._socket = -1
        self._turn = trio.Lock()

    async def ready(self) -> None:
        """See to it that there is one. Raises `Unavailable` when it cannot be started."""
        async with self._turn:
            if self._process is None or self._process.poll() is not None:
                await self._start()

    async def fork(self, control: socket.socket) -> None:
        """Have a shim forked, with `control` as its connection. Raises `Unavailable`.

        Whether one came of it is for the other end of `control` to tell: it ends when none did.
        """
        for attempt in (1, 2):
            await self.ready()
            try:
                async with self._turn:
                    await trio.lowlevel.wait_writable(self._socket)
                    with socket.socket(fileno=os.dup(self._socket)) as zygote:
                        socket.send_fds(zygote, [b"+"], [control.fileno()])
            except (OSError, trio.ClosedResourceError) as error:
                await self.aclose()
                if attempt == 2:
                    raise Unavailable(f"no holder for an agent can be started: {error}") from error
            else:
                return

    @property
    def pid(self) -> int | None:
        """Its pid, while it lives."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def wake(self) -> None:
        """Let it go on if somebody has stopped it."""
        entry = table.look(self.pid) if self.pid else None
        if entry and entry.state in "Tt":
            table.send(entry, signal.SIGCONT)

    async def aclose(self) -> None:
        """Let it end, and wait for that."""
        with trio.CancelScope(shield=True):
            async with self._turn:
                process = self._hang_up()
                if process is not None:
                    with trio.move_on_after(_LINGER):
                        await process.wait()
                    if process.poll() is None:
                        process.kill()
                        await process.wait()

    def _hang_up(self) -> trio.Process | None:
        if self._socket >= 0:
            descriptor, self._socket = self._socket, -1
            trio.lowlevel.notify_closing(descriptor)
            os.close(descriptor)
        process, self._process = self._process, None
        return process

    async def _start(self) -> None:
        if self._hang_up() is not None:
            _log.warning("the process that starts agents had ended; starting it again")
        with trio.CancelScope(shield=True):  # nobody else would know of it
            try:
                ours, theirs = socket.socketpair()
                with theirs:
                    self._socket = ours.detach()
                    os.set_blocking(self._socket, False)
                    self._process = await trio.lowlevel.open_process(
                        [sys.executable, "-I", "-S", bootstrap(), "zygote", str(theirs.fileno())],
                        pass_fds=(theirs.fileno(),),
                        env={},
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        process_group=0,
                    )
            except OSError as error:
                self._hang_up()
                raise Unavailable(f"no holder for an agent can be started now: {error.strerror}") from error


def bootstrap() -> str:
    """Return the file by which a shim or a zygote is started."""
    found = find_spec("..shim.bootstrap", __package__)
    if found is None or found.origin is None:
        raise Unavailable(
            "the program that holds agents is not installed: ennio/supervisor/shim/bootstrap.py"
        )
    return found.origin
