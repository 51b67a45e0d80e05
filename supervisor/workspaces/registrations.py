"""What git keeps of each worktree in the repository, see gitrepository-layout(5), worktrees. It blocks.

`git worktree` cannot remove a registration that was cut short in its making or in its removal, so that
is done here.
"""

import os
import shutil
from pathlib import Path

_ITSELF = "initializing"
"""What git's own lock says for as long as it makes a worktree: builtin/worktree.c of git."""


def of(common: Path, folder: Path) -> list[Path]:
    """Return the registrations of the worktree at `folder`.

    One that bears its name and leads nowhere is one that git had only begun, or only begun to remove.
    """
    return [
        one
        for one in _all(common)
        if (home := home_of(one)) == folder or (home is None and one.name == folder.name)
    ]


def lost(common: Path, root: Path) -> list[Path]:
    """Return the homes in `root` of worktrees that are registered and not there."""
    homes = [home for one in _all(common) if (home := home_of(one))]
    return [home for home in homes if home.parent == root and not os.path.lexists(home)]


def home_of(registration: Path) -> Path | None:
    """Return the folder of a worktree, None where that is not written down."""
    try:
        said = os.fsdecode((registration / "gitdir").read_bytes()).removesuffix("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not said:
        return None
    place = Path(os.path.normpath(registration / said)).parent  # newer git may write it relative
    return Path(os.path.realpath(place.parent)) / place.name


def is_locked(common: Path, folder: Path) -> bool:
    """Whether somebody has locked the worktree at `folder`, see git-worktree(1), lock."""
    locks = [one / "locked" for one in of(common, folder)]
    return any(lock.exists() and lock.read_text(errors="replace").strip() != _ITSELF for lock in locks)


def leads_here(folder: Path, common: Path) -> bool:
    """Whether `folder` is a worktree of the repository with that common directory, by its own word."""
    try:
        said = os.fsdecode((folder / ".git").read_bytes()).removesuffix("\n")
    except OSError:
        return False
    place = Path(os.path.realpath(folder / said.removeprefix("gitdir: ")))
    return said.startswith("gitdir: ") and place.parent == common / "worktrees"


def head_at_last(common: Path, folder: Path) -> str | None:
    """Return the commit to which the last command in the worktree has set its HEAD, if that is known."""
    for one in of(common, folder):
        log = one / "logs" / "HEAD"
        if log.exists() and (lines := log.read_bytes().splitlines()):
            return lines[-1].split(b" ", 2)[1].decode("ascii", "replace")
    return None


def forget(common: Path, folder: Path) -> None:
    """Remove the registrations of the worktree at `folder`, as git would."""
    for one in of(common, folder):
        shutil.rmtree(one)
    worktrees = common / "worktrees"
    if worktrees.is_dir() and not any(worktrees.iterdir()):
        worktrees.rmdir()


def _all(common: Path) -> list[Path]:
    worktrees = common / "worktrees"
    return sorted(worktrees.iterdir()) if worktrees.is_dir() else []
