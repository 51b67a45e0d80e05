"""A workspace as a worktree of the project's repository, see git-worktree(1)."""

import re
from dataclasses import replace
from pathlib import Path

import trio

from ..branches import BranchName
from ..errors import CommandFailed, Conflict, Invalid
from ..ids import SessionId
from ..protocols import Removal
from ..records import Tree
from . import births, folders, hooks, notes, registrations
from .branching import HEADS, ORIGIN, Start, bases, start
from .checkout import Checkout
from .git import reluctantly
from .ground import Ground
from .losses import lacking, losses

_UNSEEN = ""
_OWN_REFS = ("--glob=refs/worktree", "--glob=refs/bisect", "--glob=refs/rewritten")
"""What no other worktree sees, see git-worktree(1), REFS."""
_COMMIT = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{40})\b")


class WorktreeWorkspace(Ground):
    """The port `Workspace` by `git worktree`: quick, and every commit is in the project at once."""

    kind = "worktree"
    _hooks: Path | None = None

    def checkout(
        self, session_id: SessionId, branch: BranchName | None, derived: BranchName
    ) -> "WorktreeCheckout":
        """Make a worktree; see `Workspace.checkout`."""
        return WorktreeCheckout(self, session_id, branch, derived)

    async def take_away(self, tree: Tree) -> Removal:
        """Remove folder and registration, and the branch if it is ours and empty."""
        folder = Path(tree.path)
        async with reluctantly():
            since = await trio.to_thread.run_sync(notes.end, folder)
            await trio.to_thread.run_sync(folders.put_aside, folder)
            async with self.repository.turn():
                await self.repository.unregister(folder)
                gone = tree.branch_made and await births.drop(
                    self.repository, tree.branch, folder, since=since
                )
            await trio.to_thread.run_sync(folders.remove_aside, folder)
            await trio.to_thread.run_sync(notes.withdraw, folder)
        return Removal(kept=None, branch_kept=not gone)

    async def loss(self, tree: Tree) -> str | None:
        """Beside what stands in it, a worktree holds alone what only its HEAD or its own refs lead to."""
        within = await self.repository.common_dir() / "worktrees"
        if reason := await losses(self.git, tree, within):
            return reason
        folder, safe = Path(tree.path), ("--not", "--branches", "--tags", "--remotes")
        if not await lacking(self.git, folder, "HEAD", *_OWN_REFS, *safe):
            return None
        if await lacking(self.git, folder, "HEAD", *safe):
            return "its HEAD is detached, at commits that no branch or tag holds"
        return "refs of its own (refs/worktree, refs/bisect, refs/rewritten) hold commits that no branch has"

    async def own_work(self, tree: Tree) -> str | None:
        """Nothing: what is on a branch is in the project's repository already."""
        return None

    async def hooks(self, folder: Path) -> Path:
        """Return where the repository's hooks are; a relative path is relative to the worktree."""
        if self._hooks is None:
            said = await self.git.run("rev-parse", "--git-path", "hooks", cwd=folder)
            self._hooks = Path(said.removesuffix("\n"))
        return self._hooks


class WorktreeCheckout(Checkout):
    """The making of one worktree."""

    def __init__(
        self,
        workspace: WorktreeWorkspace,
        session_id: SessionId,
        branch: BranchName | None,
        derived: BranchName,
    ) -> None:
        self._workspace, self._session_id = workspace, session_id
        self._branch, self._derived = branch, derived
        self._repository, self._folder = workspace.repository, workspace.root / session_id
        self._taken = self._settled = False
        self._made: str | None = None
        self._note = notes.Note()

    async def make(self) -> Tree:
        """Add the worktree in the repository's turn; fetch, fill it, and run hooks, beside all others."""
        missed = await self._workspace.look_at_origin(self._branch)
        note = notes.Note(str(await self._repository.common_dir()), self._workspace.kind)
        self._note = await trio.to_thread.run_sync(notes.begin, self._folder, note)
        self._taken = True
        async with self._repository.turn():
            begin = await self._begin()
            self._settled = True
            await self._add(begin)
        begin = await self._fill(begin)
        git, where = self._workspace.git, await self._workspace.hooks(self._folder)
        await hooks.post_checkout(git, hooks=where, workspace=self._folder, commit=begin.commit)
        tree = await self._workspace.furnish(self._folder, self._session_id, begin, missed)
        self._note = replace(self._note, branch=begin.branch, made=begin.made, commit=begin.commit)
        await trio.to_thread.run_sync(_complete, self._folder, self._note)
        return tree

    async def give_back(self) -> None:
        """Remove folder, registration, and the branch that was made, whatever a hook put on it."""
        if not self._taken:
            return
        await trio.to_thread.run_sync(folders.put_aside, self._folder)
        try:
            if self._settled or self._note.made:
                async with self._repository.turn():
                    try:
                        await self._unmake_branch()
                    finally:
                        await self._repository.unregister(self._folder)
        finally:
            await trio.to_thread.run_sync(folders.remove_aside, self._folder)
        await trio.to_thread.run_sync(notes.withdraw, self._folder)

    async def _begin(self) -> Start:
        """Settle on a branch and make it if it is new. All refs are only looked at when that fails."""
        name = self._branch or self._derived
        near = [
            kind + branch for branch in (name, self._workspace.default_branch) for kind in (HEADS, ORIGIN)
        ]
        try:
            if self._branch is None and self._session_id in self._derived:
                return await self._claim_unseen()
            return await self._claim(*near)
        except (CommandFailed, Invalid):
            return await self._claim(HEADS, ORIGIN)

    async def _claim_unseen(self) -> Start:
        """Make a branch that has the session's id in its name, so that nobody else can have it.

        This saves a process, of the few that a checkout takes; `_fill` will see the commit.
        """
        base, _ = bases(self._workspace.default_branch, self._workspace.base)
        begin = Start(self._derived, commit=_UNSEEN, made=True, ref=base)
        await self._make_branch(begin, base)
        return begin

    async def _claim(self, *patterns: str) -> Start:
        refs = await self._repository.refs(*patterns)
        default, base = self._workspace.default_branch, self._workspace.base
        begin = start(self._branch, self._derived, default, refs, self._repository.name, base=base)
        if begin.made:
            await self._make_branch(begin, begin.commit)
        return begin

    async def _make_branch(self, begin: Start, at: str) -> None:
        self._note = replace(self._note, branch=begin.branch, made=True)
        await trio.to_thread.run_sync(notes.write, self._folder, self._note)
        how, must_not_exist = ("--create-reflog", "-m", births.words(begin.ref, self._session_id)), ""
        await self._repository.run("update-ref", *how, HEADS + begin.branch, at, must_not_exist)
        self._made = begin.branch  # and not a moment earlier: what git refused to make is somebody else's

    async def _add(self, begin: Start) -> None:
        options = ("--no-checkout", "--quiet", "--end-of-options")
        try:
            await self._repository.run(
                "worktree", "add", *options, str(self._folder), begin.branch, LC_ALL="C"
            )
        except CommandFailed as error:
            where = None if begin.made else await self._repository.where(begin.branch)
            if where and where != self._folder.name:
                words = f"in {where}; end what works there, or take another branch"
                raise Conflict(f"the branch {begin.branch} is checked out already, {words}") from error
            if not begin.made and "already" in error.words:  # in the middle of a rebase or bisect elsewhere
                raise Conflict(error.words) from error
            raise

    async def _fill(self, begin: Start) -> Start:
        """Do what `git worktree add` leaves to do with --no-checkout; filters may take their time here.

        Git says at which commit HEAD is now; unabbreviated, that is where an unseen branch starts.
        """
        how = ("-c", "core.abbrev=no", "reset", "--hard", "--no-recurse-submodules")
        said = await self._workspace.git.run(*how, cwd=self._folder)
        if begin.commit != _UNSEEN:
            return begin
        seen = _COMMIT.search(said)
        commit = seen[0] if seen else await self._workspace.git.run("rev-parse", "HEAD", cwd=self._folder)
        return replace(begin, commit=commit.strip())

    async def _unmake_branch(self) -> None:
        if self._made and HEADS + self._made in await self._repository.refs(HEADS + self._made):
            await self._repository.unlock(HEADS + self._made)
            await self._repository.run("update-ref", "-d", HEADS + self._made)
        elif self._note.branch and not self._made:  # git may have made it all the same
            branch, since = self._note.branch, self._note.since
            await births.drop(self._repository, branch, self._folder, since=since)


def _complete(folder: Path, note: notes.Note) -> None:
    """Note that the checkout is complete, and where hooks have left its HEAD."""
    tip = registrations.head_at_last(Path(note.repository), folder)
    notes.write(folder, replace(note, tip=tip))
