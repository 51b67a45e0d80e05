"""What stands in a working tree and in no commit, each path with a signature of what is there."""

import hashlib
import os
import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import trio

from .git import Git

_STATUS = (
    *("status", "--porcelain=v2", "-z"),
    *("--untracked-files=all", "--ignore-submodules=none", "--no-renames"),
)
_FIELDS_BEFORE_PATH = {"1": 8, "u": 10, "?": 1}
_UNKNOWN = "unknown"


async def uncommitted(git: Git, folder: Path) -> dict[str, str]:
    """Return each path in `folder` that is changed, or untracked and not ignored, with its signature.

    That is git's words on it (git-status(1), porcelain format version 2) and a digest of its content.
    A symlink's content is where it leads.
    """
    said = await git.run(*_STATUS, cwd=folder, GIT_OPTIONAL_LOCKS="0")
    words = dict[str, str]()
    for record in said.split("\0"):
        if not record or record.startswith("#"):  # a header, where the configuration asks for some
            continue
        *fields, path = record.split(" ", _FIELDS_BEFORE_PATH[record[0]])
        words[path] = " ".join(fields)
    digests = await trio.to_thread.run_sync(_digests, folder, tuple(words)) if words else {}
    return {_as_text(path): f"{known} {digests[path]}" for path, known in words.items()}


def beyond(baseline: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the paths in `now` whose signature is not the one in `baseline`, or could not be told."""
    return [p for p, signature in now.items() if signature.endswith(_UNKNOWN) or baseline.get(p) != signature]


def _as_text(path: str) -> str:
    """Return a name that is no UTF-8 in a form that can be stored."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _digests(folder: Path, paths: tuple[str, ...]) -> dict[str, str]:
    return {path: _digest(folder, path) for path in paths}


def _digest(folder: Path, path: str) -> str:
    """Return a digest of what is at `path`, or "unknown" when it cannot be read."""
    try:
        return _content(os.path.join(folder, path))
    except FileNotFoundError:
        return "absent"
    except OSError:
        return _UNKNOWN


def _content(path: str) -> str:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return "link:" + _short(os.fsencode(os.readlink(path)))
    if stat.S_ISDIR(status.st_mode):  # a repository in the repository
        inside = ((name, _content(os.path.join(path, name))) for name in sorted(os.listdir(path)))
        return "folder:" + _short(b"".join(os.fsencode(f"{name}\0{what}\0") for name, what in inside))
    if not stat.S_ISREG(status.st_mode):
        return "special"
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, partial(hashlib.blake2b, digest_size=16))
    return f"file:{stat.S_IMODE(status.st_mode):o}:{digest.hexdigest()}"


def _short(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
