"""The ways to give a session a folder of its own."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from ..branches import BranchName
from ..ids import SessionId
from ..records import Tree


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a workspace: `kept` holds why it stayed, or None when it is gone."""

    kept: str | None
    branch_kept: bool = True


@dataclass(frozen=True, slots=True)
class Stray:
    """A workspace that belongs to no session. `kept` holds why it stays, or None when it was removed."""

    path: str
    kept: str | None


class Workspace(Protocol):
    """A way to give a session a folder of its own."""

    def checkout(
        self, session_id: SessionId, branch: BranchName | None, derived: BranchName
    ) -> AbstractAsyncContextManager[Tree]:
        """Make a workspace on `branch`, or when that is None on `derived` or the next free `derived-2`, ...

        The block's end gives back all that was made, whatever is in it; to keep the workspace, forget the
        block (`AsyncExitStack.pop_all`): so it must not be a generator, which would end when forgotten.
        Failed or cancelled on the way in, everything is as it was before, but for what was fetched of a
        remote. A remote that cannot be asked is told as the tree's `warning`. Raises `Conflict` for a branch
        that is checked out somewhere or collides with another, `HookFailed` for a failing post_create,
        `CommandFailed` for git itself.
        """

    async def remove(self, tree: Tree) -> Removal:
        """Remove the workspace unless that would lose work; the branch goes too if the checkout made it
        and it has no commit of its own. Idempotent, also after a crash in its midst."""

    async def undo(self, session_id: SessionId) -> None:
        """Remove what a checkout left that a crash cut short: folder, registration, branch.

        What that checkout did not make stays. Idempotent. Raises `EnnioError` when it fails.
        """

    async def strays(self, owned: Collection[str]) -> list[Stray]:
        """Find the workspaces that belong to no session of `owned` (ids), and remove those that are clean."""
