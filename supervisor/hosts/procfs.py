"""The table of processes on Linux: /proc, pidfds and prctl (proc(5), pidfd_open(2), prctl(2))."""

import ctypes
import errno
import os
import re
import signal
import time
from contextlib import suppress

from .entry import Entry

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PR_SET_CHILD_SUBREAPER = 36
_MARK = re.compile(rb"(?:^|\0)ENNIO_MARK=([^\0]*)")


def look(pid: int) -> Entry | None:
    """Return the process as it is now, or None when there is none."""
    line = _read(f"/proc/{pid}/stat")
    head, _, tail = line.rpartition(b") ")  # a command may hold anything, `) ` too
    if not head:
        return None
    fields = tail.split()
    return Entry(
        pid=pid,
        state=fields[0].decode(),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        start=int(fields[19]),
        threads=int(fields[17]),
        command=head.partition(b"(")[2].decode(errors="replace"),
    )


def everything() -> dict[int, Entry]:
    """Return every process that is alive, by its pid."""
    entries = (look(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {entry.pid: entry for entry in entries if entry and entry.alive}


def adopted() -> list[int]:
    """Return the pids of this process's children that hang on its main thread, those that came last last.

    Adopted ones always do. One can be missing when the one before it is reaped during the reading.
    """
    me = os.getpid()
    return [int(pid) for pid in _read(f"/proc/{me}/task/{me}/children").split()]


def mark_of(pid: int) -> str | None:
    """Return the ENNIO_MARK with which the process was started, or None where none can be read."""
    found = _MARK.search(_read(f"/proc/{pid}/environ"))
    return found[1].decode(errors="replace") if found else None


def pipes_of(pid: int) -> set[str]:
    """Return what the process has open, as it is written in /proc/PID/fd: `pipe:[INODE]` and the like."""
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):
        return {_target(f"{folder}/{name}") for name in os.listdir(folder)}
    return set()


def uid_of(pid: int) -> int:
    """Return the effective user of a process, or -1 when it is gone."""
    found = re.search(rb"^Uid:\s+\d+\s+(\d+)", _read(f"/proc/{pid}/status"), re.MULTILINE)
    return int(found[1]) if found else -1


def memory_of(pid: int) -> int:
    """Return how many bytes of memory a process has that it shares with no other, 0 when it is gone."""
    fields = _read(f"/proc/{pid}/statm").split()
    return (int(fields[1]) - int(fields[2])) * _PAGE if len(fields) > 2 else 0


def send(entry: Entry, number: signal.Signals) -> None:
    """Signal exactly this process, or nothing: a pid that was given out again is left alone.

    A process of another user is left alone too; it goes on being listed.
    """
    with suppress(ProcessLookupError, PermissionError):
        try:
            pidfd = os.pidfd_open(entry.pid)
        except OSError as error:
            if error.errno == errno.ESRCH:
                return
            if _is_still(entry):  # no pidfds here, or no descriptor left for one
                os.kill(entry.pid, number)
            return
        try:
            if _is_still(entry):
                signal.pidfd_send_signal(pidfd, number)
        finally:
            os.close(pidfd)


def become_subreaper() -> bool:
    """Make this process the parent of whatever its descendants orphan; return whether that worked."""
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def ticks() -> int:
    """Return the time since boot, in the ticks of `Entry.start`."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS)


def boot_id() -> str:
    """Return what names this boot of the machine."""
    return _read("/proc/sys/kernel/random/boot_id").decode().strip()


def _is_still(entry: Entry) -> bool:
    now = look(entry.pid)
    return now is not None and now.start == entry.start


def _read(path: str) -> bytes:
    """Return a file of /proc, or nothing when the process is gone or may not be looked at.

    Raises `OSError` for whatever else is wrong, as when no descriptor is left: nobody is gone for that.
    """
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            parts = []
            while part := os.read(descriptor, 65536):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)
    return b""


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""
