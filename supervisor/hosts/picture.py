"""One picture of the table of processes, and what it means to every tree."""

import math
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from . import table
from .entry import Entry
from .kin import Aim, Kin
from .kinship import Entries, judge, leaking, owners

_CHASE = 0.03
"""Seconds that one look may run after processes that fork and exit for ever."""


def is_newborn(entry: Entry, births: Sequence[int]) -> bool:
    """Whether it may be a child that this process is starting just now; `births` are when that began."""
    return any(entry.start >= begun for begun in births)


class Picture:
    """Who was alive at one moment, and the trees that were there then.

    `reap` reaps the dead among the orphans that this process adopted, and returns the living. `births`
    tells when what is being started at that moment began, `trees` who is counted in. The picture began to be
    taken at `began`, on the monotonic clock.
    """

    def __init__(
        self,
        entries: Entries,
        births: Callable[[], tuple[int, ...]],
        trees: Callable[[], Sequence[Kin]],
        reap: Callable[[], list[int]],
        *,
        adopts: bool,
        began: float = math.inf,
    ) -> None:
        self._entries, self._births_now, self._reap, self._adopts = entries, births, reap, adopts
        self._began = began
        self._births = births()
        self._trees = trees()
        self._leaking = leaking(entries, self._trees)
        self._hunting = any(kin.aim is Aim.DIE for kin in self._trees)

    def meet_all(self) -> bool:
        """Let every tree meet its members; return whether orphans still turned up at the end."""
        entries = self._entries
        known = {ident: kin for kin in self._trees for ident in kin.known}
        known.update(self._grouped())
        whose = owners(entries, self._trees, known, adopts=self._adopts)
        for stray in self._strays():
            if whose[stray.pid] is None:
                frozen = self._hunting and self._came_to_us(stray) and self._freeze(stray)
                if owner := self._examine(stray, frozen=frozen):
                    known[stray.ident] = owner
        members: dict[Kin, list[Entry]] = {kin: [] for kin in self._trees}
        for pid, owner in owners(entries, self._trees, known, adopts=self._adopts).items():
            if owner:
                members[owner].append(entries[pid])
        restless = self._hunting and self._chase(members)
        for kin in self._trees:
            if kin.counted_in <= self._began:  # a younger one may lack its own here, and would forget them
                kin.meet(members[kin])
        return restless

    def _grouped(self) -> dict[tuple[int, int], Kin]:
        """Return whoever is in the control group of a tree that is to die."""
        hunted = [(kin, kin.cgroup) for kin in self._trees if kin.cgroup and kin.aim is Aim.DIE]
        pids = ((kin, pid) for kin, group in hunted for pid in group.pids())
        return {self._entries[pid].ident: kin for kin, pid in pids if pid in self._entries}

    def _strays(self) -> list[Entry]:
        """Return what could be an orphan of a tree: not in our session, and not older than all of them.

        The orphans of a foreign tree are not ours, so only a hunt for it is worth reading what all the
        processes of this user carry.
        """
        session, me, uid = os.getsid(0), os.getpid(), os.geteuid()
        oldest = min((kin.leader.start for kin in self._leaking), default=None)
        hunted = [kin.leader.start for kin in self._leaking if kin.foreign and kin.aim is Aim.DIE]
        strays = [
            entry
            for entry in self._entries.values()
            if oldest is not None and entry.start >= oldest and entry.session != session and entry.pid != me
        ]
        if not self._adopts:
            return strays
        return [
            entry
            for entry in strays
            if entry.parent == me
            or (hunted and entry.start >= min(hunted) and table.uid_of(entry.pid) in (uid, -1))
        ]

    def _came_to_us(self, stray: Entry) -> bool:
        return self._adopts and stray.parent == os.getpid()

    def _freeze(self, stray: Entry) -> bool:
        """Freeze what is no child that is being started, nor stopped already; return whether that was done.

        To read of a process that forks for ever can take seconds, since both want its memory map.
        """
        if stray.state in "Tt" or is_newborn(stray, self._births):
            return False
        table.send(stray, signal.SIGSTOP)
        return True

    def _examine(self, stray: Entry, *, frozen: bool) -> Kin | None:
        """Find out whose an orphan is. One that was frozen for that goes on, unless its tree is to die."""
        by_mark_alone = is_newborn(stray, self._births) or not self._came_to_us(stray)
        owner = judge(stray, self._leaking, by_mark_alone=by_mark_alone)
        if frozen and (owner is None or owner.aim is not Aim.DIE):
            table.send(stray, signal.SIGCONT)
        return owner

    def _chase(self, members: Mapping[Kin, list[Entry]]) -> bool:
        """Add the orphans born during the look; return whether they still turned up at its end.

        What forks and exits for ever lives for less than 0.1 ms each time. So the youngest is frozen as
        soon as its pid is known: a child's pid cannot be another's before we have reaped it.
        """
        seen = set(self._entries)
        until = time.monotonic() + _CHASE
        while time.monotonic() < until:
            births = self._births_now()
            fresh = [pid for pid in reversed(self._reap()) if pid not in seen]
            if not fresh:
                return False
            self._births = births + self._births_now()  # one may have ended, another begun
            if not self._births:
                for pid in fresh:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGSTOP)
            seen.update(fresh)
            for orphan in filter(None, map(table.look, fresh)):
                if owner := self._examine(orphan, frozen=not self._births):
                    members[owner].append(orphan)
        return True
