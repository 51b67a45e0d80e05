"""What every kind of workspace stands on: a project's repository, and what is put into a new workspace."""

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

import trio

from ..environment import undirected
from ..errors import CommandFailed, EnnioError, HookFailed
from ..ids import SessionId
from ..protocols import Host, Removal, Stray
from ..records import Tree
from . import hooks, notes
from .branching import HEADS, Start
from .git import Git, refuse_command
from .origin import FETCH_WITHIN, Origin, stale
from .repository import Repository
from .strays import sweep
from .symlinks import Symlink, link
from .uncommitted import uncommitted
from .unmaking import unmake


class Ground(ABC):
    """A project as its workspaces see it. They are made at `root`/SESSION_ID.

    `path` is the project's repository, `repo` what a clone is made of (None: of `path`). `env` is what
    git and hooks run with: the agents' base environment, which holds no secret. With `base` "origin", new
    branches start at what origin has by then; a fetch of that may take `fetch_within` seconds.
    """

    kind: notes.Kind

    def __init__(
        self,
        *,
        host: Host,
        root: Path,
        path: Path,
        repo: str | None,
        default_branch: str,
        symlinks: tuple[Symlink, ...],
        post_create: tuple[str, ...],
        env: Mapping[str, str],
        base: str = "local",
        fetch_within: float = FETCH_WITHIN,
    ) -> None:
        if repo is not None:
            refuse_command(repo)
        self.root, self.repo, self.default_branch = Path(os.path.realpath(root)), repo, default_branch
        self.base = base
        self._host, self._symlinks, self._post_create = host, symlinks, post_create
        self._env = undirected(env, ceiling=self.root)
        self.git = Git(host, self._env, hidden=(self.root, root, path, Path(os.path.realpath(path))))
        self.repository = Repository(self.git, path)
        self._origin = Origin(self.git, self.repository, fetch_within)

    async def look_at_origin(self, branch: str | None) -> str | None:
        """Fetch what a new branch would start at, if that is origin's; say in a clause if that failed.

        A `branch` that the project has is taken as it is, so that nothing is fetched for it.
        """
        if self.base != "origin":
            return None
        if branch is not None and HEADS + branch in await self.repository.refs(HEADS + branch):
            return None
        return await self._origin.fetch(self.default_branch, branch)

    async def furnish(
        self, folder: Path, session_id: SessionId, start: Start, missed: str | None = None
    ) -> Tree:
        """Make the symlinks and run post_create in `folder`; what is uncommitted then is the baseline.

        `missed`: why origin could not be asked where to start.
        """
        baseline = dict[str, str]()
        if self._symlinks or self._post_create:
            links = partial(link, self._symlinks, workspace=folder, project=self.repository.path)
            await trio.to_thread.run_sync(links)
            env = {**self._env, "ENNIO_SESSION_ID": session_id, "ENNIO_BRANCH": start.branch}
            await hooks.post_create(self._host, self._post_create, workspace=folder, env=env)
            baseline = await self._baseline(folder)
        return Tree(
            str(folder),
            start.branch,
            start.commit,
            branch_made=start.made,
            baseline=baseline,
            base_ref=start.ref,
            warning=stale(missed, start),
        )

    async def _baseline(self, folder: Path) -> dict[str, str]:
        try:
            return await uncommitted(self.git, folder)
        except (CommandFailed, OSError):
            try:
                await self.git.run("rev-parse", "--git-dir", cwd=folder)
            except (CommandFailed, OSError) as error:
                words = error.words if isinstance(error, CommandFailed) else error.strerror
                said = f"after post_create the workspace is no git repository any more: {words}"
                raise HookFailed(said) from error
            raise

    async def remove(self, tree: Tree) -> Removal:
        """Remove the workspace unless that would lose work, or fails; see `Workspace.remove`."""
        folder = Path(tree.path)
        try:
            if os.path.lexists(folder) and (reason := await self.why_keep(tree)):
                return Removal(kept=reason)
            return await self.take_away(tree)
        except Exception as error:  # a session that ends must be told of it, and not end by it
            words = error.strerror if isinstance(error, OSError) else str(error) or type(error).__name__
            return Removal(kept=f"the workspace {folder.name} cannot be removed: {words}")

    async def undo(self, session_id: SessionId) -> None:
        """Remove whatever an interrupted checkout of this session left; see `Workspace.undo`."""
        note = await trio.to_thread.run_sync(notes.read, self.root / session_id)
        if note is None:  # it is written before anything is made, and removed after all is gone
            return
        try:
            await self.unmake(session_id, note)
        except (EnnioError, OSError) as error:
            words = error.strerror if isinstance(error, OSError) else error
            raise EnnioError(f"what the checkout of {session_id} left cannot be removed: {words}") from error

    async def unmake(self, session_id: SessionId, note: notes.Note) -> None:
        """Remove a workspace in which nobody ever worked, or that is not in its place any more."""
        await unmake(self.git, self.repository, self.root / session_id, note)

    async def strays(self, owned: Collection[str]) -> list[Stray]:
        """Find the workspaces that no session has, and remove the clean ones; see `strays.sweep`."""
        return await sweep(self, owned)

    @abstractmethod
    async def own_work(self, tree: Tree) -> str | None:
        """Say in one sentence what would have to be brought to safety before `tree` goes, or None."""

    @abstractmethod
    async def take_away(self, tree: Tree) -> Removal:
        """Remove a workspace that holds nothing to be lost, or that is not there any more."""

    @abstractmethod
    async def loss(self, tree: Tree) -> str | None:
        """Say in a clause what would be lost with `tree`, or None. May raise; see `losses.losses`."""

    async def why_keep(self, tree: Tree) -> str | None:
        """Say in one sentence why `tree` must stay, or None. What git cannot tell is never clean."""
        try:
            reason = await self.loss(tree)
        except OSError as error:
            reason = f"it cannot be looked into: {error.strerror}: {Path(error.filename or tree.path).name}"
        except EnnioError as error:
            reason = f"git cannot tell whether it holds work: {error}"
        return reason and f"the workspace {Path(tree.path).name} stays: {reason}"
