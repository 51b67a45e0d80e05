"""The start of an agent: a fork that waits to be let go, and then becomes the program."""

import errno
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from . import terminal
from .cgroup import Cgroup
from .orders import Start


@dataclass(frozen=True, slots=True)
class Child:
    """An agent to be, forked and waiting.

    `gate`: a byte lets it go, closing it ends it. `verdict` ends when the program runs, or first says why
    it does not. `stdin` and `output` are None where it has a terminal.
    """

    pid: int
    gate: int
    verdict: int
    stdin: int | None
    output: int | None


def fork(order: Start, cgroup: Cgroup | None) -> Child:
    """Start the process that will be the agent. Raises `OSError`."""
    gate, our_gate = os.pipe()
    our_verdict, verdict = os.pipe()
    stdin, our_stdin = (None, None) if order.terminal else os.pipe()
    our_output, output = (None, None) if order.terminal else os.pipe()
    # What is sent before the child takes signals waits for that, and is not lost on one that ignores it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid, member = _fork(cgroup)
        if pid == 0:
            os.close(our_gate)
            _become(order, None if member else cgroup, (gate, verdict), stdin, output)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for end in (gate, verdict, stdin, output):
        if end is not None:
            os.close(end)
    return Child(pid, our_gate, our_verdict, our_stdin, our_output)


def _fork(cgroup: Cgroup | None) -> tuple[int, bool]:
    """Fork; return the child's pid, or 0 in the child, and whether that is in its group already."""
    if cgroup:
        with suppress(OSError):
            return cgroup.fork(), True
    return os.fork(), False


def failure(verdict: bytes) -> tuple[int, str]:
    """Return the number of the error, and the file, that a verdict speaks of."""
    number, _, file = verdict.partition(b" ")
    return int(number), file.decode(errors="surrogatepass")


def _become(
    order: Start, cgroup: Cgroup | None, pipes: tuple[int, int], stdin: int | None, output: int | None
) -> NoReturn:
    gate, verdict = pipes
    file = order.argv[0]
    try:
        os.setsid()
        if cgroup:
            file = cgroup.path
            cgroup.join()
        file = order.argv[0]
        _undo_signals()
        _be_nice(order.nice)
        if stdin is not None and output is not None:
            os.dup2(stdin, 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
        else:
            terminal.take()
        if os.read(gate, 1) != b"x":
            os._exit(127)
        file = order.cwd
        os.chdir(order.cwd)
        file = order.argv[0]
        os.execvpe(file, order.argv, {**order.env, "ENNIO_MARK": order.mark})
    except BaseException as error:  # it must end here, whatever it is
        number = error.errno if isinstance(error, OSError) and error.errno else errno.EINVAL
        os.write(verdict, b"%d %s" % (number, file.encode(errors="surrogatepass")[:4000]))
    finally:
        os._exit(127)


def _be_nice(by: int) -> None:
    """Leave the processors to others. A session is a group of its own to the scheduler, see sched(7): within
    it alone `nice` counts, so the group has to be told too."""
    os.nice(by)
    with suppress(OSError), open("/proc/self/autogroup", "w") as group:
        group.write(str(by))


def _undo_signals() -> None:
    """Let signals do what they do by default: a program inherits which are ignored and which blocked."""
    for number in signal.valid_signals():
        if signal.getsignal(number) is not signal.SIG_DFL:
            with suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
