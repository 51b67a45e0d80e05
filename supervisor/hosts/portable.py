"""The table of processes where there is no /proc, through psutil: best effort.

Orphans go to init there, so what left the tree is found by its mark alone.
"""

import os
import signal
import time
from contextlib import suppress

import psutil

from .entry import Entry

_TICKS = 100
_LETTERS = {
    psutil.STATUS_RUNNING: "R",
    psutil.STATUS_DISK_SLEEP: "D",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_DEAD: "X",
}


def look(pid: int) -> Entry | None:
    """Return the process as it is now, or None when there is none."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            return Entry(
                pid=pid,
                state=_LETTERS.get(process.status(), "S"),
                parent=process.ppid(),
                group=os.getpgid(pid),
                session=os.getsid(pid),
                start=int(process.create_time() * _TICKS),
                command=process.name(),
            )
    except (psutil.Error, OSError):
        return None


def everything() -> dict[int, Entry]:
    """Return every process that is alive and may be looked at, by its pid."""
    entries = map(look, psutil.pids())
    return {entry.pid: entry for entry in entries if entry and entry.alive}


def adopted() -> list[int]:
    """Return nothing: no process here adopts another's orphans."""
    return []


def mark_of(pid: int) -> str | None:
    """Return the ENNIO_MARK with which the process was started, or None where none can be read."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ().get("ENNIO_MARK")
    return None


def pipes_of(pid: int) -> set[str]:
    """Return nothing: the pipes of another process cannot be looked at here."""
    return set()


def uid_of(pid: int) -> int:
    """Return the effective user of a process, or -1 when it is gone."""
    with suppress(psutil.Error):
        return psutil.Process(pid).uids().effective
    return -1


def memory_of(pid: int) -> int:
    """Return how many bytes of memory a process has, 0 when it is gone or may not be looked at."""
    with suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def send(entry: Entry, number: signal.Signals) -> None:
    """Signal this process, unless its pid was given out again; one of another user is left alone."""
    now = look(entry.pid)
    if now and now.start == entry.start:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(entry.pid, number)


def become_subreaper() -> bool:
    """Return False: orphans go to init here."""
    return False


def ticks() -> int:
    """Return the time, in the unit of `Entry.start`."""
    return int(time.time() * _TICKS)


def boot_id() -> str:
    """Return what names this boot of the machine."""
    return f"boot-{psutil.boot_time():.0f}"
