"""What is written down about a workspace: beside its folder, from before it is made until all of it is gone.

A server may be killed at any line. The next one reads here what there may be to remove. Nothing is
synced to the disk: what was written outlives the process, and that is what counts here. All of it blocks.
"""

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import Conflict, Invalid
from ..ids import SessionId
from . import folders

Kind = Literal["worktree", "clone", ""]
_NOTE, _NEW, _ASIDE = ".branch", ".branch.new", ".removed"

_TICK = 0.02
"""Seconds by which the stamps of files may lag behind the clock: they are taken at the kernel's ticks."""


@dataclass(frozen=True, slots=True)
class Note:
    """One workspace: the common directory of its repository, what it is, and what it works on.

    `branch` is None until it is settled; `made`: the checkout makes it in that repository. `commit` is
    where the work begins, and None until the checkout is complete; `tip` where hooks have left HEAD by then.
    `ending`: its removal has begun. `since` is when the checkout began, or then the removal, in seconds since
    the epoch: whatever is younger may be ours.
    """

    repository: str = ""
    kind: Kind = ""
    branch: str | None = None
    made: bool = False
    commit: str | None = None
    tip: str | None = None
    ending: bool = False
    since: float = 0.0


def stamp() -> float:
    """Return the time as it is stamped on files at this moment, or a little less."""
    return time.time() - _TICK


def begin(folder: Path, note: Note) -> Note:
    """Note what is about to be made, then take `folder`; return the note as it stands there.

    Raises `Conflict` when there is a folder or a note already.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    there = Conflict(f"the workspace {folder.name} is there already")
    if os.path.lexists(folder):
        raise there
    note = replace(note, since=stamp())
    try:
        file = os.open(_beside(folder), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise there from error
    try:
        with open(file, "w", encoding="utf-8") as beside:
            beside.write(_words(note))
        folders.take(folder)
    except (Conflict, OSError):
        withdraw(folder)
        raise
    return note


def write(folder: Path, note: Note) -> None:
    """Replace the note on the workspace in `folder` at one stroke."""
    new = folder.with_name(folder.name + _NEW)
    new.write_text(_words(note), encoding="utf-8")
    new.replace(_beside(folder))


def end(folder: Path) -> float | None:
    """Note that the removal begins, unless that is noted already; return when it began (None: no note)."""
    note = read(folder)
    if note and not note.ending:
        note = replace(note, ending=True, since=stamp())
        write(folder, note)
    return note.since if note else None


def read(folder: Path) -> Note | None:
    """Return the note on the workspace in `folder`, None when there is none; an empty one if it is cut."""
    try:
        return Note(**json.loads(_beside(folder).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return Note()


def withdraw(folder: Path) -> None:
    """Remove the note: of the workspace in `folder` nothing is left."""
    folder.with_name(folder.name + _NEW).unlink(missing_ok=True)
    _beside(folder).unlink(missing_ok=True)


def aside(folder: Path) -> Path:
    """Return where `folder` is put when it is being removed."""
    return folder.with_name(folder.name + _ASIDE)


def sessions(root: Path) -> set[SessionId]:
    """Return the ids of all sessions that have anything in `root`."""
    if not root.is_dir():
        return set()
    ids = set[SessionId]()
    for entry in root.iterdir():
        name, dot, _ = entry.name.partition(".")
        if dot and entry.name not in {name + ending for ending in (_NOTE, _NEW, _ASIDE)}:
            continue
        try:
            ids.add(SessionId.parse(name))
        except Invalid:  # somebody else's
            continue
    return ids


def _words(note: Note) -> str:
    return json.dumps(asdict(note))


def _beside(folder: Path) -> Path:
    return folder.with_name(folder.name + _NOTE)
