"""A workspace as a clone: a repository of its own, whose branch is brought home at the end."""

import os
from dataclasses import replace
from pathlib import Path

import trio

from ..branches import BranchName
from ..errors import CommandFailed, Conflict
from ..ids import SessionId
from ..protocols import Removal
from ..records import Tree
from . import births, claims, folders, notes
from .branching import HEADS, ORIGIN, Start, names, settle, start
from .checkout import Checkout
from .git import reluctantly
from .ground import Ground
from .losses import lacking, losses
from .repository import Repository


class CloneWorkspace(Ground):
    """The port `Workspace` by `git clone`: sessions share no repository, and meet in the project's.

    A branch that the project's repository has is continued; a new one starts at the default branch of
    what was cloned, or with `base` "origin" at what the project's own origin has by then. No two clones have
    the same branch, nor one that is checked out in the project.
    Before a clone goes, the session's commits are fetched into the project's repository, never forced.
    """

    kind = "clone"

    def checkout(
        self, session_id: SessionId, branch: BranchName | None, derived: BranchName
    ) -> "CloneCheckout":
        """Make a clone; see `Workspace.checkout`."""
        return CloneCheckout(self, session_id, branch, derived)

    async def take_away(self, tree: Tree) -> Removal:
        """Bring the branch home and remove the clone, unless it cannot be brought."""
        folder, ref = Path(tree.path), HEADS + tree.branch
        if os.path.lexists(folder) and (reason := await self._bring_home(tree)):
            return Removal(kept=reason)
        async with reluctantly():
            await trio.to_thread.run_sync(folders.put_aside, folder)
            await trio.to_thread.run_sync(folders.remove_aside, folder)
            await trio.to_thread.run_sync(notes.withdraw, folder)
        return Removal(kept=None, branch_kept=ref in await self.repository.refs(ref))

    async def loss(self, tree: Tree) -> str | None:
        """Beside what stands in it, all goes that is neither at its remotes nor on its own branch."""
        folder, home = Path(tree.path), HEADS + tree.branch
        within = Path(os.path.realpath(folder)) / ".git"
        if reason := await losses(self.git, tree, within):
            return reason
        at_start = await trio.to_thread.run_sync(claims.refs_at_start, folder)
        now = await Repository(self.git, folder).refs()
        new = {commit for ref, commit in now.items() if at_start.get(ref) != commit}
        safe = ("--not", "--remotes", tree.base_commit, *([home] if home in now else []))
        if await lacking(self.git, folder, "HEAD", *sorted(new), *safe):
            return "beside its branch it holds commits that none of its remotes has"
        return None

    async def own_work(self, tree: Tree) -> str | None:
        """Its own branch, when it holds commits that nothing else does."""
        folder, ref = Path(tree.path), HEADS + tree.branch
        refs = await Repository(self.git, folder).refs(ref)
        if ref in refs and await lacking(self.git, folder, ref, "--not", "--remotes", tree.base_commit):
            return f"the workspace {folder.name} stays: its branch {tree.branch} holds commits of its own"
        return None

    async def _bring_home(self, tree: Tree) -> str | None:
        """Fetch the session's commits into the project's repository; say why if that cannot be done."""
        folder, ref = Path(tree.path), HEADS + tree.branch
        options = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet")
        try:
            if ref in await Repository(self.git, folder).refs(ref) and await lacking(
                self.git, folder, ref, f"^{tree.base_commit}"
            ):
                async with reluctantly():
                    await births.unlock(
                        self.repository, ref, await trio.to_thread.run_sync(notes.end, folder)
                    )
                    await self.repository.run("fetch", *options, "--", str(folder), f"{ref}:{ref}")
        except CommandFailed as error:
            words = f"its branch {tree.branch} cannot be brought into the project's repository: {error}"
            return f"the workspace {folder.name} stays: {words}"
        return None


class CloneCheckout(Checkout):
    """The making of one clone."""

    def __init__(
        self, workspace: CloneWorkspace, session_id: SessionId, branch: BranchName | None, derived: BranchName
    ) -> None:
        self._workspace, self._session_id = workspace, session_id
        self._branch, self._derived = branch, derived
        self._project, self._folder = workspace.repository, workspace.root / session_id
        self._clone = Repository(workspace.git, self._folder)
        self._taken, self._note = False, notes.Note()

    async def make(self) -> Tree:
        """Claim a branch in the project's turn; clone, fetch and check out beside all others.

        Where `repo` is cloned, that is what origin has by now.
        """
        missed = None if self._workspace.repo else await self._workspace.look_at_origin(self._branch)
        note = notes.Note(str(await self._project.common_dir()), self._workspace.kind)
        self._note = await trio.to_thread.run_sync(notes.begin, self._folder, note)
        self._taken = True
        branch, refs = await self._claim()
        source = self._workspace.repo or str(self._project.path)
        # Dissociated: objects borrowed from a third repository would be lost with its next gc.
        options = ("--quiet", "--no-checkout", "--origin=origin", "--dissociate")
        await self._project.run("clone", *options, "--", source, str(self._folder))
        begin = await self._begin(branch, refs)
        how = ("--quiet", "--no-track", "--no-recurse-submodules")
        await self._clone.run("checkout", *how, "-B", branch, begin.commit, "--")
        tree = await self._workspace.furnish(self._folder, self._session_id, begin, missed)
        at_start = await self._clone.refs()
        await trio.to_thread.run_sync(claims.note_refs_at_start, self._folder, at_start)
        self._note = replace(self._note, commit=begin.commit)
        await trio.to_thread.run_sync(notes.write, self._folder, self._note)
        return tree

    async def give_back(self) -> None:
        """Remove the clone. Nothing else was made: its branch would come home only at its end."""
        if self._taken:
            await trio.to_thread.run_sync(folders.put_aside, self._folder)
            await trio.to_thread.run_sync(folders.remove_aside, self._folder)
            await trio.to_thread.run_sync(notes.withdraw, self._folder)

    async def _claim(self) -> tuple[BranchName, dict[str, str]]:
        """Settle on a branch that nobody has; return it, and the refs of the project's repository."""
        common = await self._project.common_dir()
        async with self._project.turn():
            refs = await self._project.refs(HEADS, ORIGIN)
            others = await trio.to_thread.run_sync(claims.others, self._folder, common)
            heads = names(refs, HEADS) | others.keys()
            branch = settle(self._branch, self._derived, heads, names(refs, ORIGIN), self._project.name)
            if where := others.get(branch) or await self._project.where(branch):
                words = f"in {where}; end what works there, or take another branch"
                raise Conflict(f"the branch {branch} is checked out already, {words}")
            self._note = replace(self._note, branch=branch)
            await trio.to_thread.run_sync(notes.write, self._folder, self._note)
        return branch, refs

    async def _begin(self, branch: BranchName, refs: dict[str, str]) -> Start:
        """Return where to start: at the project's branch, else at what was cloned, else at the project's."""
        default, base = self._workspace.default_branch, self._workspace.base
        if self._workspace.repo and HEADS + branch not in refs:
            cloned = await self._clone.refs(ORIGIN)
            for ref in (ORIGIN + branch, ORIGIN + default):
                if ref in cloned:
                    return Start(branch, cloned[ref], made=True, ref=ref)
        begin = start(branch, branch, default, refs, self._project.name, base=base)
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        await self._clone.run("fetch", *options, "--", str(self._project.path), begin.ref)
        return begin
