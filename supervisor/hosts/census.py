"""All trees of this process, and one look at the table of processes that they share."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import trio

from . import table
from .kin import Kin
from .picture import Picture, is_newborn

_MANY = 100
"""Orphans beyond which they are not looked at in the event loop."""


class Census:
    """Who is alive, and whose it is.

    On Linux this process adopts whatever its trees orphan, so all that they ever start descends from it,
    and an orphan is told by what `kinship` knows. Elsewhere the mark alone finds an orphan.
    """

    def __init__(self) -> None:
        self.adopts = False
        self.restless = False
        """Whether new orphans were still turning up when the last look ended."""
        self._trees: dict[Kin, None] = {}  # in the order in which they came
        self._children: dict[int, Kin] = {}
        """Whose leaders are children of this process, by pid: each is reaped by whoever waits for it."""
        self._births: list[int] = []
        self._turn, self._lock = trio.Lock(), threading.Lock()
        self._looked_at = -1.0

    def adopt(self) -> None:
        """Adopt orphans from now on, where that is possible.

        From then on programs in sessions of their own must be started through a `Host` alone: any other
        child of that kind would be taken for an orphan.
        """
        self.adopts = self.adopts or table.become_subreaper()

    # Trees come and go.

    @contextmanager
    def birth(self) -> Iterator[None]:
        """Hold this from before a fork until the child is registered: no one takes it for an orphan."""
        begun = table.ticks()
        self._births.append(begun)
        try:
            yield
        finally:
            self._births.remove(begun)

    def births(self) -> tuple[int, ...]:
        """Return when those began that go on now. Read it before the trees: one ends with a registration."""
        return tuple(self._births)

    def register(self, kin: Kin) -> None:
        """Count this tree in, in the place of one with the same leader that nobody holds any more."""
        for other in tuple(self._trees):
            if other.released and other.leader.ident == kin.leader.ident:
                self.forget(other)
        if kin not in self._trees:
            kin.counted_in = time.monotonic()
        self._trees[kin] = None
        if not kin.foreign and table.look(kin.leader.pid) is not None:
            self._children[kin.leader.pid] = kin

    def forget(self, kin: Kin) -> None:
        """Count this tree out."""
        self._trees.pop(kin, None)
        self.reaped(kin)

    def reaped(self, kin: Kin) -> None:
        """Note that the leader is no child of this process any more: its pid may be given out again."""
        if self._children.get(kin.leader.pid) is kin:
            del self._children[kin.leader.pid]

    def trees(self) -> tuple[Kin, ...]:
        """Return those that are counted in now."""
        return tuple(self._trees)

    # Looking.

    def is_empty(self, kin: Kin) -> bool:
        """Tell at once that nothing is left of a tree whose leader was reaped; False: it takes a look.

        Whatever is left hangs on an orphan that was adopted, born after the leader, and of no other tree.
        """
        if kin.foreign or not self.adopts:
            return False
        pids = {*self.reap(), *self.reap()}  # one reading can miss one
        if len(pids) > _MANY:
            return False
        late = [entry for entry in map(table.look, pids) if entry and entry.start >= kin.leader.start]
        others = [other for other in self._trees if other is not kin]
        return all(any(orphan.ident in other.known for other in others) for orphan in late)

    def reap(self) -> list[int]:
        """Reap the adopted orphans that have died; return the pids of the living, those that came last last.

        Each is reaped by its pid: our other children are waited for by whoever started them.
        """
        living = []
        pids = table.adopted()
        births = self.births()
        for pid in pids:
            kin = self._children.get(pid)
            if kin and not kin.released:
                continue
            with suppress(ProcessLookupError, ChildProcessError):
                if not _is_ours(pid):
                    if self._is_newborn(pid, births) or os.waitpid(pid, os.WNOHANG)[0] == 0:
                        living.append(pid)
                    elif kin:
                        self.forget(kin)
        return living

    def _is_newborn(self, pid: int, births: Sequence[int]) -> bool:
        entry = table.look(pid) if births else None
        return entry is not None and is_newborn(entry, births)

    async def look(self) -> None:
        """Let every tree meet its members as they are after this call began.

        Whoever asks meanwhile shares the next look. A look is taken in a thread of its own, and ends
        there even when whoever asked is cancelled.
        """
        asked = time.monotonic()
        async with self._turn:
            if self._looked_at <= asked:
                await trio.to_thread.run_sync(
                    self._look, asked, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
                )

    def _look(self, asked: float) -> None:
        with self._lock:
            began = time.monotonic()
            if self._looked_at <= asked:
                self.reap()
                entries = table.everything()
                picture = Picture(
                    entries, self.births, self.trees, self.reap, adopts=self.adopts, began=began
                )
                self.restless = picture.meet_all()
                self._looked_at = began


def _is_ours(pid: int) -> bool:
    """Whether somebody here started this child in our session, and waits for it.

    What forks in our session for the zygote, and dies before it can leave it, is still of its group.
    """
    return os.getsid(pid) == os.getsid(0) and os.getpgid(pid) in (os.getpgrp(), pid)


CENSUS = Census()
"""The one of this process: a process has one set of children."""
