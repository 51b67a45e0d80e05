"""A workspace's folder: taken once, opened up, and taken away at one stroke. All of it blocks."""

import os
import shutil
import stat
from pathlib import Path

from ..errors import Conflict


def take(folder: Path) -> None:
    """Make `folder`, so that it is ours and nobody else's. Raises `Conflict` when it is there already."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError as error:
        raise Conflict(f"the workspace {folder.name} is there already") from error


def open_up(folder: Path) -> list[Path]:
    """Make every folder below readable and writable to us; return those that are repositories of their own.

    Without that, git would not see what is in there, and nothing could be removed.
    Raises `PermissionError` for a folder of somebody else.
    """
    repositories, waiting = list[Path](), [folder]
    while waiting:
        here = waiting.pop()
        if not os.access(here, os.R_OK | os.W_OK | os.X_OK):
            here.chmod(here.stat().st_mode | stat.S_IRWXU)
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name == ".git":
                    repositories.append(here)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
    return [repository for repository in repositories if repository != folder]


def put_aside(folder: Path) -> None:
    """Take `folder` away from its place at one stroke: past this, its removal is only finished."""
    if os.path.lexists(folder):
        folder.rename(_aside(folder))


def remove_aside(folder: Path) -> None:
    """Remove what `put_aside` took away, at this or at an earlier attempt."""
    if _aside(folder).exists():
        open_up(_aside(folder))
        shutil.rmtree(_aside(folder))


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.removed")
