"""Processes as /proc shows them, each held so that its number cannot come to mean another (proc(5))."""

import ctypes
import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Self

_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
_LIBC = ctypes.CDLL(None, use_errno=True)

Ident = tuple[int, int]
"""A pid and its start: what names one process as long as a boot lasts."""


class Stat(NamedTuple):
    """A line of /proc/PID/stat. `start` is in clock ticks since boot, its field 22."""

    state: str
    parent: int
    group: int
    session: int
    threads: int
    start: int
    command: str


HIDDEN = Stat("?", 0, 0, 0, 1, 0, "?")
"""What is known of a process that /proc does not show (hidepid in proc(5))."""


class Held:
    """One process, by a descriptor of its folder in /proc, which stays with it when the pid is reused."""

    def __init__(self, pid: int) -> None:
        """Raises `ProcessLookupError` when there is none, or none that may be seen."""
        self.pid = pid
        try:
            self._folder = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except _GONE as error:
            raise ProcessLookupError(f"there is no process {pid}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._folder)

    def stat(self) -> Stat | None:
        """Return it as it is now, or None when it is gone."""
        return _parse(_read("stat", self._folder))

    def children(self) -> list[int]:
        """Return the pids of its children, those that it got last last."""
        found: list[int] = []
        with suppress(*_GONE):
            tasks = os.open("task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._folder)
            try:
                for task in os.listdir(tasks):
                    found += map(int, _read(f"{task}/children", tasks).split())
            finally:
                os.close(tasks)
        return found

    def uid(self) -> int:
        """Return its effective user, or -1 when it is gone."""
        found = re.search(rb"^Uid:\s+\d+\s+(\d+)", _read("status", self._folder), re.MULTILINE)
        return int(found[1]) if found else -1

    def send(self, number: signal.Signals) -> None:
        """Signal exactly this process. Raises `ProcessLookupError`, `PermissionError`."""
        try:
            # pidfd_send_signal(2) takes a folder of /proc for a pidfd.
            signal.pidfd_send_signal(self._folder, number)
        except ProcessLookupError:
            raise
        except OSError as error:  # not on this kernel, or forbidden; by whom the other way will tell
            if self.stat() is None:
                raise ProcessLookupError(f"process {self.pid} is gone") from error
            os.kill(self.pid, number)


def start_of(pid: int) -> int | None:
    """Return when a process began, in clock ticks since boot, or None when there is none."""
    stat = _parse(_read(f"/proc/{pid}/stat"))
    return stat.start if stat else None


def shows_children() -> bool:
    """Whether this kernel lists the children of a process (CONFIG_PROC_CHILDREN)."""
    me = os.getpid()
    return os.path.exists(f"/proc/{me}/task/{me}/children")


def families() -> Callable[[int], list[int]]:
    """Look at every process once; return what tells the children that a pid had then."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _parse(_read(f"/proc/{name}/stat"))):
            children.setdefault(stat.parent, []).append(int(name))
    return lambda pid: children.get(pid, [])


def boot_id() -> str:
    """Return what names this boot of the machine."""
    return _read("/proc/sys/kernel/random/boot_id").decode().strip()


def become_subreaper() -> None:
    """Make this process the parent of whatever its descendants orphan (prctl(2)). Raises `OSError`."""
    if _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3) != 0:
        raise OSError(ctypes.get_errno(), "this process cannot adopt orphans: PR_SET_CHILD_SUBREAPER failed")


def take_name(name: str) -> None:
    """Give this process the name under which tools list it, cut to 15 bytes."""
    _LIBC.prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()), *[ctypes.c_ulong(0)] * 3)


def _parse(line: bytes) -> Stat | None:
    head, _, tail = line.rpartition(b") ")  # a command may hold anything, `) ` too
    if not head:
        return None
    fields = tail.split()
    return Stat(
        state=fields[0].decode(),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        threads=int(fields[17]),
        start=int(fields[19]),
        command=head.partition(b"(")[2].decode(errors="replace"),
    )


def _read(path: str, folder: int | None = None) -> bytes:
    """Return a file of /proc, or nothing when the process is gone or may not be looked at.

    Raises `OSError` for whatever else is wrong, as when no descriptor is left: nobody is gone for that.
    """
    with suppress(*_GONE):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        try:
            parts = []
            while part := os.read(descriptor, 65536):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)
    return b""
