"""One line of the kernel's table of processes."""

from typing import NamedTuple

Ident = tuple[int, int]
"""A pid and its start: what names one process for ever, since the kernel gives pids out again."""


class Entry(NamedTuple):
    """A process as it was at one moment.

    `state` is a letter of proc(5). `start` is in clock ticks since boot, or 0 where nobody can tell.
    """

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start: int
    command: str
    threads: int = 1

    @property
    def ident(self) -> Ident:
        """Return what names this process for ever."""
        return self.pid, self.start

    @property
    def alive(self) -> bool:
        """Whether it can still do anything: a zombie cannot, unless only its first thread has ended."""
        return self.state not in {"Z", "X", "x"} or self.threads > 1
