"""What stands in for a project that is no longer in the configuration, for the sessions that it has left."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from .branches import BranchName
from .config import ProjectConfig
from .errors import Conflict
from .ids import ProjectId, SessionId
from .protocols import Removal, Stray
from .records import Tree

_OUTPUT_BYTES = 100 << 20
_WHY = "its project is no longer in the configuration"


class Left:
    """The workspaces of such a project: they stay as they are, and there are no new ones."""

    def checkout(
        self, session_id: SessionId, branch: BranchName | None, derived: BranchName
    ) -> AbstractAsyncContextManager[Tree]:
        """Raise `Conflict`."""
        raise Conflict(f"{session_id} cannot have a workspace: {_WHY}")

    async def remove(self, tree: Tree) -> Removal:
        """Keep the workspace: nobody says any more whose repository it is."""
        return Removal(kept=f"the workspace {Path(tree.path).name} stays: {_WHY}")

    async def undo(self, session_id: SessionId) -> None:
        """Raise `Conflict`: what an unfinished spawn made cannot be told without its repository."""
        raise Conflict(f"what the unfinished spawn of {session_id} made may have stayed: {_WHY}")

    async def strays(self, owned: Collection[str]) -> list[Stray]:
        """Return nothing."""
        return []


def unconfigured(project_id: ProjectId, agent_name: str, path: Path) -> ProjectConfig:
    """Return what is taken to be the configuration of a project that has none any more."""
    return ProjectConfig(
        id=project_id,
        name=project_id,
        path=path,
        repo=None,
        default_branch="main",
        session_prefix="session",
        max_sessions=None,
        agent=agent_name,
        runtime="process",
        workspace="worktree",
        agent_rules=(),
        model=None,
        symlinks=(),
        post_create=(),
        output_bytes=_OUTPUT_BYTES,
    )
