"""The table of processes: what this system lets us see of it, and whom it lets us signal."""

import sys

if sys.platform == "linux":
    from .procfs import (
        adopted,
        become_subreaper,
        boot_id,
        everything,
        look,
        mark_of,
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
    "pipes_of",
    "send",
    "ticks",
    "uid_of",
]
