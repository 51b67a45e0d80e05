"""All trees of this process, and one look at the table of processes that they share."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import trio

from . import table
from .entry import Entry
from .kin import Aim, Kin
from .kinship import Entries, judge, owners

_MANY = 100
"""Orphans beyond which they are not looked at in the event loop."""

_CHASE = 0.03
"""Seconds that one look may run after processes that fork and exit for ever."""


class Census:
    """Who is alive, and whose it is.

    On Linux this process adopts whatever its trees orphan, so all that they ever start descends from it,
    and an orphan is told by what `kinship` knows. Elsewhere the mark alone finds an orphan.
    """

    def __init__(self) -> None:
        self.adopts = False
        self.restless = False
        """Whether new orphans were still turning up when the last look ended."""
        self._trees: dict[int, Kin] = {}
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

    def register(self, kin: Kin) -> None:
        """Count this tree in."""
        self._trees[kin.leader.pid] = kin

    def forget(self, kin: Kin) -> None:
        """Count this tree out."""
        self._trees.pop(kin.leader.pid, None)

    # Looking.

    def is_empty(self, kin: Kin) -> bool:
        """Tell at once that nothing is left of a tree whose leader was reaped; False: it takes a look.

        Whatever is left hangs on an orphan that was adopted, born after the leader, and of no other tree.
        """
        if not self.adopts:
            return False
        pids = {*self.reap(), *self.reap()}  # one reading can miss one
        if len(pids) > _MANY:
            return False
        late = [entry for entry in map(table.look, pids) if entry and entry.start >= kin.leader.start]
        others = [other for other in self._trees.values() if other is not kin]
        return all(any(orphan.ident in other.known for other in others) for orphan in late)

    def reap(self) -> list[int]:
        """Reap the adopted orphans that have died; return the pids of the living, those that came last last.

        Each is reaped by its pid: our other children are waited for by whoever started them.
        """
        session, living = os.getsid(0), []
        pids = table.adopted()
        births = tuple(self._births)  # before the trees: a birth ends with a registration
        for pid in pids:
            if pid in self._trees:
                continue
            with suppress(ProcessLookupError, ChildProcessError):
                mine = os.getsid(pid) == session
                if not mine and (self._is_newborn(pid, births) or os.waitpid(pid, os.WNOHANG)[0] == 0):
                    living.append(pid)
        return living

    def _is_newborn(self, pid: int, births: Sequence[int]) -> bool:
        """Whether it may be a child that is being started just now."""
        entry = table.look(pid) if births else None
        return entry is not None and any(entry.start >= begun for begun in births)

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
                self._meet_all()
                self._looked_at = began

    def _meet_all(self) -> None:
        self.reap()
        entries = table.everything()
        births = tuple(self._births)  # before the trees: a birth ends with a registration
        trees = tuple(self._trees.values())
        hunting = any(kin.aim is Aim.DIE for kin in trees)
        known = {ident: kin for kin in trees for ident in kin.known}
        whose = owners(entries, trees, known, adopts=self.adopts)
        for stray in self._strays(entries, trees):
            if whose[stray.pid] is None:
                frozen = hunting and self.adopts and self._freeze(stray, births)
                if owner := self._examine(stray, trees, births, frozen):
                    known[stray.ident] = owner
        members: dict[Kin, list[Entry]] = {kin: [] for kin in trees}
        for pid, owner in owners(entries, trees, known, adopts=self.adopts).items():
            if owner:
                members[owner].append(entries[pid])
        self.restless = hunting and self._chase(entries, members)
        for kin in trees:
            kin.meet(members[kin])

    def _strays(self, entries: Entries, trees: Sequence[Kin]) -> list[Entry]:
        """Return what could be an orphan of a tree: not in our session, and not older than all of them."""
        me, session = os.getpid(), os.getsid(0)
        oldest = min((kin.leader.start for kin in trees), default=0)
        return [
            entry
            for entry in entries.values()
            if entry.start >= oldest and entry.session != session and (entry.parent == me or not self.adopts)
        ]

    def _freeze(self, stray: Entry, births: Sequence[int]) -> bool:
        """Freeze what is no child that is being started, nor stopped already; return whether that was done.

        To read of a process that forks for ever can take seconds, since both want its memory map.
        """
        if stray.state in "Tt" or any(stray.start >= begun for begun in births):
            return False
        table.send(stray, signal.SIGSTOP)
        return True

    def _examine(self, stray: Entry, trees: Sequence[Kin], births: Sequence[int], frozen: bool) -> Kin | None:
        """Find out whose an orphan is. One that was frozen for that goes on, unless its tree is to die."""
        newborn = any(stray.start >= begun for begun in births)
        owner = judge(stray, trees, by_mark_alone=newborn or not self.adopts)
        if frozen and (owner is None or owner.aim is not Aim.DIE):
            table.send(stray, signal.SIGCONT)
        return owner

    def _chase(self, entries: Entries, members: Mapping[Kin, list[Entry]]) -> bool:
        """Add the orphans born during the look; return whether they still turned up at its end.

        What forks and exits for ever lives for less than 0.1 ms each time. So the youngest is frozen as
        soon as its pid is known: a child's pid cannot be another's before we have reaped it.
        """
        seen = set(entries)
        until = time.monotonic() + _CHASE
        while time.monotonic() < until:
            fresh = [pid for pid in reversed(self.reap()) if pid not in seen]
            if not fresh:
                return False
            births = tuple(self._births)
            if not births:
                for pid in fresh:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGSTOP)
            seen.update(fresh)
            for orphan in filter(None, map(table.look, fresh)):
                if owner := self._examine(orphan, tuple(members), births, frozen=not births):
                    members[owner].append(orphan)
        return True


CENSUS = Census()
"""The one of this process: a process has one set of children."""
