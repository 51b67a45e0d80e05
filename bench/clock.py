"""When things happen, seen by the kernel: no thread and no sleep stands between an event and its time."""

import os
import select
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 10.0
"""Seconds after which the bench gives up on something that should take milliseconds."""


class Overdue(Exception):
    """Something did not happen in time."""


def first_readable(fds: Mapping[str, int], started: float) -> dict[str, float]:
    """Wait until each descriptor could be read once; return when that was, in seconds after `started`.

    A pidfd becomes readable when its process has ended (pidfd_open(2)).
    """
    poll, names, seen = select.poll(), {fd: name for name, fd in fds.items()}, dict[str, float]()
    for fd in names:
        poll.register(fd, select.POLLIN)
    while names:
        ready = poll.poll(PATIENCE * 1000)
        moment = time.perf_counter() - started
        if not ready:
            raise Overdue(f"after {PATIENCE:g} s still waiting for: {', '.join(names.values())}")
        for fd, _ in ready:
            poll.unregister(fd)
            seen[names.pop(fd)] = moment
    return seen


class Reports:
    """The FIFO on which agents report, one line each time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "reports"
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR)
        self._lines = list[str]()
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.fd)

    def expect(self, word: str) -> str:
        """Wait for the next report, which must begin with `word`; return the rest of it."""
        while not self._lines:
            first_readable({f"the report {word!r}": self.fd}, time.perf_counter())
            *lines, self._rest = (self._rest + os.read(self.fd, 65536)).split(b"\n")
            self._lines += [line.decode() for line in lines]
        said, _, rest = self._lines.pop(0).partition(" ")
        if said != word:
            raise Overdue(f"an agent reported {said!r} where {word!r} was expected")
        return rest
