"""What stands at a path, as a few words that are others once it is changed. All of it blocks.

Whatever is as large as to take its time is not read: there the times of its last changes stand for it.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from .descent import descend

UNKNOWN = "unknown"
LARGEST_READ = 64 * 1024 * 1024
"""Bytes; a file that is larger is not read."""

_PIECE = 1024 * 1024


def digest(path: Path, known: str, still_wanted: Callable[[], object]) -> str:
    """Return words on what is at `path`: "absent", or "unknown" when it cannot be read.

    `known` is what they were, or nothing: where a glance shows another size or mode, nothing is read.
    `still_wanted` is called every now and then, and may raise to end this. A symlink's content is where
    it leads.
    """
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):  # a repository in the repository
            return _folder(path, still_wanted)
        return _file(str(path), None, known, still_wanted)
    except FileNotFoundError:
        return "absent"
    except OSError:
        return UNKNOWN


def _folder(top: Path, still_wanted: Callable[[], object]) -> str:
    inside = hashlib.blake2b(digest_size=16)
    for place in descend(top):
        name = place.names[-1] if place.names else ""
        inside.update(os.fsencode(f"{len(place.names)}\0{name}\0{len(place.others)}\0"))
        for other in place.others:
            inside.update(os.fsencode(f"{other}\0{_file(other, place.fd, '', still_wanted)}\0"))
    return f"folder:{inside.hexdigest()}"


def _file(name: str, parent: int | None, known: str, still_wanted: Callable[[], object]) -> str:
    status = os.lstat(name, dir_fd=parent)
    if stat.S_ISLNK(status.st_mode):
        return "link:" + _short(os.fsencode(os.readlink(name, dir_fd=parent)))
    if not stat.S_ISREG(status.st_mode):
        return "special"
    glance = f"file:{stat.S_IMODE(status.st_mode):o}:{status.st_size}:"
    if status.st_size > LARGEST_READ:
        return f"{glance}{status.st_ino}:{status.st_mtime_ns}:{status.st_ctime_ns}"
    if known and not known.startswith(glance):
        return f"{glance}another"
    return glance + _read(name, parent, still_wanted)


def _read(name: str, parent: int | None, still_wanted: Callable[[], object]) -> str:
    content = hashlib.blake2b(digest_size=16)
    # What has become a pipe or a symlink since the glance must neither hold us nor lead us away.
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent), "rb") as file:
        left = LARGEST_READ
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            still_wanted()
            content.update(piece)
            left -= len(piece)
    return content.hexdigest()


def _short(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
