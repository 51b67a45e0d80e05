"""Removing a worktree: what goes, and what makes it stay."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ennio.supervisor.records import Tree


@pytest.fixture
def at(repo):
    """Run git in the workspace."""
    return lambda tree, *args: repo.git(*args, cwd=Path(tree.path))


async def test_a_clean_workspace_goes_and_its_empty_branch_with_it(repo, worktrees, keep, root):
    workspace = worktrees()
    root.mkdir()
    before = repo.state(root)
    tree = await keep(workspace)
    removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, False)
    assert repo.state(root) == before


async def test_removing_twice_is_removing_once(repo, worktrees, keep, root):
    workspace = worktrees()
    tree = await keep(workspace)
    assert await workspace.remove(tree) == await workspace.remove(tree)
    assert repo.branches() == {"main"}


async def test_a_branch_with_a_commit_of_its_own_stays(repo, worktrees, keep):
    workspace = worktrees()
    tree = await keep(workspace, branch="feat")
    tip = repo.commit("work", cwd=Path(tree.path))
    removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, True)
    assert repo.git("rev-parse", "feat") == tip
    assert not Path(tree.path).exists()


async def test_a_branch_that_was_there_before_stays(repo, worktrees, keep):
    repo.git("branch", "feat")
    workspace = worktrees()
    removal = await workspace.remove(await keep(workspace, branch="feat"))
    assert (removal.kept, removal.branch_kept) == (None, True)
    assert "feat" in repo.branches()


async def test_a_branch_that_was_set_back_has_no_commit_of_its_own(repo, worktrees, keep, at):
    repo.commit("second")
    workspace = worktrees()
    tree = await keep(workspace)
    at(tree, "reset", "--quiet", "--hard", "HEAD^")
    assert not (await workspace.remove(tree)).branch_kept
    assert repo.branches() == {"main"}


async def test_an_empty_branch_that_is_checked_out_elsewhere_stays(repo, worktrees, keep, at, tmp_path):
    workspace = worktrees()
    tree = await keep(workspace, branch="feat")
    at(tree, "checkout", "--quiet", "-b", "other")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "elsewhere"), "feat")
    removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, True)
    assert repo.branches() == {"main", "feat", "other"}


UNCOMMITTED = {
    "changed": lambda folder: (folder / "README").write_text("changed"),
    "removed": lambda folder: (folder / "README").unlink(),
    "executable": lambda folder: (folder / "README").chmod(0o755),
    "untracked": lambda folder: (folder / "new file\n").write_text(""),
    "untracked below": lambda folder: (
        (folder / "a/b").mkdir(parents=True),
        (folder / "a/b/c").write_text(""),
    ),
    "untracked link": lambda folder: (folder / "link").symlink_to("/nowhere"),
    "staged": lambda folder: (
        (folder / "new").write_text("staged"),
        subprocess.run(["git", "add", "new"], cwd=folder, check=True),
        (folder / "new").unlink(),
    ),
    "hidden by a folder's mode": lambda folder: (
        (folder / "shut").mkdir(),
        (folder / "shut/new").write_text(""),
        (folder / "shut").chmod(0),
    ),
    "a repository": lambda folder: subprocess.run(["git", "init", "-q", "nested"], cwd=folder, check=True),
    "no UTF-8": lambda folder: os.close(os.open(os.fsencode(folder) + b"/\xff", os.O_CREAT)),
}


@pytest.mark.parametrize("what", UNCOMMITTED)
async def test_uncommitted_work_keeps_the_workspace(repo, worktrees, keep, root, what):
    workspace = worktrees()
    tree = await keep(workspace)
    UNCOMMITTED[what](Path(tree.path))
    before = repo.state(root)
    removal = await workspace.remove(tree)
    assert removal.kept
    assert removal.kept.startswith("the workspace s-1 stays: it holds uncommitted work: ")
    assert "\n" not in removal.kept
    assert str(root) not in removal.kept
    assert repo.state(root) == before


async def test_the_configuration_cannot_hide_untracked_files(repo, worktrees, keep):
    repo.git("config", "status.showUntrackedFiles", "no")
    workspace = worktrees()
    tree = await keep(workspace)
    (Path(tree.path) / "new").write_text("")
    assert "new" in (await workspace.remove(tree)).kept


async def test_ignored_files_go_with_the_workspace(repo, worktrees, keep, root):
    repo.commit(".gitignore", "*.log\ncache/\n")
    workspace = worktrees()
    tree = await keep(workspace)
    (Path(tree.path) / "a.log").write_text("")
    (Path(tree.path) / "cache/deep").mkdir(parents=True)
    (Path(tree.path) / "cache/deep/file").write_text("")
    (Path(tree.path) / "cache/deep").chmod(0o500)
    assert (await workspace.remove(tree)).kept is None
    assert list(root.iterdir()) == []


async def test_what_symlinks_lead_to_stays(repo, worktrees, keep, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/file").write_text("precious")
    repo.commit(".gitignore", "link\n")
    workspace = worktrees()
    tree = await keep(workspace)
    (Path(tree.path) / "link").symlink_to(tmp_path / "shared")
    assert (await workspace.remove(tree)).kept is None
    assert (tmp_path / "shared/file").read_text() == "precious"


async def test_a_worktree_that_was_moved_away_is_left_alone(repo, worktrees, keep, tmp_path):
    workspace = worktrees()
    tree = await keep(workspace, branch="feat")
    repo.git("worktree", "move", tree.path, str(tmp_path / "moved"))
    removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, True)
    assert repo.git("status", "--porcelain", "--branch", cwd=tmp_path / "moved") == "## feat"


async def test_a_folder_that_is_gone_already_is_forgotten(repo, worktrees, keep, root, tmp_path):
    workspace = worktrees()
    root.mkdir()
    repo.git("worktree", "add", "--quiet", "-b", "users", str(tmp_path / "unplugged"))
    (tmp_path / "unplugged").rename(tmp_path / "drive")
    before = repo.state(root)
    tree = await keep(workspace)
    shutil.rmtree(tree.path)
    removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, False)
    assert repo.state(root) == before


async def test_read_only_folders_do_not_hinder(repo, worktrees, keep, root):
    (repo.path / "sub").mkdir()
    repo.commit("sub/file")
    workspace = worktrees()
    tree = await keep(workspace)
    (Path(tree.path) / "sub/file").chmod(0o400)
    (Path(tree.path) / "sub").chmod(0o500)
    Path(tree.path).chmod(0o500)
    assert (await workspace.remove(tree)).kept is None
    assert list(root.iterdir()) == []


async def test_a_removal_that_broke_off_is_finished_by_the_next(repo, worktrees, keep, root):
    workspace = worktrees()
    root.mkdir()
    before = repo.state(root)
    tree = await keep(workspace)
    # What a server leaves that was killed in the middle: aside, half of it gone, still registered.
    Path(tree.path).rename(f"{tree.path}.removed")
    (root / "s-1.removed/README").unlink()
    assert (await workspace.remove(tree)).kept is None
    assert repo.state(root) == before


async def test_a_cancelled_removal_has_happened_or_has_not(repo, worktrees, keep, root, cancel_at):
    workspace = worktrees()
    root.mkdir()
    before = repo.state(root)
    for number in range(1, 50):
        tree = await keep(workspace)
        with cancel_at("before", number) as scope:
            await workspace.remove(tree)
        if Path(tree.path).exists():
            assert (await workspace.remove(tree)).kept is None
        assert repo.state(root) == before
        if not scope.cancel_called:
            break
    assert 5 < number < 49


async def test_a_path_that_is_no_workspace_is_not_removed(repo, worktrees):
    workspace = worktrees()
    tip = repo.git("rev-parse", "HEAD")
    assert (await workspace.remove(Tree(str(repo.path), "main", tip, branch_made=False))).kept
    assert (repo.path / "README").exists()
