"""What would be lost with a workspace. Whatever git cannot tell counts as a loss."""

import os
from collections.abc import Iterable
from pathlib import Path

import trio

from ..records import Tree
from . import folders
from .git import Git
from .uncommitted import beyond

_UNDER_WAY = {
    "rebase-merge": "a rebase is under way in it",
    "rebase-apply": "a rebase or git am is under way in it",
    "MERGE_HEAD": "a merge is under way in it",
    "CHERRY_PICK_HEAD": "a cherry-pick is under way in it",
    "REVERT_HEAD": "a revert is under way in it",
    "sequencer": "a cherry-pick or revert is under way in it",
    "BISECT_LOG": "a bisect is under way in it",
    "locked": "it is locked (git worktree unlock)",
}
"""Names in a git directory: gitrepository-layout(5), git-worktree(1), and wt-status.c of git."""


async def losses(git: Git, tree: Tree, within: Path) -> str | None:
    """Say in a clause what of `tree` beside commits would be lost with it, or None when nothing would.

    `within` is where its git directory must be: somebody may have pointed its `.git` elsewhere.
    Raises `OSError` for what cannot be looked into, `CommandFailed` for what git cannot tell.
    """
    folder = Path(tree.path)
    if not folders.is_there(folder):
        return "something else, such as a symlink, has been put in the place of its folder"
    nested = await trio.to_thread.run_sync(folders.open_up, folder)
    said = await git.run("rev-parse", "--absolute-git-dir", cwd=folder)
    git_dir = Path(os.path.realpath(said.removesuffix("\n")))
    if not git_dir.is_relative_to(within):
        return "its .git leads to another repository"
    for name, words in _UNDER_WAY.items():
        if (git_dir / name).exists():
            return words
    if paths := await beyond(tree.baseline, git, folder):
        return f"it holds uncommitted work: {_some(paths)}"
    for submodule in await _submodules(git, folder, nested):
        if await lacking(git, submodule, "--exclude=refs/tags/*", "--all", "--not", "--remotes"):
            return f"its submodule {submodule.relative_to(folder)} holds commits that no remote has"
    return None


async def lacking(git: Git, folder: Path, *revisions: str) -> bool:
    """Whether there is any commit that `revisions` describe, see git-rev-list(1)."""
    return bool(await git.run("rev-list", "--max-count=1", *revisions, "--", cwd=folder))


async def _submodules(git: Git, folder: Path, nested: Iterable[Path]) -> list[Path]:
    """Of the repositories inside, those that git knows as submodules, and whatever is in them in turn."""
    outermost = list[Path]()
    for one in sorted(nested):
        if not outermost or outermost[-1] not in one.parents:
            outermost.append(one)
    if not outermost:
        return []
    names = [str(one.relative_to(folder)) for one in outermost]
    staged = await git.run("--literal-pathspecs", "ls-files", "--stage", "-z", "--", *names, cwd=folder)
    links = {entry.partition("\t")[2] for entry in staged.split("\0") if entry.startswith("160000 ")}
    known = [one for one, name in zip(outermost, names, strict=True) if name in links]
    return [one for one in nested if any(one.is_relative_to(submodule) for submodule in known)]


def _some(paths: list[str]) -> str:
    shown = ", ".join(path if path.isprintable() else ascii(path) for path in sorted(paths)[:3])
    return f"{shown} and {len(paths) - 3} more" if len(paths) > 3 else shown
