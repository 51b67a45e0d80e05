"""Which branches a session's checkout has made: the entry of the reflog that began the branch tells.

A name would not do. Between a crash and the next start a user may have made a branch of the same name.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import trio

from ..errors import CommandFailed, EnnioError
from .branching import HEADS
from .repository import Repository

_SETTLED = 1.0
"""Seconds. Git holds the lock of a ref for less, unless a hook makes it wait."""


@dataclass(frozen=True, slots=True)
class Birth:
    """How a branch came to be: at which commit, and the words of the reflog."""

    commit: str
    words: str


def words(ref: str, session_id: str) -> str:
    """Return what the reflog is to say of a branch that the checkout of a session begins at `ref`."""
    return f"branch: Created from {ref}{_mark(session_id)}"


async def birth(repository: Repository, ref: str) -> Birth | None:
    """Return how `ref`, which is there, came to be; None when nobody knows."""
    log = await repository.common_dir() / "logs" / ref
    entries = await trio.to_thread.run_sync(_births, log)
    if entries is None:  # the repository keeps its refs in another way: git-config(1), extensions.refStorage
        said = await repository.run("log", "--walk-reflogs", "--format=%H %gs", "--end-of-options", ref, "--")
        entries = [Birth(*line.split(" ", 1)) for line in said.splitlines()[-1:]]
    return entries[-1] if entries else None


async def drop(
    repository: Repository, branch: str, folder: Path, *, since: float | None, own: str | None = None
) -> bool:
    """Delete `branch` if the checkout at `folder` made it and it holds nothing of its own; say if it is gone.

    Nothing beyond the commit at which it began, that is, or beyond `own`. Whoever moves it at the same
    moment wins, and it stays, as it does where another folder has it checked out. `since`: when we began
    to change it, in seconds; a lock on it that is younger and outlived its git is ours. Take a `turn`.
    Raises `EnnioError` when a branch that should go cannot.
    """
    ref = HEADS + branch
    await unlock(repository, ref, since)
    said = await repository.run("for-each-ref", "--format=%(objectname) %(worktreepath)", ref)
    tip, _, where = said.removesuffix("\n").partition(" ")
    if not tip:
        log = await repository.common_dir() / "logs" / ref
        await trio.to_thread.run_sync(_forget_unborn, log, folder.name)
        return True
    began = await birth(repository, ref)
    if began is None or not began.words.endswith(_mark(folder.name)) or where not in {"", str(folder)}:
        return False
    if tip != own and await _has_more(repository, tip, began.commit):
        return False
    try:
        await repository.run("update-ref", "-d", ref, tip)
    except CommandFailed as error:
        if tip not in (await repository.refs(ref)).values():
            return False
        raise EnnioError(
            f"its branch {branch} cannot be deleted: {await _why(repository, ref, error)}"
        ) from error
    return True


async def unlock(repository: Repository, ref: str, since: float | None) -> None:
    """Remove the lock of `ref` that a git of ours left when it was killed, begun at `since` or later.

    One that is older is somebody else's and stays, and git will name it.
    """
    lock = await repository.common_dir() / f"{ref}.lock"
    with trio.move_on_after(2 * _SETTLED):
        while since is not None:
            try:
                made = lock.stat().st_mtime
            except (FileNotFoundError, NotADirectoryError):
                return
            if made < since:
                return
            if time.time() - made >= _SETTLED:
                lock.unlink(missing_ok=True)
                return
            await trio.sleep(_SETTLED / 20)


def _mark(session_id: str) -> str:
    return f" for session {session_id}"


def _births(log: Path) -> list[Birth] | None:
    """Read those lines of a reflog whose old value is nothing; an older log may go on under a new branch."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    split = [line.partition("\t") for line in lines]
    return [
        Birth(head.split(" ", 2)[1], said) for head, _, said in split if not head.split(" ", 1)[0].strip("0")
    ]


def _forget_unborn(log: Path, session_id: str) -> None:
    """Remove the reflog of a branch that is not there: git writes it first, and may be killed after that."""
    born = _births(log)
    if born and born[-1].words.endswith(_mark(session_id)):
        log.unlink(missing_ok=True)


async def _has_more(repository: Repository, tip: str, base: str) -> bool:
    try:
        return await repository.has_own_commits(tip, base)
    except CommandFailed:  # the base is not there any more: a branch too many loses nothing
        return True


async def _why(repository: Repository, ref: str, error: CommandFailed) -> str:
    common = await repository.common_dir()
    there = [name for name in ("packed-refs.lock", f"{ref}.lock") if (common / name).exists()]
    if not there:
        return error.words
    rest = "if no git is running in it, one that was killed has left that: then remove it"
    return f"the git directory of {repository.name} holds {' and '.join(there)}; {rest}"
