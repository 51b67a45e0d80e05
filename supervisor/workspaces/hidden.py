"""Changes that `git status` has been told not to look at, see git-update-index(1)."""

import os
import shutil
import tempfile
from pathlib import Path

import trio

from .git import Git


async def hidden(git: Git, folder: Path) -> set[str]:
    """Return the tracked paths that git does not compare, being told that they are unchanged.

    A file that is marked skip-worktree may be absent, as all outside of a sparse checkout are: those are
    left out.
    """
    said = await git.run("ls-files", "-v", "-z", cwd=folder)
    marked = [(entry[0], entry[2:]) for entry in said.split("\0") if entry[:1].islower() or entry[:1] == "S"]
    return await trio.to_thread.run_sync(_present, folder, marked) if marked else set()


def _present(folder: Path, marked: list[tuple[str, str]]) -> set[str]:
    return {path for tag, path in marked if tag not in "Ss" or os.path.lexists(folder / path)}


async def compared(git: Git, folder: Path, status: tuple[str, ...]) -> str:
    """Run that `git status` with an index of the same content, in which nothing is marked."""
    said = await git.run("rev-parse", "--path-format=absolute", "--git-path", "index", cwd=folder)
    whole = ("-c", "core.sparseCheckout=false", "-c", "core.ignoreStat=false")
    with tempfile.TemporaryDirectory(prefix="ennio-") as place:
        copy, fresh = os.path.join(place, "copy"), os.path.join(place, "fresh")
        # Of a copy: git would write into the index itself which marks do not fit the files any more.
        await trio.to_thread.run_sync(shutil.copyfile, said.removesuffix("\n"), copy)
        tree = (await git.run("write-tree", cwd=folder, GIT_INDEX_FILE=copy)).strip()
        await git.run(*whole, "read-tree", tree, cwd=folder, GIT_INDEX_FILE=fresh)
        return await git.run(*whole, *status, cwd=folder, GIT_INDEX_FILE=fresh)
