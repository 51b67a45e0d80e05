"""Whose a process is: rules over one picture of the table of processes."""

import os
from collections.abc import Iterable, Mapping, Sequence

from . import table
from .entry import Entry, Ident
from .kin import Aim, Kin

Entries = Mapping[int, Entry]


def owners(
    entries: Entries, trees: Iterable[Kin], known: Mapping[Ident, Kin], *, adopts: bool
) -> dict[int, Kin | None]:
    """Return whose each process is, as far as memory, sessions and descent tell.

    With `adopts` every orphan is a child of this process, unless its tree is a foreign one, and only there
    is its session asked for: all else has the owner of its parent.
    """
    me = os.getpid()
    sessions = {session: kin for kin in trees for session in kin.sessions}
    found: dict[int, Kin | None] = {me: None}
    for start in entries:
        pid, line, owner = start, list[int](), None
        while owner is None and pid not in found and (entry := entries.get(pid)):
            found[pid] = None  # also ends a circle, which a pid that was given out again can make
            line.append(pid)
            pid = entry.parent
            owner = known.get(entry.ident)
            if owner is None and (kin := sessions.get(entry.session)):
                owner = kin if pid == me or kin.foreign or not adopts else None
        owner = owner or found.get(pid)
        found.update(dict.fromkeys(line, owner))
    return found


def leaking(entries: Entries, trees: Iterable[Kin]) -> list[Kin]:
    """Return the trees that can have orphans: all but those whose own reaper lives."""

    def sealed(kin: Kin) -> bool:
        leader = entries.get(kin.leader.pid)
        return kin.reaper and leader is not None and leader.ident == kin.leader.ident

    return [kin for kin in trees if not sealed(kin)]


def judge(stray: Entry, trees: Sequence[Kin], *, by_mark_alone: bool) -> Kin | None:
    """Return the tree from which an orphan came that nobody has seen before.

    It carries the tree's mark, or holds one of its pipes, or began when no other tree was there that is
    not to die as well.
    """
    mark = table.mark_of(stray.pid)
    for kin in trees:
        if kin.bears(mark):
            return kin
    if by_mark_alone:
        return None
    pipes = table.pipes_of(stray.pid)
    for kin in trees:
        if kin.pipes & pipes:
            return kin
    elders = [kin for kin in trees if kin.leader.start <= stray.start and not kin.foreign]
    doomed = all(kin.aim is Aim.DIE for kin in elders)
    return elders[0] if elders and (doomed or len(elders) == 1) else None
