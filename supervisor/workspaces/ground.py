"""What every kind of workspace stands on: a project's repository, and what is put into a new workspace."""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import trio

from ..environment import undirected
from ..errors import EnnioError
from ..ids import SessionId
from ..protocols import Host
from ..records import Tree
from . import hooks
from .branching import Start
from .git import Git, refuse_command
from .repository import Repository
from .symlinks import Symlink, link
from .uncommitted import uncommitted


class Ground(ABC):
    """A project as its workspaces see it. They are made at `root`/SESSION_ID.

    `path` is the project's repository, `repo` what a clone is made of (None: of `path`). `env` is what
    git and hooks run with: the agents' base environment, which holds no secret.
    """

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
    ) -> None:
        if repo is not None:
            refuse_command(repo)
        self.root, self.repo, self.default_branch = Path(os.path.realpath(root)), repo, default_branch
        self._host, self._symlinks, self._post_create = host, symlinks, post_create
        self._env = undirected(env, ceiling=self.root)
        self.git = Git(host, self._env, hidden=(self.root, root, path, Path(os.path.realpath(path))))
        self.repository = Repository(self.git, path)

    async def furnish(self, folder: Path, session_id: SessionId, start: Start) -> Tree:
        """Make the symlinks and run post_create in `folder`; what is uncommitted then is the baseline."""
        baseline = dict[str, str]()
        if self._symlinks or self._post_create:
            links = partial(link, self._symlinks, workspace=folder, project=self.repository.path)
            await trio.to_thread.run_sync(links)
            env = {**self._env, "ENNIO_SESSION_ID": session_id, "ENNIO_BRANCH": start.branch}
            await hooks.post_create(self._host, self._post_create, workspace=folder, env=env)
            baseline = await uncommitted(self.git, folder)
        return Tree(str(folder), start.branch, start.commit, branch_made=start.made, baseline=baseline)

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
