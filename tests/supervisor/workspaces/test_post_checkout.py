"""The repository's own post-checkout hook runs as with `git worktree add`, and holds up nobody."""

from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import HookFailed


def _hook(folder: Path, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "post-checkout").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "post-checkout").chmod(0o755)


async def test_the_repository_s_post_checkout_hook_runs_as_git_would_have_it(repo, worktrees, keep):
    _hook(repo.path / ".git/hooks", 'echo "$@" >>said; pwd >>said')
    repo.git("worktree", "add", "--quiet", "-b", "by-git", "../by-git")
    tree = await keep(worktrees())
    by_git = (repo.path.parent / "by-git/said").read_text()
    assert (Path(tree.path) / "said").read_text() == by_git.replace(
        str(repo.path.parent / "by-git"), tree.path
    )


async def test_hooks_in_the_working_tree_are_found(repo, worktrees, keep):
    _hook(repo.path / ".husky", "touch it-ran")
    repo.git("add", ".husky")
    repo.git("commit", "--quiet", "-m", "hook")
    repo.git("config", "core.hooksPath", ".husky")
    assert (Path((await keep(worktrees())).path) / "it-ran").exists()


async def test_a_failing_post_checkout_hook_is_a_failed_checkout(repo, worktrees, keep, root):
    _hook(repo.path / ".git/hooks", "echo no such luck; exit 3")
    root.mkdir()
    before = repo.state(root)
    with pytest.raises(HookFailed, match=r"post-checkout hook failed with exit code 3: no such luck"):
        await keep(worktrees())
    assert repo.state(root) == before


async def test_a_hanging_post_checkout_hook_holds_up_nobody_and_can_be_cancelled(
    repo, worktrees, keep, root, appears
):
    _hook(repo.path / ".git/hooks", 'case "$PWD" in */s-slow) exec sleep 60;; esac')
    workspace = worktrees()
    await keep(workspace, "s-1")
    before = repo.state(root)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, workspace, "s-slow")
        await appears(root / "s-slow/README")
        with trio.fail_after(5):
            tree = await keep(workspace, "s-2")
        nursery.cancel_scope.cancel()
    assert (await workspace.remove(tree)).kept is None
    assert repo.state(root) == before
