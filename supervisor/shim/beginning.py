"""How a process becomes a shim: it leaves its terminal, hears what to run, and forks it."""

import errno
import os
import signal
import socket
import time
from contextlib import suppress
from typing import NoReturn

from ..output import OutputLog
from . import agent, orders, proc, terminal
from .agent import Child
from .cgroup import Cgroup
from .connection import Connection, is_ours
from .frames import Decoder, Frame, Malformed, encode
from .input import Input
from .orders import Start
from .output import Output
from .run_folder import RunFolder, listen
from .shim import Shim
from .tree import Tree

_PATIENCE = 30.0
"""Seconds within which a server has to say what to run."""

_FIRST_WORDS = 2.0
"""Seconds within which one that connected has to say it, while others may want to connect."""

Heard = tuple[Start, Decoder, list[Frame]]
"""What to run, and what was said since."""


def for_connection(connection: socket.socket) -> NoReturn:
    """Be the shim of the agent that the server at the other end will name."""
    _prepare()
    terminal.leave()
    terminal.hide()
    heard = _hear(connection, time.monotonic() + _PATIENCE)
    if heard is None:
        os._exit(1)
    _Beginning(heard[0], connection, None).run(heard)


def in_folder(folder: str) -> NoReturn:
    """Be the shim of the agent that a server will name which connects to `control` in this folder.

    Exits with code 1 when none does within 30 seconds.
    """
    deafen()
    _prepare()
    terminal.fill()
    terminal.leave()
    os.chdir(folder)
    listener = listen()
    until = time.monotonic() + _PATIENCE
    while (left := until - time.monotonic()) > 0:
        listener.settimeout(left)
        with suppress(TimeoutError, ConnectionError):
            connection, _ = listener.accept()
            if is_ours(connection):
                heard = _hear(connection, min(until, time.monotonic() + _FIRST_WORDS))
                if heard is not None:
                    _Beginning(heard[0], connection, listener).run(heard)
            connection.close()
    os.unlink("control")
    os._exit(1)


def deafen() -> None:
    """Ignore the signals that are meant for others; wake up for a child's.

    A zygote does it for all that it forks: a shim that does it itself writes to 0.7 MiB that it shared.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _prepare() -> None:
    proc.take_name("ennio-shim")
    proc.become_subreaper()


def _hear(connection: socket.socket, until: float) -> Heard | None:
    """Wait for the order to start something; None when none comes."""
    decoder = Decoder()
    try:
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            data = connection.recv(1 << 16)
            if not data:
                return None
            if frames := decoder.feed(data):
                return orders.start(frames[0][0]), decoder, frames[1:]
    except (OSError, Malformed):
        pass
    return None


class _Beginning:
    """The steps until the agent runs; when one fails, nothing of the others stays, and the server knows."""

    def __init__(self, order: Start, connection: socket.socket, listener: socket.socket | None) -> None:
        self._order, self._connection, self._listener = order, connection, listener
        self._child: Child | None = None
        self._cgroup: Cgroup | None = None
        self._folder = RunFolder()
        self._file = order.folder
        """What is being worked on: it is blamed when that fails."""

    def run(self, heard: Heard) -> NoReturn:
        """Start the agent, and be its shim."""
        _, decoder, frames = heard
        try:
            shim = self._build(Connection(self._connection, decoder))
        except Exception as error:
            self._give_up(error)
        shim.run(frames)

    def _build(self, server: Connection) -> Shim:
        order = self._order
        if self._listener is None:
            os.chdir(order.folder)
            self._listener = listen()
        self._file = order.output
        log = OutputLog(order.output, order.keep_bytes)
        if order.cgroup is not None:
            self._file = order.cgroup
            self._cgroup = Cgroup(order.cgroup)
        self._file = order.argv[0]
        child = self._child = agent.fork(order, self._cgroup)
        self._file = order.folder
        me, it = ((pid, proc.start_of(pid) or 0) for pid in (os.getpid(), child.pid))
        self._folder.state(order, me, it, log.end)
        started = {"is": "started", "pid": it[0], "start": it[1], "holder": me[0], "holder_start": me[1]}
        shim = Shim(
            order=order,
            server=server,
            listener=self._listener,
            verdict=child.verdict,
            folder=self._folder,
            cgroup=self._cgroup,
            tree=Tree(child.pid, self._cgroup),
            stdin=Input(child.stdin, self._folder.completed),
            output=Output(child.output, log, self._folder.note),
            started={**started, "boot_id": proc.boot_id(), "output_start": log.end},
        )
        os.write(child.gate, b"x")
        os.close(child.gate)
        return shim

    def _give_up(self, error: Exception) -> NoReturn:
        if self._child is not None:
            os.close(self._child.gate)
            os.waitpid(self._child.pid, 0)
        if self._cgroup is not None:
            with suppress(OSError):
                self._cgroup.remove()
        self._folder.forget()
        if self._listener is not None:
            with suppress(OSError):
                os.unlink("control")
        number = error.errno if isinstance(error, OSError) and error.errno else errno.EIO
        with suppress(OSError):
            self._connection.settimeout(1)
            self._connection.sendall(encode({"is": "failed", "errno": number, "file": self._file}))
        os._exit(1)
