"""The table of processes: what this system lets us see of it, and whom it lets us signal."""

import sys

from .entry import Entry, Ident

if sys.platform == "linux":
    from .procfs import (
        adopted,
        become_subreaper,
        boot_id,
        everything,
        look,
        mark_of,
        memory_of,
        pipes_of,
        send,
        ticks,
        uid_of,
    )
else:
    from .portable import (
        adopted,
        become_subreaper,
        boot_id,
        everything,
        look,
        mark_of,
        memory_of,
        pipes_of,
        send,
        ticks,
        uid_of,
    )

__all__ = [
    "adopted",
    "become_subreaper",
    "boot_id",
    "everything",
    "look",
    "mark_of",
    "memory_of",
    "pipes_of",
    "send",
    "ticks",
    "uid_of",
]


def is_there(ident: Ident) -> bool:
    """Whether exactly this process is alive."""
    entry = look(ident[0])
    return entry is not None and entry.alive and entry.ident == ident


def stand_in(ident: Ident) -> Entry:
    """Return the process as it is now, or as one that is gone."""
    entry = look(ident[0])
    return (
        entry if entry and entry.ident == ident else Entry(ident[0], "X", 0, ident[0], ident[0], ident[1], "")
    )
