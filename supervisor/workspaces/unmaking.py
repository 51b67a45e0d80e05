"""The undoing of a checkout that a crash cut short, in whatever state it stands."""

from functools import partial
from pathlib import Path

import trio

from . import births, folders, notes, registrations
from .git import Git, reluctantly
from .repository import Repository


async def unmake(git: Git, project: Repository, folder: Path, note: notes.Note) -> None:
    """Remove folder, registration, branch and note of the workspace at `folder`. Idempotent.

    The branch stays when it holds commits of its own, but for those that hooks made: until the checkout is
    complete nobody else is at work in there. May raise `OSError` and whatever git's failure is.
    """
    async with reluctantly():
        await trio.to_thread.run_sync(folders.put_aside, folder)
        repository = await _repository(git, project, note)
        if note.kind != "clone" and repository is not None:
            async with repository.turn():
                await _unmake_in(repository, folder, note)
        await trio.to_thread.run_sync(folders.remove_aside, folder)
        await trio.to_thread.run_sync(notes.withdraw, folder)


async def _repository(git: Git, project: Repository, note: notes.Note) -> Repository | None:
    """Return the repository that the checkout changed; the project may lead to another by now."""
    common = Path(note.repository)
    if not note.repository or common == await project.common_dir():
        return project
    return Repository(git, common) if common.is_dir() else None


async def _unmake_in(repository: Repository, folder: Path, note: notes.Note) -> None:
    if note.branch and note.made:
        own = note.tip
        if note.commit is None:
            head = partial(registrations.head_at_last, await repository.common_dir(), folder)
            own = await trio.to_thread.run_sync(head)
        await births.drop(repository, note.branch, folder, since=note.since, own=own)
    await repository.unregister(folder)
