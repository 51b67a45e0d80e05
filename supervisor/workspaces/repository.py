"""The project's own repository, in which the workspaces of all its sessions meet."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakValueDictionary

import trio

from ..errors import CommandFailed
from . import registrations
from .branching import HEADS
from .git import Git, reluctantly

_TURNS: WeakValueDictionary[Path, trio.Lock] = WeakValueDictionary()
"""One lock a repository, by its common git directory: several projects may share one."""


class Repository:
    """Asks and changes the repository at `path`."""

    def __init__(self, git: Git, path: Path) -> None:
        self.path, self.name, self._git = path, path.name, git
        self._common: Path | None = None
        self._turn: trio.Lock | None = None

    async def run(self, *args: str, **env: str) -> str:
        """Run `git ARGS` in it; see `Git.run`."""
        return await self._git.run(*args, cwd=self.path, **env)

    async def common_dir(self) -> Path:
        """Return the directory that it shares with all its worktrees, free of symlinks."""
        if self._common is None:
            said = await self.run("rev-parse", "--git-common-dir")
            self._common = Path(os.path.realpath(self.path / said.removesuffix("\n")))
        return self._common

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Be the only one who changes this repository: git in parallel stumbles over its own locks.

        The block is brief, and runs on for a while when it is cancelled; see `reluctantly`.
        """
        if self._turn is None:
            self._turn = _TURNS.setdefault(await self.common_dir(), trio.Lock())
        async with self._turn, reluctantly():
            yield

    async def refs(self, *patterns: str) -> dict[str, str]:
        """Return full names and commits of the refs that git-for-each-ref(1) finds for `patterns`."""
        lines = (await self.run("for-each-ref", "--format=%(objectname) %(refname)", *patterns)).splitlines()
        return {ref: commit for commit, _, ref in (line.partition(" ") for line in lines)}

    async def where(self, branch: str) -> str | None:
        """Return the base name of the folder in which `branch` is checked out, if it is anywhere."""
        said = await self.run("for-each-ref", "--format=%(refname) %(worktreepath)", HEADS + branch)
        found = dict(line.split(" ", 1) for line in said.splitlines())
        return Path(found.get(HEADS + branch, "")).name or None

    async def unregister(self, folder: Path) -> None:
        """Forget the worktree at `folder`, locked or not, if there is one. Take a `turn` for it."""
        try:
            await self.run("worktree", "remove", "--force", "--force", "--end-of-options", str(folder))
        except CommandFailed as failure:
            try:
                await trio.to_thread.run_sync(registrations.forget, await self.common_dir(), folder)
            except OSError as error:
                raise failure from error

    async def has_own_commits(self, tip: str, base: str) -> bool:
        """Whether the commit `tip` holds any that `base` does not."""
        return tip != base and bool(await self.run("rev-list", "--max-count=1", tip, f"^{base}"))

    async def unlock(self, ref: str) -> None:
        """Remove the lock of a ref that is nobody's but ours: a hook's git was killed while it held it."""
        (await self.common_dir() / f"{ref}.lock").unlink(missing_ok=True)
