"""Writes what a pane shows into an output log; run by tmux, `recorder.py NEWS OUTPUT KEEP TTY PID`.

Standard input is what tmux pipes of the pane. Each time the log has grown a byte goes into the FIFO NEWS,
which also ends with this program: so whoever reads it knows when nothing more will come. The first byte
says that nothing can be lost from here on. KEEP is how many bytes are kept of the output. TTY is the pane's
terminal, which is held while its program talks faster than the brake allows or the disk refuses. PID is
the pane's process: tmux can miss its end, and is told of it.

It stands alone, so that it starts in a moment, and outlives the server.
"""

import fcntl
import os
import select
import signal
import sys
import termios
import time
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

_STEP = 1 << 16

_RATE = 4e6
"""Bytes a second: past them the terminal is held, so that the program sleeps, and tmux does not fill up."""

_BURST = 0.1
"""Seconds' worth of output that may come ahead of the rate."""

_RETRY = 1.0
_LAST_TRIES = 5
"""Seconds between two tries to write what the disk refused, and how many there are after the pane's end."""


_NUDGE = 0.2
"""Seconds between two words to a tmux that has missed the end of its pane."""


class Terminal:
    """The pane's terminal, by its path: its output can be held and let go (tcflow(3))."""

    def __init__(self, path: str) -> None:
        self._path = path

    def hold(self) -> None:
        """Let whoever writes to it wait."""
        self._flow(termios.TCOOFF)

    def let_go(self) -> None:
        """Let them write."""
        self._flow(termios.TCOON)

    def _flow(self, action: int) -> None:
        with suppress(OSError, termios.error):
            descriptor = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                termios.tcflow(descriptor, action)
            finally:
                os.close(descriptor)


class Recorder:
    """What is read here goes into the log, whole and in order."""

    def __init__(self, news: str, output: str, keep_bytes: int, terminal: Terminal, pid: int) -> None:
        """Wait until whoever records into the same folder has ended, and say that this one is ready."""
        os.makedirs(output, mode=0o700, exist_ok=True)
        self._lock = os.open(output, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._log = _output().OutputLog(output, keep_bytes)
        self._terminal = terminal
        self._process = _watch(pid)
        self._news = os.open(news, os.O_RDWR | os.O_NONBLOCK)
        self._paid_until = time.monotonic()
        self._tell()

    def run(self) -> None:
        """Record until the pane's end."""
        while data := self._next():
            self._keep(data)
            self._tell()
            self._brake(len(data))

    def _next(self) -> bytes:
        """Wait for output; once the pane's process has ended, help tmux to see that.

        Where a terminal is closed by way of libutempter, a SIGCHLD that comes meanwhile is lost to tmux. It
        looks after its children at any other one.
        """
        while True:
            watched = [0] if self._process is None else [0, self._process]
            ready = select.select(watched, [], [], _NUDGE if self._process is None else None)[0]
            if 0 in ready:
                return os.read(0, _STEP)
            if self._process is None:
                with suppress(PermissionError):  # tmux is gone, and somebody else has adopted us
                    os.kill(os.getppid(), signal.SIGCHLD)
            self._process = None

    def _tell(self) -> None:
        with suppress(BlockingIOError):  # there is news enough in it
            os.write(self._news, b"\n")

    def _keep(self, data: bytes) -> None:
        rest, tries = data, 0
        while rest:
            before = self._log.end
            try:
                self._log.append(rest)
                rest = b""
            except OSError:
                rest = rest[self._log.end - before :]
                tries += _is_over()
                if tries > _LAST_TRIES:
                    return
                self._terminal.hold()
                time.sleep(_RETRY)
                self._terminal.let_go()

    def _brake(self, count: int) -> None:
        now = time.monotonic()
        self._paid_until = max(self._paid_until, now) + count / _RATE
        if self._paid_until - now > _BURST and not _is_over():
            self._terminal.hold()
            time.sleep(self._paid_until - now - _BURST / 2)
            self._terminal.let_go()


def _watch(pid: int) -> int | None:
    with suppress(ProcessLookupError):
        return os.pidfd_open(pid)
    return None


def _is_over() -> bool:
    """Whether the pane has ended, and what is left to be read is all there will be."""
    poll = select.poll()
    poll.register(0, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


def _output() -> ModuleType:
    """Load the output log alone: to import it from its package would load a server."""
    room = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = spec_from_file_location("output", os.path.join(room, "output.py"))
    if spec is None or spec.loader is None:
        sys.exit("output.py is missing: install ennio again")
    module = sys.modules["output"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Do what the arguments say; see above."""
    news, output, keep_bytes, terminal, pid = sys.argv[1:]
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    Recorder(news, output, int(keep_bytes), Terminal(terminal), int(pid)).run()


if __name__ == "__main__":
    main()
