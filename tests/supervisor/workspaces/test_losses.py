"""What keeps a worktree beside uncommitted files: commits of no branch, work under way, what is unknown."""

import os
from pathlib import Path

import pytest

from ennio.supervisor.errors import EnnioError
from ennio.supervisor.workspaces import folders


@pytest.fixture
def at(repo):
    """Run git in the workspace."""
    return lambda tree, *args: repo.git(*args, cwd=Path(tree.path))


async def test_a_detached_head_with_commits_of_its_own_keeps_the_workspace(repo, worktrees, keep, at):
    workspace = worktrees()
    tree = await keep(workspace)
    at(tree, "checkout", "--quiet", "--detach")
    tip = repo.commit("work", cwd=Path(tree.path))
    assert "HEAD is detached" in (await workspace.remove(tree)).kept
    repo.git("tag", "held", tip)
    assert (await workspace.remove(tree)).kept is None


UNDER_WAY = {
    "a merge": lambda at, tree: Path(at(tree, "rev-parse", "--git-path", "MERGE_HEAD")).write_text("x"),
    "a cherry-pick": lambda at, tree: Path(
        at(tree, "rev-parse", "--git-path", "CHERRY_PICK_HEAD")
    ).write_text("x"),
    "a bisect": lambda at, tree: at(tree, "bisect", "start"),
    "a rebase": lambda at, tree: at(tree, "-c", "sequence.editor=echo break >", "rebase", "-i", "HEAD^"),
}


@pytest.mark.parametrize("what", UNDER_WAY)
async def test_an_operation_under_way_keeps_the_workspace(repo, worktrees, keep, at, what):
    repo.commit("second")
    workspace = worktrees()
    tree = await keep(workspace)
    UNDER_WAY[what](at, tree)
    assert f"{what} is under way" in (await workspace.remove(tree)).kept
    assert Path(tree.path).exists()


async def test_a_locked_worktree_stays(repo, worktrees, keep):
    workspace = worktrees()
    tree = await keep(workspace)
    repo.git("worktree", "lock", tree.path)
    assert "locked" in (await workspace.remove(tree)).kept
    repo.git("worktree", "unlock", tree.path)
    assert (await workspace.remove(tree)).kept is None


@pytest.mark.parametrize("damage", ["no .git", "another .git", "broken index", "broken HEAD"])
async def test_a_workspace_that_git_cannot_tell_about_stays(
    repo, worktrees, keep, init, damage, tmp_path, at
):
    # The root is inside of a repository that ignores it: no reason to call what is in there clean.
    outer = init(tmp_path / "outer")
    outer.commit(".gitignore", "workspaces\n")
    workspace = worktrees(root=outer.path / "workspaces")
    tree = await keep(workspace)
    folder = Path(tree.path)
    if damage == "no .git":
        (folder / ".git").unlink()
    elif damage == "another .git":
        (folder / ".git").write_text(f"gitdir: {outer.path / '.git'}\n")
    else:
        name = damage.split()[1]
        Path(at(tree, "rev-parse", "--git-path", name)).write_bytes(b"nonsense")
    (folder / "work").write_text("precious")
    removal = await workspace.remove(tree)
    assert removal.kept
    assert "git cannot tell" in removal.kept or "another repository" in removal.kept
    assert str(tmp_path) not in removal.kept
    assert (folder / "work").read_text() == "precious"


async def test_submodules_whose_commits_are_nowhere_else_keep_the_workspace(
    repo, worktrees, keep, init, at, tmp_path
):
    library = init(tmp_path / "library")
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", str(library.path), "lib")
    repo.git("commit", "--quiet", "-m", "lib")
    workspace = worktrees()
    tree = await keep(workspace)
    at(tree, *allow, "submodule", "--quiet", "update", "--init")
    repo.commit("inside", cwd=Path(tree.path) / "lib")
    assert "uncommitted work: lib" in (await workspace.remove(tree)).kept
    at(tree, "commit", "--quiet", "-am", "point to it")
    assert "submodule lib holds commits" in (await workspace.remove(tree)).kept
    repo.git("push", "--quiet", "origin", "HEAD:refs/heads/topic", cwd=Path(tree.path) / "lib")
    assert (await workspace.remove(tree)).kept is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
async def test_what_belongs_to_somebody_else_is_kept_with_words(
    repo, worktrees, keep, root, host, monkeypatch
):
    repo.commit(".gitignore", "cache\n")
    workspace = worktrees()
    tree = await keep(workspace)
    (Path(tree.path) / "cache").mkdir(mode=0o755)

    def deny(path, mode, **options):
        return Path(path).name != "cache"

    def refuse(path, mode, **options):
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr(os, "access", deny)
    monkeypatch.setattr(os, "chmod", refuse)
    kept = (await workspace.remove(tree)).kept
    assert kept == "the workspace s-1 stays: it cannot be looked into: Operation not permitted: cache"
    assert (Path(tree.path) / "README").exists()


async def test_a_repository_that_is_gone_destroys_nothing(repo, worktrees, keep):
    workspace = worktrees()
    tree = await keep(workspace)
    repo.path.rename(repo.path.with_name("gone"))
    assert "git cannot" in (await workspace.remove(tree)).kept
    assert (Path(tree.path) / "README").exists()


@pytest.mark.parametrize("ref", ["refs/worktree/deep/keep", "refs/bisect/bad", "refs/rewritten/onto"])
async def test_commits_that_only_a_ref_of_the_worktrees_own_holds_keep_it(repo, worktrees, keep, at, ref):
    workspace = worktrees()
    tree = await keep(workspace)
    repo.commit("work", cwd=Path(tree.path))
    at(tree, "update-ref", ref, "HEAD")
    at(tree, "reset", "--quiet", "--hard", "HEAD^")
    assert "refs of its own" in (await workspace.remove(tree)).kept
    repo.git("branch", "held", at(tree, "rev-parse", ref))
    assert (await workspace.remove(tree)).kept is None


@pytest.mark.parametrize("kind", ["worktrees", "clones"])
async def test_a_folder_that_was_replaced_by_a_symlink_stays_and_is_not_followed(request, keep, root, kind):
    workspace = request.getfixturevalue(kind)()
    tree = await keep(workspace)
    elsewhere = Path(tree.path).rename(root / "elsewhere")
    Path(tree.path).symlink_to(elsewhere)
    (elsewhere / "shut").mkdir(mode=0)
    assert "a symlink" in (await workspace.remove(tree)).kept
    assert Path(tree.path).is_symlink()
    assert (elsewhere / "shut").stat().st_mode & 0o777 == 0


@pytest.mark.parametrize("kind", ["worktrees", "clones"])
@pytest.mark.parametrize("error", [RuntimeError("odd"), OSError(5, "broken disk"), EnnioError("no git")])
async def test_whatever_goes_wrong_in_a_removal_is_told_and_not_raised(
    request, keep, monkeypatch, kind, error
):
    def fail(folder):
        raise error

    workspace = request.getfixturevalue(kind)()
    tree = await keep(workspace)
    monkeypatch.setattr(folders, "put_aside", fail)
    words = error.strerror if isinstance(error, OSError) else str(error)
    assert (await workspace.remove(tree)).kept == f"the workspace s-1 cannot be removed: {words}"
    assert (Path(tree.path) / "README").exists()
