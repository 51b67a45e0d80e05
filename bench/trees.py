"""Process trees, seen from outside: who belongs to one, what it takes, when nothing of it is left."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from .clock import first_readable


def below(pid: int) -> list[psutil.Process]:
    """Return all that a process has started and that still hangs together with it; not itself."""
    return psutil.Process(pid).children(recursive=True)


def marked(mark: str) -> list[int]:
    """Return the processes that have these words in their environment, wherever they hang."""
    found = list[int]()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def pss(processes: Iterable[psutil.Process]) -> int:
    """Return the bytes that processes take, what they share counted once (proc_pid_smaps(5), Pss)."""
    taken = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # one that had just finished
            taken += int(process.memory_full_info().pss)
    return taken


@contextmanager
def watched(processes: Iterable[psutil.Process]) -> Iterator[dict[str, int]]:
    """Give a pidfd of each that still runs, under its name and pid: readable once it has ended."""
    with ExitStack() as stack:
        fds = dict[str, int]()
        for process in processes:
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                name, fd = f"{process.name()} {process.pid}", os.pidfd_open(process.pid)
                stack.callback(os.close, fd)
                fds[name] = fd
        yield fds


def end(processes: list[psutil.Process]) -> float:
    """End processes with SIGKILL; return the seconds until none of them is left."""
    with watched(processes) as fds:
        started = time.perf_counter()
        for fd in fds.values():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        return max(first_readable(fds, started).values(), default=0.0)
