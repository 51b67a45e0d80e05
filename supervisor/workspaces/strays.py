"""Workspaces that belong to no session: what crashes, or records that were lost, have left."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import trio

from ..errors import EnnioError
from ..ids import SessionId
from ..protocols import Removal, Stray
from ..records import Tree
from . import notes, registrations
from .repository import Repository


class Yard(Protocol):
    """Where to look: the ground of one kind of workspace of one project."""

    root: Path
    repository: Repository
    kind: notes.Kind

    async def unmake(self, session_id: SessionId, note: notes.Note) -> None:
        """Remove a workspace in which nobody ever worked, or that is not in its place any more."""

    async def remove(self, tree: Tree) -> Removal:
        """Remove a workspace unless that would lose work; see `Workspace.remove`."""

    async def own_work(self, tree: Tree) -> str | None:
        """Say in one sentence what would have to be brought to safety before `tree` goes, or None."""


async def sweep(yard: Yard, owned: Collection[str]) -> list[Stray]:
    """Remove the workspaces of this project that no session in `owned` has, if they are clean.

    Return all that were found. `owned` must hold every session that lives, of all projects of this
    `root`. Without its session nothing says what hooks left in a workspace: whatever git calls changed or
    untracked keeps it. What is not certainly this project's is not looked into.
    """
    found = [one for one in await trio.to_thread.run_sync(notes.sessions, yard.root) if one not in owned]
    try:
        common = await yard.repository.common_dir()
    except EnnioError as error:
        words = f"workspaces without a session cannot be looked for: {error}"
        return [Stray(str(yard.repository.path), words)] if found else []
    swept = [await _sweep(yard, one, common) for one in sorted(found)]
    return [one for one in swept if one] + await _registered(yard, owned, common)


async def _sweep(yard: Yard, session_id: SessionId, common: Path) -> Stray | None:
    folder = yard.root / session_id
    note = await trio.to_thread.run_sync(_note_if_ours, yard.kind, folder, common)
    if note is None:
        return None
    try:
        kept = await _clear(yard, session_id, note)
    except (EnnioError, OSError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        kept = f"the workspace {session_id} cannot be removed: {words}"
    return Stray(str(folder), kept)


async def _clear(yard: Yard, session_id: SessionId, note: notes.Note) -> str | None:
    """Remove one workspace, or say why it stays."""
    folder = yard.root / session_id
    begun_only = note.kind and note.commit is None
    if begun_only or not os.path.lexists(folder):
        await yard.unmake(session_id, note)
        return None
    tree = Tree(str(folder), note.branch or "", note.commit or "", branch_made=note.made)
    return await yard.own_work(tree) or (await yard.remove(tree)).kept


def _note_if_ours(kind: notes.Kind, folder: Path, common: Path) -> notes.Note | None:
    """Return what is known of a workspace if it is of this kind and this repository."""
    note = notes.read(folder)
    if note and note.kind:
        return note if (note.kind, note.repository) == (kind, str(common)) else None
    places = (folder, notes.aside(folder))
    if note and not any(os.path.lexists(place) for place in places):  # cut short before all else
        return notes.Note(str(common))
    if kind == "worktree" and any(registrations.leads_here(place, common) for place in places):
        return notes.Note(str(common))
    return None


async def _registered(yard: Yard, owned: Collection[str], common: Path) -> list[Stray]:
    """Unregister the worktrees of which nothing else is left."""
    strays = list[Stray]()
    for home in await trio.to_thread.run_sync(registrations.lost, common, yard.root):
        if home.name in owned:
            continue
        kept: str | None = None
        if registrations.is_locked(common, home):
            kept = f"the worktree {home.name} is gone, and its registration is locked (git worktree unlock)"
        else:
            try:
                async with yard.repository.turn():
                    await yard.repository.unregister(home)
            except EnnioError as error:
                kept = f"the worktree {home.name} is gone, and cannot be unregistered: {error}"
        strays.append(Stray(str(home), kept))
    return strays
