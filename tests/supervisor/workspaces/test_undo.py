"""What `undo` removes of a checkout that was cut short, and what it leaves, not being certainly ours."""

import os
import time
from pathlib import Path

import pytest

from ennio.supervisor.errors import EnnioError
from ennio.supervisor.ids import SessionId
from ennio.supervisor.workspaces import folders

S1 = SessionId("s-1")


@pytest.mark.parametrize("kind", ["worktrees", "clones"])
async def test_a_session_that_never_began_has_nothing_to_undo(request, repo, keep, root, kind):
    workspace = request.getfixturevalue(kind)()
    await keep(workspace, "s-2")
    (root / "s-1").mkdir()
    (root / "s-1/file").write_text("somebody's")
    repo.git("branch", "ennio/s-1")
    before = repo.state(root)
    await workspace.undo(S1)
    assert repo.state(root) == before


@pytest.mark.parametrize("words", ["", '{"repository": '])
async def test_a_note_that_was_cut_short_is_all_there_is(repo, worktrees, root, words):
    root.mkdir()
    before = repo.state(root)
    for clear in (worktrees().undo(S1), worktrees().strays(owned=())):
        (root / "s-1.branch").write_text(words)
        await clear
        assert repo.state(root) == before


async def test_a_user_s_branch_of_the_same_name_stays(repo, worktrees, crash, dies):
    workspace, hook = worktrees(), dies()
    await crash(workspace, branch="feat")
    hook.unlink()
    (repo.path / ".git/refs/heads/feat.lock").unlink()
    repo.git("branch", "feat")
    await workspace.undo(S1)
    assert "feat" in repo.branches()


async def test_a_user_s_branch_made_after_ours_was_deleted_stays(repo, worktrees, crash):
    workspace = worktrees()
    tree = await crash(workspace, branch="feat")
    repo.git("worktree", "remove", "--force", tree.path)
    repo.git("branch", "-D", "feat")
    repo.git("branch", "feat")
    await workspace.undo(S1)
    assert "feat" in repo.branches()


async def test_a_user_s_branch_on_the_log_of_ours_stays(repo, worktrees, crash, root):
    """Git killed between the writing of the reflog and of the branch leaves the log to whoever comes next."""
    workspace = worktrees()
    tree = await crash(workspace, branch="feat")
    log = repo.path / ".git/logs/refs/heads/feat"
    ours = log.read_text()
    repo.git("worktree", "remove", "--force", tree.path)
    repo.git("branch", "-D", "feat")
    log.write_text(ours)
    repo.git("branch", "feat")
    assert log.read_text().startswith(ours)
    await workspace.undo(S1)
    assert "feat" in repo.branches()
    assert list(root.iterdir()) == []


async def test_the_log_of_a_branch_that_came_to_nothing_goes(repo, worktrees, crash):
    workspace = worktrees()
    tree = await crash(workspace, branch="feat")
    log = repo.path / ".git/logs/refs/heads/feat"
    ours = log.read_text()
    repo.git("worktree", "remove", "--force", tree.path)
    repo.git("branch", "-D", "feat")
    log.write_text(ours)
    await workspace.undo(S1)
    assert not log.exists()


async def test_a_branch_on_which_somebody_went_on_stays(repo, worktrees, crash, root):
    workspace = worktrees()
    tree = await crash(workspace, branch="feat")
    tip = repo.commit("work", cwd=Path(tree.path))
    await workspace.undo(S1)
    assert repo.git("rev-parse", "feat") == tip
    assert list(root.iterdir()) == []


async def test_a_branch_that_somebody_checked_out_meanwhile_stays(repo, worktrees, crash):
    workspace = worktrees()
    tree = await crash(workspace, branch="feat")
    repo.git("checkout", "--quiet", "--detach", cwd=Path(tree.path))
    repo.git("checkout", "--quiet", "feat")
    await workspace.undo(S1)
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/feat"
    assert repo.git("status", "--porcelain") == ""


async def test_a_git_killed_while_it_made_the_branch_leaves_no_lock(repo, worktrees, crash, dies, root):
    root.mkdir()
    before = repo.state(root)
    workspace, hook = worktrees(), dies()
    await crash(workspace, branch="feat")
    hook.unlink()
    assert (repo.path / ".git/refs/heads/feat.lock").exists()
    await workspace.undo(S1)
    assert repo.state(root) == before


async def test_a_lock_that_is_older_than_the_checkout_is_not_ours(repo, worktrees, crash, root):
    workspace = worktrees()
    await crash(workspace, branch="feat")
    lock = repo.path / ".git/refs/heads/feat.lock"
    lock.write_text("")
    os.utime(lock, (time.time() - 60, time.time() - 60))
    with pytest.raises(EnnioError, match=r"s-1 left .* projekt ü holds refs/heads/feat.lock; if no git"):
        await workspace.undo(S1)
    lock.unlink()
    await workspace.undo(S1)
    assert repo.branches() == {"main"}
    assert list(root.iterdir()) == []


async def test_a_lock_on_what_all_branches_share_is_named_and_left(repo, worktrees, crash, tmp_path, root):
    workspace = worktrees()
    await crash(workspace)
    lock = repo.path / ".git/packed-refs.lock"
    lock.write_text("")
    with pytest.raises(EnnioError, match=r"projekt ü holds packed-refs.lock; .* then remove it") as caught:
        await workspace.undo(S1)
    assert str(tmp_path) not in str(caught.value)
    assert lock.exists()
    lock.unlink()
    await workspace.undo(S1)
    assert repo.branches() == {"main"}
    assert list(root.iterdir()) == []


async def test_what_cannot_be_removed_is_told_and_tried_again(repo, worktrees, crash, root, monkeypatch):
    root.mkdir()
    before = repo.state(root)
    workspace = worktrees()
    await crash(workspace)

    def fail(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    with monkeypatch.context() as broken:
        broken.setattr(folders, "remove_aside", fail)
        with pytest.raises(EnnioError, match="the checkout of s-1 left cannot be removed: Permission denied"):
            await workspace.undo(S1)
    await workspace.undo(S1)
    assert repo.state(root) == before


async def test_a_project_that_has_moved_to_another_repository_does_not_hinder(
    repo, worktrees, crash, init, tmp_path, root
):
    root.mkdir()
    before = repo.state(root)
    await crash(worktrees())
    other = init(tmp_path / "other")
    await worktrees(path=other.path).undo(S1)
    assert repo.state(root) == before
    assert other.branches() == {"main"}


async def test_a_cancelled_undo_is_finished_by_the_next(repo, worktrees, crash, root, cancel_at):
    root.mkdir()
    before = repo.state(root)
    for number in range(1, 20):
        workspace = worktrees()
        await crash(workspace)
        with cancel_at("before", number) as scope:
            await workspace.undo(S1)
        await workspace.undo(S1)
        assert repo.state(root) == before
        if not scope.cancel_called:
            break
    assert 3 < number < 19
