"""Work that git was told not to look at is found all the same."""

from pathlib import Path

import pytest

MARKS = ["--assume-unchanged", "--skip-worktree"]


@pytest.fixture
def at(repo):
    """Run git in the workspace."""
    return lambda tree, *args: repo.git(*args, cwd=Path(tree.path))


@pytest.mark.parametrize("kind", ["worktrees", "clones"])
@pytest.mark.parametrize("mark", MARKS)
async def test_a_changed_file_that_git_does_not_compare_keeps_the_workspace(request, keep, at, kind, mark):
    workspace = request.getfixturevalue(kind)()
    tree = await keep(workspace)
    at(tree, "update-index", mark, "README")
    (Path(tree.path) / "README").write_text("WORK")
    assert (await workspace.remove(tree)).kept.endswith("uncommitted work: README")
    assert (Path(tree.path) / "README").read_text() == "WORK"
    assert at(tree, "ls-files", "-v")[0] in "hS", "the mark is left as it was"


async def test_both_marks_on_one_file_hide_nothing_either(worktrees, keep, at):
    workspace = worktrees()
    tree = await keep(workspace)
    for mark in MARKS:
        at(tree, "update-index", mark, "README")
    (Path(tree.path) / "README").write_text("WORK")
    assert (await workspace.remove(tree)).kept.endswith("uncommitted work: README")


@pytest.mark.parametrize("mark", MARKS)
async def test_an_unchanged_file_that_git_does_not_compare_goes(worktrees, keep, at, mark):
    workspace = worktrees()
    tree = await keep(workspace)
    at(tree, "update-index", mark, "README")
    assert (await workspace.remove(tree)).kept is None


@pytest.mark.parametrize("extra", [(), ("--sparse-index",)])
async def test_a_sparse_checkout_is_clean_and_work_outside_of_it_is_not(repo, worktrees, keep, at, extra):
    for name in ("in", "out"):
        (repo.path / name).mkdir()
        repo.commit(f"{name}/file")
    workspace = worktrees()
    tree = await keep(workspace)
    at(tree, "sparse-checkout", "set", "--cone", *extra, "in")
    at(tree, "update-index", "--skip-worktree", "README")
    outside = Path(tree.path) / "out"
    assert not outside.exists()
    outside.mkdir()
    (outside / "file").write_text("WORK")
    assert "uncommitted work: out" in (await workspace.remove(tree)).kept
    (outside / "file").unlink()
    outside.rmdir()
    assert (await workspace.remove(tree)).kept is None


async def test_what_post_create_hid_counts_only_once_it_is_changed(worktrees, keep):
    workspace = worktrees(post_create=("git update-index --skip-worktree README; echo local >README",))
    tree = await keep(workspace)
    (Path(tree.path) / "README").write_text("WORK!")
    assert (await workspace.remove(tree)).kept.endswith("uncommitted work: README")
    (Path(tree.path) / "README").write_text("local\n")
    assert (await workspace.remove(tree)).kept is None


async def test_a_removal_without_marks_takes_one_look_for_them(worktrees, keep, host):
    workspace = worktrees()
    tree = await keep(workspace)
    host.ran.clear()
    await workspace.remove(tree)
    assert host.commands().count("ls-files") == 1
    assert "write-tree" not in host.commands()
