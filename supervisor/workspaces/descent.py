"""A way through all folders below one, however deep: no recursion, one descriptor, no symlink followed.

A path longer than PATH_MAX cannot be named, and one descriptor a level would run out of them: so it goes
down by names and up by `..`. All of it blocks.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import EBUSY
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ALL = os.R_OK | os.W_OK | os.X_OK


@dataclass(frozen=True, slots=True)
class Place:
    """A folder on the way, until the next step: its descriptor, its name from the top, what is in it."""

    fd: int
    names: tuple[str, ...]
    folders: list[str]
    others: list[str]


def descend(top: Path, *, leave: Callable[[int, str], None] | None = None) -> Iterator[Place]:
    """Give `top` and every folder below it, parents first and in order, each made accessible to us.

    `leave` is called for each folder below `top` when all in it was given, with its parent's descriptor
    and its name. Raises `OSError`: `NotADirectoryError` if `top` is a symlink or a file,
    `PermissionError` for a folder of somebody else.
    """
    fd = _enter(str(top), None)
    names, waiting, known = list[str](), list[list[str]](), list[tuple[int, int]]()
    try:
        while True:
            place = _look(fd, tuple(names))
            waiting.append(place.folders[::-1])
            known.append(_identity(fd))
            yield place
            while not waiting[-1]:
                waiting.pop()
                known.pop()
                if not waiting:
                    return
                fd = _exchange(fd, os.open("..", os.O_RDONLY | _FOLDER, dir_fd=fd))
                if _identity(fd) != known[-1]:
                    raise OSError(EBUSY, "a folder was moved meanwhile", names[-1])
                name = names.pop()
                if leave:
                    leave(fd, name)
            names.append(waiting[-1].pop())
            fd = _exchange(fd, _enter(names[-1], fd))
    finally:
        os.close(fd)


def _look(fd: int, names: tuple[str, ...]) -> Place:
    folders, others = list[str](), list[str]()
    with os.scandir(fd) as entries:
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else others).append(entry.name)
    return Place(fd, names, sorted(folders), sorted(others))


def _enter(name: str, parent: int | None) -> int:
    """Open a folder; where its mode is in the way, change that first."""
    if not os.access(name, _ALL, dir_fd=parent):
        if sys.platform != "linux":
            os.chmod(name, stat.S_IRWXU, dir_fd=parent, follow_symlinks=False)
            return os.open(name, os.O_RDONLY | _FOLDER, dir_fd=parent)
        bare = os.open(name, os.O_PATH | _FOLDER, dir_fd=parent)
        try:  # chmod(2) follows symlinks, and fchmod(2) wants a folder that can be read: see open(2), O_PATH
            os.chmod(f"/proc/self/fd/{bare}", stat.S_IMODE(os.fstat(bare).st_mode) | stat.S_IRWXU)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, name) from error
        finally:
            os.close(bare)
    return os.open(name, os.O_RDONLY | _FOLDER, dir_fd=parent)


def _exchange(old: int, new: int) -> int:
    os.close(old)
    return new


def _identity(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino
