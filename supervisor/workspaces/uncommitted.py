"""What stands in a working tree and in no commit, each path with a signature of what is there."""

import os
from collections.abc import Mapping
from pathlib import Path

import trio

from .digest import UNKNOWN, digest
from .git import Git
from .hidden import compared, hidden

_STATUS = (
    *("status", "--porcelain=v2", "-z"),
    *("--untracked-files=all", "--ignore-submodules=none", "--no-renames"),
)
_FIELDS_BEFORE_PATH = {"1": 8, "u": 10, "?": 1}

_READERS = trio.CapacityLimiter(4)
"""Of our own: what takes long to read must not take the threads that everything else needs."""


async def uncommitted(git: Git, folder: Path) -> dict[str, str]:
    """Return each path in `folder` that is changed, or untracked and not ignored, with its signature.

    That is git's words on it (git-status(1), porcelain format version 2) and a digest of its content.
    """
    words = await _words(git, folder)
    digests = await _digests(folder, dict.fromkeys(words, ""))
    return {_as_text(path): f"{known} {digests[path]}" for path, known in words.items()}


async def beyond(baseline: Mapping[str, str], git: Git, folder: Path) -> list[str]:
    """Return the paths in `folder` that are `uncommitted` other than in `baseline`, or cannot be told.

    What the baseline has not, or git has other words on, is not read.
    """
    words = await _words(git, folder)
    before = dict[str, str]()
    for path, now in words.items():
        told, _, known = baseline.get(_as_text(path), "").rpartition(" ")
        if told == now and known != UNKNOWN:
            before[path] = known
    digests = await _digests(folder, before)
    return [_as_text(path) for path in words if path not in before or digests[path] != before[path]]


async def _words(git: Git, folder: Path) -> dict[str, str]:
    words = _parse(await git.run(*_STATUS, cwd=folder, GIT_OPTIONAL_LOCKS="0"))
    if unseen := await hidden(git, folder):
        told = _parse(await compared(git, folder, _STATUS))
        words |= {path: known for path, known in told.items() if path in unseen}
    return words


def _parse(said: str) -> dict[str, str]:
    words = dict[str, str]()
    for record in said.split("\0"):
        if not record or record.startswith("#"):  # a header, where the configuration asks for some
            continue
        *fields, path = record.split(" ", _FIELDS_BEFORE_PATH[record[0]])
        words[path] = " ".join(fields)
    return words


async def _digests(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    if not known:
        return {}
    return await trio.to_thread.run_sync(_digest, folder, known, abandon_on_cancel=True, limiter=_READERS)


def _digest(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    wanted = trio.from_thread.check_cancelled
    found = dict[str, str]()
    for path, before in known.items():
        wanted()
        found[path] = digest(folder / path, before, wanted)
    return found


def _as_text(path: str) -> str:
    """Return a name that is no UTF-8 in a form that can be stored."""
    return os.fsencode(path).decode(errors="backslashreplace")
