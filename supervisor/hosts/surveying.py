"""What each held tree takes, in one pass over the table of processes."""

from collections.abc import Iterable

from ..records import Usage
from . import table
from .kin import Kin


def measure(trees: Iterable[Kin]) -> None:
    """Note what each tree takes; where the kernel counts for it, what the kernel says."""
    for kin in trees:
        counted = kin.cgroup.usage() if kin.cgroup else None
        holder = kin.leader.ident if kin.reaper else None
        below = [entry for entry in kin.members if entry.ident != holder]
        kin.usage = counted or Usage(len(below), sum(table.memory_of(entry.pid) for entry in below))
        _note_sessions(kin)


def _note_sessions(kin: Kin) -> None:
    """Write down the sessions of a tree when they are others than before."""
    leaders = {entry.ident for entry in kin.members if entry.pid == entry.session}
    started = {pid for pid, _ in leaders}
    left_behind = {(entry.session, 0) for entry in kin.members if entry.session not in started}
    sessions = frozenset((leaders | left_behind) - {kin.leader.ident})
    if kin.folder and sessions and sessions != kin.noted:
        kin.noted = sessions
        kin.folder.note_sessions(sessions)
