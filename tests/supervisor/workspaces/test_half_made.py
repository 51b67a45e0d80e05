"""What git leaves half made or half removed when it is killed too, and what looks like that."""

from pathlib import Path

import pytest

from ennio.supervisor.ids import SessionId

S1 = SessionId("s-1")

HALF_MADE = {
    "begun": {"locked": "initializing"},
    "led nowhere": {"locked": "initializing", "gitdir": ""},
    "without HEAD": {"locked": "initializing", "gitdir": "{folder}/.git\n"},
    "with a lock": {
        "gitdir": "{folder}/.git\n",
        "HEAD": "0" * 40 + "\n",
        "HEAD.lock": "",
        "commondir": "../..\n",
    },
    "relative": {"gitdir": "../../../../workspaces/s-1/.git\n", "commondir": "../..\n", "index.lock": ""},
}


@pytest.mark.parametrize("state", HALF_MADE)
async def test_a_registration_that_git_had_only_begun_goes(repo, worktrees, crash, root, dies, state):
    root.mkdir()
    before = repo.state(root)
    workspace, hook = worktrees(), dies()
    await crash(workspace)
    hook.unlink()
    registration = repo.path / ".git/worktrees/s-1"
    registration.mkdir(parents=True)
    for name, words in HALF_MADE[state].items():
        (registration / name).write_text(words.format(folder=root / "s-1"))
    await workspace.undo(S1)
    assert repo.state(root) == before


async def test_a_user_s_worktree_of_the_same_name_stays(repo, worktrees, crash, tmp_path):
    repo.git("worktree", "add", "--quiet", "-b", "users", str(tmp_path / "s-1"))
    workspace = worktrees()
    await crash(workspace)
    await workspace.undo(S1)
    assert repo.git("status", "--porcelain", "--branch", cwd=tmp_path / "s-1") == "## users"
    assert repo.branches() == {"main", "users"}


async def test_a_git_killed_while_it_filled_the_worktree_leaves_nothing(repo, worktrees, crash, root):
    repo.commit(".gitattributes", "* filter=deadly\n")
    repo.git("config", "filter.deadly.smudge", "kill -9 $PPID")
    root.mkdir()
    before = repo.state(root)
    workspace = worktrees()
    await crash(workspace)
    assert (repo.path / ".git/worktrees/s-1/index.lock").exists()
    await workspace.undo(S1)
    assert repo.state(root) == before


async def test_a_removal_whose_git_was_killed_is_finished(repo, worktrees, keep, dies, root):
    root.mkdir()
    before = repo.state(root)
    workspace = worktrees()
    tree = await keep(workspace)
    hook = dies()
    first = await workspace.remove(tree)
    hook.unlink()
    assert first.kept
    removal = await workspace.remove(tree)
    if shared := list((repo.path / ".git").glob("packed-refs.lock")):
        assert "packed-refs.lock" in removal.kept
        shared[0].unlink()
        removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, False)
    assert repo.state(root) == before


async def test_a_branch_whose_way_home_was_cut_short_comes_home(repo, clones, keep, dies, root):
    workspace = clones()
    tree = await keep(workspace)
    tip = repo.commit("work", cwd=Path(tree.path))
    hook = dies()
    assert (await workspace.remove(tree)).kept
    hook.unlink()
    assert list((repo.path / ".git").rglob("*.lock"))
    assert (await workspace.remove(tree)).kept is None
    assert repo.git("rev-parse", tree.branch) == tip
    assert list(root.iterdir()) == []
    assert list((repo.path / ".git").rglob("*.lock")) == []


async def test_a_user_s_branch_of_that_name_outlives_a_second_removal(repo, worktrees, keep):
    workspace = worktrees()
    tree = await keep(workspace, branch="feat")
    await workspace.remove(tree)
    repo.git("branch", "feat")
    assert (await workspace.remove(tree)).branch_kept
    assert "feat" in repo.branches()
