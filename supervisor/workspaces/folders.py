"""A workspace's folder: taken once, opened up, and taken away at one stroke. All of it blocks."""

import os
from errno import ENAMETOOLONG
from pathlib import Path

from ..errors import Conflict
from .descent import descend

_PATH_MAX = 4096


def take(folder: Path) -> None:
    """Make `folder`, so that it is ours and nobody else's. Raises `Conflict` when it is there already."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError as error:
        raise Conflict(f"the workspace {folder.name} is there already") from error


def is_there(folder: Path) -> bool:
    """Whether `folder` is a folder, and not a symlink to one."""
    return folder.is_dir() and not folder.is_symlink()


def open_up(folder: Path) -> list[Path]:
    """Make every folder below readable and writable to us; return those that are repositories of their own.

    Without that, git would not see what is in there. Raises `OSError` where that cannot be helped: for a
    folder of somebody else, a symlink in the place of `folder`, or a path too long for git to read.
    """
    repositories = list[Path]()
    for place in descend(folder):
        below = "/".join(place.names)
        longest = max((len(os.fsencode(name)) for name in (*place.folders, *place.others)), default=0)
        if len(os.fsencode(f"{folder}/{below}/")) + longest >= _PATH_MAX:
            raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG), place.names[0] if place.names else below)
        if place.names and (".git" in place.folders or ".git" in place.others):
            repositories.append(folder / below)
    return repositories


def put_aside(folder: Path) -> None:
    """Take `folder` away from its place at one stroke: past this, its removal is only finished."""
    if os.path.lexists(folder):
        remove_aside(folder)
        folder.rename(_aside(folder))


def remove_aside(folder: Path) -> None:
    """Remove what `put_aside` took away, at this or at an earlier attempt."""
    aside = _aside(folder)
    if not is_there(aside):
        aside.unlink(missing_ok=True)
        return
    for place in descend(aside, leave=lambda parent, name: os.rmdir(name, dir_fd=parent)):
        for name in place.others:
            os.unlink(name, dir_fd=place.fd)
    aside.rmdir()


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.removed")
