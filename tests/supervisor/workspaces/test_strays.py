"""Workspaces that no session has: the clean ones go, the others are told of, nobody else's are touched."""

import json
import shutil
from pathlib import Path

import pytest

from ennio.supervisor.protocols import Stray

KINDS = ("worktrees", "clones")


@pytest.fixture(params=KINDS)
def workspace(request):
    return request.getfixturevalue(request.param)()


async def test_a_clean_one_goes_whole(repo, workspace, keep, root):
    root.mkdir()
    before = repo.state(root)
    await keep(workspace, "s-1")
    assert await workspace.strays(owned=()) == [Stray(str(root / "s-1"), None)]
    assert repo.state(root) == before
    assert await workspace.strays(owned=()) == []


async def test_one_that_has_a_session_is_not_touched(repo, workspace, keep, root):
    await keep(workspace, "s-1")
    await keep(workspace, "s-2")
    assert await workspace.strays(owned={"s-1"}) == [Stray(str(root / "s-2"), None)]
    assert (root / "s-1/README").exists()
    assert (await workspace.strays(owned={"s-1"})) == []


async def test_uncommitted_work_keeps_it(repo, workspace, keep, root):
    tree = await keep(workspace)
    (Path(tree.path) / "new").write_text("work")
    (found,) = await workspace.strays(owned=())
    assert found == Stray(tree.path, "the workspace s-1 stays: it holds uncommitted work: new")
    assert (root / "s-1/new").read_text() == "work"


@pytest.mark.parametrize("kind", KINDS)
async def test_what_hooks_left_keeps_it_for_nobody_can_tell_it_from_work(request, keep, kind):
    workspace = request.getfixturevalue(kind)(post_create=("echo generated >generated",))
    await keep(workspace)
    (found,) = await workspace.strays(owned=())
    assert "uncommitted work: generated" in found.kept


async def test_ignored_files_do_not_keep_it(repo, workspace, keep, root):
    repo.commit(".gitignore", "*.log\n")
    await keep(workspace)
    (root / "s-1/a.log").write_text("")
    assert [stray.kept for stray in await workspace.strays(owned=())] == [None]


async def test_commits_on_the_branch_stay_in_the_repository(repo, worktrees, keep, root):
    workspace = worktrees()
    tree = await keep(workspace)
    tip = repo.commit("work", cwd=Path(tree.path))
    assert [stray.kept for stray in await workspace.strays(owned=())] == [None]
    assert repo.git("rev-parse", tree.branch) == tip
    assert list(root.iterdir()) == []


async def test_commits_that_only_the_clone_has_keep_it(repo, clones, keep):
    workspace = clones()
    tree = await keep(workspace)
    repo.commit("work", cwd=Path(tree.path))
    (found,) = await workspace.strays(owned=())
    assert found.kept == "the workspace s-1 stays: its branch ennio/s-1 holds commits of its own"
    repo.git("push", "--quiet", "origin", tree.branch, cwd=Path(tree.path))
    assert [stray.kept for stray in await workspace.strays(owned=())] == [None]


async def test_a_stash_keeps_the_clone(repo, clones, keep):
    workspace = clones()
    folder = Path((await keep(workspace)).path)
    (folder / "README").write_text("stashed")
    repo.git("stash", cwd=folder)
    assert "holds commits" in (await workspace.strays(owned=()))[0].kept


async def test_a_detached_commit_keeps_the_worktree(repo, worktrees, keep):
    workspace = worktrees()
    folder = Path((await keep(workspace)).path)
    repo.git("checkout", "--quiet", "--detach", cwd=folder)
    repo.commit("work", cwd=folder)
    assert "HEAD is detached" in (await workspace.strays(owned=()))[0].kept


async def test_what_is_not_ours_is_not_looked_into(repo, workspace, init, root, tmp_path):
    root.mkdir()
    (root / "empty").mkdir()
    (root / "folder").mkdir()
    (root / "folder/file").write_text("somebody's")
    (root / "gone.removed").mkdir()
    (root / "file").write_text("a file")
    (root / "link").symlink_to(tmp_path)
    (root / "no session!").mkdir()
    init(root / "repository")
    shutil.copytree(repo.path, root / "copy")
    before = repo.state(root)
    assert await workspace.strays(owned=()) == []
    assert repo.state(root) == before


async def test_another_project_s_are_left_to_it(repo, request, workspace, keep, init, tmp_path, root):
    other = init(tmp_path / "other")
    for kind, name in zip(KINDS, ("t-1", "t-2"), strict=True):
        await keep(request.getfixturevalue(kind)(path=other.path), name)
    before = other.state(root)
    assert await workspace.strays(owned=()) == []
    assert other.state(root) == before


async def test_a_removal_that_was_cut_short_is_finished(repo, workspace, keep, root):
    root.mkdir()
    before = repo.state(root)
    tree = await keep(workspace)
    Path(tree.path).rename(f"{tree.path}.removed")
    (root / "s-1.removed/README").unlink()
    assert await workspace.strays(owned={"s-1"}) == []
    assert await workspace.strays(owned=()) == [Stray(tree.path, None)]
    assert repo.state(root) == before


async def test_a_worktree_without_its_note_is_known_by_its_git_file(repo, worktrees, keep, root):
    workspace = worktrees()
    clean, dirty = await keep(workspace, "s-1"), await keep(workspace, "s-2")
    for tree in (clean, dirty):
        Path(f"{tree.path}.branch").unlink()
    (root / "s-2/new").write_text("work")
    first, second = await workspace.strays(owned=())
    assert first == Stray(clean.path, None)
    assert "uncommitted work: new" in second.kept
    assert repo.branches() >= {clean.branch, dirty.branch}, "whose they are is not known for certain"


async def test_a_registration_of_which_nothing_is_left_is_forgotten(repo, worktrees, keep, root, tmp_path):
    workspace = worktrees()
    root.mkdir()
    repo.git("worktree", "add", "--quiet", "-b", "users", str(tmp_path / "unplugged"))
    (tmp_path / "unplugged").rename(tmp_path / "drive")
    before = repo.git("worktree", "list", "--porcelain")
    for name in ("s-1", "s-2"):
        repo.git("worktree", "add", "--quiet", "--detach", str(root / name))
        shutil.rmtree(root / name)
    assert await workspace.strays(owned={"s-2"}) == [Stray(str(root / "s-1"), None)]
    assert await workspace.strays(owned=()) == [Stray(str(root / "s-2"), None)]
    assert repo.git("worktree", "list", "--porcelain") == before


async def test_a_registration_that_somebody_locked_stays(repo, worktrees, root):
    root.mkdir()
    repo.git("worktree", "add", "--quiet", "--detach", "--lock", str(root / "s-1"))
    (root / "s-1").rename(root.parent / "drive")
    (found,) = await worktrees().strays(owned=())
    assert "locked" in found.kept
    assert "s-1" in repo.git("worktree", "list")


async def test_one_that_cannot_be_removed_does_not_stop_the_others(repo, workspace, keep, root):
    for name in ("s-1", "s-2"):
        await keep(workspace, name)
    note = json.loads((root / "s-1.branch").read_text())
    (root / "s-1.branch").write_text(json.dumps({**note, "commit": "f" * 40}))
    git_dir = root / "s-1/.git"
    git_dir.unlink() if git_dir.is_file() else (git_dir / "HEAD").write_text("nonsense")
    first, second = await workspace.strays(owned=())
    assert first.kept
    assert second.kept is None
    assert (root / "s-1/README").exists()


async def test_a_repository_that_vanished_is_told_in_words(repo, workspace, keep, root):
    assert await workspace.strays(owned=()) == []
    tree = await keep(workspace)
    repo.path.rename(repo.path.with_name("gone"))
    workspace.repository._common = None  # as a new server would
    (found,) = await workspace.strays(owned=())
    assert "cannot be looked for" in found.kept
    assert Path(tree.path).exists()
