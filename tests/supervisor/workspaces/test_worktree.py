"""Making a worktree: which branch, from where, and what is refused."""

import gc
import os
import stat
from pathlib import Path

import pytest
import trio

from ennio.supervisor.branches import BranchName
from ennio.supervisor.errors import CommandFailed, Conflict, Invalid
from ennio.supervisor.ids import SessionId


async def test_a_new_branch_starts_at_the_default_branch(repo, worktrees, keep):
    tip = repo.git("rev-parse", "main")
    tree = await keep(worktrees(), branch="feat/one")
    assert (tree.branch, tree.base_commit, tree.branch_made, tree.baseline) == ("feat/one", tip, True, {})
    assert (Path(tree.path) / "README").read_text() == "hello\n"
    assert repo.git("rev-parse", "--abbrev-ref", "HEAD", cwd=Path(tree.path)) == "feat/one"
    assert repo.git("status", "--porcelain", cwd=Path(tree.path)) == ""


async def test_a_checkout_costs_few_git_processes(worktrees, keep, host):
    workspace = worktrees()
    await keep(workspace, "s-1")
    host.ran.clear()
    await keep(workspace, "s-2")
    assert host.commands() == ["update-ref", "worktree", "reset"]
    host.ran.clear()
    await keep(workspace, "s-3", branch="feat")
    assert host.commands() == ["for-each-ref", "update-ref", "worktree", "reset"]


@pytest.mark.parametrize("hashes", ["sha1", "sha256"])
async def test_the_base_commit_is_told_in_full(repo, worktrees, keep, tmp_path, hashes):
    (tmp_path / "r").mkdir()
    repo.git("init", "--quiet", "--initial-branch=main", f"--object-format={hashes}", cwd=tmp_path / "r")
    decoy = "f" * len(repo.git("hash-object", "-t", "tree", "/dev/null", cwd=tmp_path / "r"))
    repo.git("commit", "--quiet", "--allow-empty", "-m", decoy, cwd=tmp_path / "r")
    tip = repo.git("rev-parse", "HEAD", cwd=tmp_path / "r")
    tree = await keep(worktrees(path=tmp_path / "r"))
    assert tree.base_commit == tip


async def test_the_session_has_its_own_folder_in_the_root(worktrees, keep, root):
    tree = await keep(worktrees(), "my-1")
    assert Path(tree.path) == root / "my-1"


async def test_an_existing_free_branch_is_checked_out_as_it_is(repo, worktrees, keep):
    repo.git("checkout", "--quiet", "-b", "feat")
    tip = repo.commit("more")
    repo.git("checkout", "--quiet", "main")
    tree = await keep(worktrees(), branch="feat")
    assert (tree.base_commit, tree.branch_made) == (tip, False)
    assert (Path(tree.path) / "more").exists()


async def test_a_branch_that_the_main_working_tree_has_is_refused(repo, worktrees, keep, root):
    before = repo.state(root)
    with pytest.raises(Conflict, match="main is checked out already, in projekt ü;"):
        await keep(worktrees(), branch="main")
    assert repo.state(root) == before


async def test_a_branch_that_another_session_has_is_refused(worktrees, keep, tmp_path):
    workspace = worktrees()
    await keep(workspace, "s-1", branch="feat")
    with pytest.raises(Conflict, match="feat is checked out already, in s-1;") as caught:
        await keep(workspace, "s-2", branch="feat")
    assert str(tmp_path) not in str(caught.value)


async def test_a_branch_that_is_being_rebased_elsewhere_is_refused(repo, worktrees, keep):
    repo.git("checkout", "--quiet", "-b", "feat")
    repo.commit("file", "one")
    repo.git("branch", "-f", "other", "main")
    repo.git("checkout", "--quiet", "other")
    repo.commit("file", "two")
    with pytest.raises(AssertionError, match="CONFLICT"):
        repo.git("rebase", "feat")
    with pytest.raises(Conflict, match="already"):
        await keep(worktrees(), branch="other")


@pytest.mark.parametrize(
    ("there", "wanted"), [("feat", "feat/one"), ("feat/one", "feat"), ("a/b", "a/b/c/d")]
)
async def test_a_name_that_collides_with_another_is_refused(repo, worktrees, keep, root, there, wanted):
    repo.git("branch", there)
    before = repo.state(root)
    with pytest.raises(Conflict, match=f"{wanted} of projekt ü cannot be beside {there}"):
        await keep(worktrees(), branch=wanted)
    assert repo.state(root) == before


async def test_a_derived_name_that_is_taken_gets_a_number(repo, worktrees, keep):
    workspace = worktrees()
    trees = [await keep(workspace, f"s-{n}", derived="issue-1") for n in range(3)]
    assert [tree.branch for tree in trees] == ["issue-1", "issue-1-2", "issue-1-3"]
    assert all(tree.branch_made for tree in trees)


async def test_a_derived_name_that_collides_gets_a_number(repo, worktrees, keep):
    repo.git("branch", "issue-1/old")
    assert (await keep(worktrees(), derived="issue-1")).branch == "issue-1-2"


async def test_a_derived_name_below_a_branch_loses_its_slash(repo, worktrees, keep):
    repo.git("branch", "ennio")
    assert (await keep(worktrees(), "s-1")).branch == "ennio-s-1"


async def test_a_derived_name_that_origin_has_is_taken(repo, worktrees, keep, tmp_path):
    repo.git("update-ref", "refs/remotes/origin/issue-1", "main")
    assert (await keep(worktrees(), derived="issue-1")).branch == "issue-1-2"


async def test_a_branch_that_only_origin_has_starts_there(repo, worktrees, keep):
    tip = repo.commit("theirs")
    repo.git("update-ref", "refs/remotes/origin/theirs", tip)
    repo.git("reset", "--quiet", "--hard", "HEAD^")
    tree = await keep(worktrees(), branch="theirs")
    assert (tree.base_commit, tree.branch_made) == (tip, True)
    assert "branch" not in repo.git("config", "--list", "--local")


async def test_without_a_local_default_branch_that_of_origin_is_the_start(repo, worktrees, keep):
    tip = repo.git("rev-parse", "HEAD")
    repo.git("update-ref", "refs/remotes/origin/trunk", tip)
    repo.commit("later")
    tree = await keep(worktrees(default_branch="trunk"))
    assert tree.base_commit == tip


async def test_a_default_branch_that_nobody_has_is_named(repo, worktrees, keep, root):
    before = repo.state(root)
    with pytest.raises(Invalid, match="projekt ü has no branch trunk"):
        await keep(worktrees(default_branch="trunk"))
    assert repo.state(root) == before


async def test_a_repository_without_a_commit_says_so(tmp_path, worktrees, keep, repo):
    (tmp_path / "empty").mkdir()
    repo.git("init", "--quiet", "--initial-branch=main", cwd=tmp_path / "empty")
    with pytest.raises(Invalid, match="empty has no commit yet"):
        await keep(worktrees(path=tmp_path / "empty"))


async def test_a_tag_of_the_same_name_does_not_mislead(repo, worktrees, keep):
    repo.git("tag", "feat")
    tip = repo.commit("more")
    repo.git("branch", "feat")
    tree = await keep(worktrees(), branch="feat")
    assert tree.base_commit == tip
    assert repo.git("symbolic-ref", "HEAD", cwd=Path(tree.path)) == "refs/heads/feat"
    assert (Path(tree.path) / "more").exists()


async def test_a_bare_repository_serves(repo, worktrees, keep, tmp_path):
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    workspace = worktrees(path=tmp_path / "bare.git")
    tree = await keep(workspace)
    assert (Path(tree.path) / "README").exists()
    assert (await workspace.remove(tree)).kept is None


async def test_a_worktree_serves_as_the_project(repo, worktrees, keep, tmp_path):
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    workspace = worktrees(path=tmp_path / "side")
    tree = await keep(workspace)
    assert (await workspace.remove(tree)).kept is None
    with pytest.raises(Conflict, match="in side;"):
        await keep(workspace, branch="side")


async def test_sparse_checkouts_stay_sparse(repo, worktrees, keep):
    for folder in ("a", "b"):
        (repo.path / folder).mkdir()
        repo.commit(f"{folder}/file")
    repo.git("sparse-checkout", "set", "a")
    workspace = worktrees()
    tree = await keep(workspace)
    assert (Path(tree.path) / "a").exists()
    assert not (Path(tree.path) / "b").exists()
    assert (await workspace.remove(tree)).kept is None


async def test_a_workspace_that_is_there_is_not_touched(repo, worktrees, keep, root):
    workspace = worktrees()
    tree = await keep(workspace)
    (Path(tree.path) / "work").write_text("mine")
    before = repo.state(root)
    with pytest.raises(Conflict, match="the workspace s-1 is there already"):
        await keep(workspace)
    assert repo.state(root) == before


async def test_the_server_s_git_variables_do_not_misdirect(
    repo, worktrees, keep, init, tmp_path, monkeypatch
):
    other = init(tmp_path / "other")
    wrong = {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(other.path / "index"),
        "GIT_OBJECT_DIRECTORY": str(other.path / ".git/objects"),
        "GIT_COMMON_DIR": str(other.path / ".git"),
    }
    workspace = worktrees(env={**os.environ, **wrong}, post_create=("git rev-parse --show-toplevel >where",))
    tree = await keep(workspace)
    assert (Path(tree.path) / "where").read_text() == f"{tree.path}\n"
    assert tree.branch in repo.branches()
    assert other.branches() == {"main"}


async def test_forgetting_the_block_keeps_the_workspace(repo, worktrees, keep):
    tree = await keep(worktrees())
    gc.collect()
    await trio.sleep(0.01)
    assert (Path(tree.path) / "README").exists()
    assert tree.branch in repo.branches()


async def test_the_block_s_end_gives_everything_back(repo, worktrees, root):
    workspace = worktrees()
    root.mkdir()
    before = repo.state(root)
    async with workspace.checkout(SessionId("s-1"), BranchName("feat"), BranchName("unused")) as tree:
        repo.commit("more", cwd=Path(tree.path))
    assert repo.state(root) == before


async def test_the_block_s_end_leaves_an_older_branch(repo, worktrees, root):
    repo.git("branch", "feat")
    async with worktrees().checkout(SessionId("s-1"), BranchName("feat"), BranchName("unused")):
        pass
    assert repo.branches() == {"main", "feat"}
    assert list(root.iterdir()) == []


async def test_forty_checkouts_at_once_all_succeed(repo, worktrees, keep):
    workspaces = [worktrees(), worktrees()]
    trees = []

    async def one(number: int) -> None:
        trees.append(await keep(workspaces[number % 2], f"s-{number}", derived="ennio/same"))

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(one, number)
    assert len({tree.branch for tree in trees}) == 40
    assert repo.git("worktree", "list").count("\n") == 40


async def test_of_two_who_want_one_branch_at_once_one_gets_it(repo, worktrees, keep):
    workspace, outcomes = worktrees(), []

    async def one(name: str) -> None:
        try:
            outcomes.append((await keep(workspace, name, branch="feat")).branch_made)
        except Conflict as error:
            outcomes.append("already" in str(error))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, "s-1")
        nursery.start_soon(one, "s-2")
    assert outcomes == [True, True]
    assert repo.git("worktree", "list").count("\n") == 1


async def test_git_s_own_failure_is_told_without_whereabouts(repo, worktrees, keep, tmp_path):
    objects = next((repo.path / ".git/objects").glob("??"))
    for file in (repo.path / ".git/objects").glob("??/*"):
        file.chmod(stat.S_IRWXU)
        file.write_bytes(b"broken")
    assert objects.exists()
    with pytest.raises(CommandFailed) as caught:
        await keep(worktrees())
    assert str(tmp_path) not in str(caught.value)
    assert repo.branches() == {"main"}


async def test_a_repository_that_vanished_is_told_in_words(repo, worktrees, keep):
    repo.path.rename(repo.path.with_name("gone"))
    with pytest.raises(CommandFailed, match="the folder projekt ü cannot be entered"):
        await keep(worktrees())
