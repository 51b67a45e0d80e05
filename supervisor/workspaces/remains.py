"""What a `git fetch` leaves behind that was killed: locks, and packs that it would have kept from a gc.

A part of a pack that it had begun stays, tmp_pack_*: git's own gc knows when that is nobody's any more.
"""

import os
import re
import socket
from collections.abc import Iterable
from pathlib import Path

import trio

from . import births
from .repository import Repository

_KEEPER = re.compile(r"fetch-pack (\d+) on (.*)\n?")
"""What a fetch writes into the .keep of a pack until refs lead to it: fetch-pack.c of git."""


async def clear(repository: Repository, refs: Iterable[str], since: float) -> None:
    """Remove what a fetch of these refs (full names) left that began at `since` and has ended.

    What is not certainly its own stays: locks that are older, packs whose fetch is alive.
    """
    for ref in (*refs, "shallow"):
        await births.unlock(repository, ref, since)
    common = await repository.common_dir()
    await trio.to_thread.run_sync(_release_packs, common / "objects" / "pack", since)


def _release_packs(packs: Path, since: float) -> None:
    for keep in packs.glob("*.keep"):
        try:
            if keep.stat().st_mtime < since:
                continue
            keeper = _KEEPER.fullmatch(keep.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            continue
        if keeper and keeper[2] == socket.gethostname() and not _is_there(int(keeper[1])):
            keep.unlink(missing_ok=True)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
