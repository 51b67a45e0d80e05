"""Clones: where they start, what they refuse, and how their work comes home."""

from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import CommandFailed, ConfigError, Conflict, Invalid


async def test_a_new_branch_starts_at_the_default_branch(repo, clones, keep):
    tree = await keep(clones(), branch="feat")
    folder = Path(tree.path)
    assert (tree.base_commit, tree.branch_made) == (repo.git("rev-parse", "main"), True)
    assert repo.git("symbolic-ref", "HEAD", cwd=folder) == "refs/heads/feat"
    assert (folder / ".git").is_dir()
    assert repo.branches() == {"main"}


async def test_repo_is_what_is_cloned(repo, clones, keep, init, tmp_path):
    upstream = init(tmp_path / "upstream")
    tip = upstream.commit("newer")
    tree = await keep(clones(repo=str(upstream.path)))
    assert tree.base_commit == tip
    assert repo.git("remote", "get-url", "origin", cwd=Path(tree.path)) == str(upstream.path)


async def test_a_branch_of_the_project_is_continued(repo, clones, keep, init, tmp_path):
    repo.git("checkout", "--quiet", "-b", "feat")
    tip = repo.commit("only here")
    repo.git("checkout", "--quiet", "main")
    for workspace, name in ((clones(), "s-1"), (clones(repo=str(init(tmp_path / "upstream").path)), "s-2")):
        tree = await keep(workspace, name, branch="feat")
        assert (tree.base_commit, tree.branch_made) == (tip, False)
        assert (Path(tree.path) / "only here").exists()
        assert (await workspace.remove(tree)).kept is None


async def test_a_branch_that_only_upstream_has_starts_there(repo, clones, keep, init, tmp_path):
    upstream = init(tmp_path / "upstream")
    upstream.git("checkout", "--quiet", "-b", "theirs")
    tip = upstream.commit("work")
    tree = await keep(clones(repo=str(upstream.path)), branch="theirs")
    assert (tree.base_commit, tree.branch_made) == (tip, True)


async def test_the_default_branch_may_be_there_as_origin_s_alone(repo, clones, keep):
    repo.git("update-ref", "refs/remotes/origin/trunk", "main")
    assert (await keep(clones(default_branch="trunk"))).base_commit == repo.git("rev-parse", "main")


async def test_two_clones_never_have_one_branch(clones, keep):
    workspace = clones()
    tree = await keep(workspace, "s-1", branch="feat")
    with pytest.raises(Conflict, match="feat is checked out already, in s-1;"):
        await keep(workspace, "s-2", branch="feat")
    assert (await workspace.remove(tree)).kept is None
    await keep(workspace, "s-2", branch="feat")


async def test_a_branch_that_the_main_working_tree_has_is_refused(clones, keep, root):
    with pytest.raises(Conflict, match="main is checked out already, in projekt ü;"):
        await keep(clones(), branch="main")
    assert list(root.iterdir()) == []


async def test_names_are_compared_with_the_project_and_with_other_clones(repo, clones, keep):
    workspace = clones()
    repo.git("branch", "old")
    await keep(workspace, "s-1", branch="feat")
    for wanted, there in (("old/one", "old"), ("feat/one", "feat")):
        with pytest.raises(Conflict, match=f"{wanted} of projekt ü cannot be beside {there}"):
            await keep(workspace, "s-2", branch=wanted)
    derived = [
        (await keep(workspace, f"t-{n}", derived=name)).branch for n, name in enumerate(("old", "feat"))
    ]
    assert derived == ["old-2", "feat-2"]


async def test_clones_of_another_project_do_not_matter(clones, keep, init, tmp_path):
    await keep(clones(), "s-1", branch="feat")
    tree = await keep(clones(path=init(tmp_path / "other").path), "s-2", branch="feat")
    assert tree.branch == "feat"


async def test_many_clones_at_once_get_names_of_their_own(clones, keep):
    workspace, trees = clones(), []

    async def one(number: int) -> None:
        trees.append(await keep(workspace, f"s-{number}", derived="same"))

    async with trio.open_nursery() as nursery:
        for number in range(12):
            nursery.start_soon(one, number)
    assert len({tree.branch for tree in trees}) == 12


@pytest.mark.parametrize(
    "repo_value", ["--upload-pack=touch x", "-x", "ext::sh -c 'touch x'", "fd::17", "::x"]
)
def test_what_git_would_run_is_refused(clones, repo_value):
    with pytest.raises(ConfigError, match="repo: git would"):
        clones(repo=repo_value)


@pytest.mark.parametrize("repo_value", ["https://h/r.git", "git@host:me/r.git", "/a/b::c", "[::1]:r", "../r"])
def test_usual_addresses_are_taken(clones, repo_value):
    clones(repo=repo_value)


async def test_a_clone_that_fails_is_told_without_whereabouts_or_password(clones, keep, tmp_path, root):
    with pytest.raises(CommandFailed) as caught:
        await keep(clones(repo=str(tmp_path / "missing")))
    assert str(caught.value).startswith("`git clone ")
    assert list(root.iterdir()) == []
    with pytest.raises(CommandFailed) as caught:
        await keep(clones(repo="http://me:hunter2@127.0.0.1:9/r.git"))
    assert "hunter2" not in str(caught.value)


async def test_a_clone_does_not_depend_on_anyone_s_objects(repo, clones, keep, tmp_path):
    borrowing = tmp_path / "borrowing"
    repo.git("clone", "--quiet", "--shared", str(repo.path), str(borrowing))
    tree = await keep(clones(path=borrowing))
    assert not (Path(tree.path) / ".git/objects/info/alternates").exists()


async def test_an_empty_project_says_so(repo, clones, keep, tmp_path):
    (tmp_path / "empty").mkdir()
    repo.git("init", "--quiet", cwd=tmp_path / "empty")
    with pytest.raises(Invalid, match="empty has no commit yet"):
        await keep(clones(path=tmp_path / "empty"))


async def test_commits_come_home_before_the_clone_goes(repo, clones, keep, root):
    workspace = clones()
    tree = await keep(workspace)
    tip = repo.commit("work", cwd=Path(tree.path))
    removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, True)
    assert repo.git("rev-parse", tree.branch) == tip
    assert list(root.iterdir()) == []
    assert await workspace.remove(tree) == removal


async def test_a_clone_without_a_commit_leaves_no_branch(repo, clones, keep, root):
    workspace = clones()
    root.mkdir()
    before = repo.state(root)
    removal = await workspace.remove(await keep(workspace))
    assert (removal.kept, removal.branch_kept) == (None, False)
    assert repo.state(root) == before


async def test_commits_are_not_forced_upon_the_project(repo, clones, keep):
    workspace = clones()
    tree = await keep(workspace, branch="feat")
    repo.commit("work", cwd=Path(tree.path))
    repo.git("branch", "feat", repo.commit("other work"))
    tip = repo.git("rev-parse", "feat")
    assert "branch feat cannot be brought into the project" in (await workspace.remove(tree)).kept
    assert repo.git("rev-parse", "feat") == tip
    assert Path(tree.path).exists()


async def test_a_branch_that_was_checked_out_meanwhile_is_not_moved(repo, clones, keep, tmp_path):
    repo.git("branch", "feat")
    workspace = clones()
    tree = await keep(workspace, branch="feat")
    repo.commit("work", cwd=Path(tree.path))
    repo.git("checkout", "--quiet", "feat")
    kept = (await workspace.remove(tree)).kept
    assert "cannot be brought" in kept
    assert str(tmp_path) not in kept
    repo.git("checkout", "--quiet", "main")
    assert (await workspace.remove(tree)).kept is None


def _branch(repo, folder):
    repo.git("checkout", "--quiet", "-b", "aside", cwd=folder)
    repo.commit("aside", cwd=folder)
    repo.git("checkout", "--quiet", "-", cwd=folder)


def _detached(repo, folder):
    repo.git("checkout", "--quiet", "--detach", cwd=folder)
    repo.commit("detached", cwd=folder)


def _stash(repo, folder):
    (folder / "README").write_text("stashed")
    repo.git("stash", cwd=folder)


def _tag(repo, folder):
    _detached(repo, folder)
    repo.git("tag", "only-here", cwd=folder)
    repo.git("checkout", "--quiet", "feat", cwd=folder)


def _main(repo, folder):
    repo.git("checkout", "--quiet", "main", cwd=folder)
    repo.commit("on main", cwd=folder)


@pytest.mark.parametrize("work", [_branch, _detached, _stash, _tag, _main])
async def test_work_beside_the_branch_keeps_the_clone(repo, clones, keep, work):
    workspace = clones()
    tree = await keep(workspace, branch="feat")
    work(repo, Path(tree.path))
    assert "beside its branch it holds commits" in (await workspace.remove(tree)).kept
    assert Path(tree.path).exists()


async def test_work_that_was_pushed_does_not_keep_the_clone(repo, clones, keep):
    workspace = clones()
    tree = await keep(workspace)
    _branch(repo, Path(tree.path))
    repo.git("push", "--quiet", "origin", "aside", cwd=Path(tree.path))
    assert (await workspace.remove(tree)).kept is None
    assert "aside" in repo.branches()


async def test_tags_of_the_remote_do_not_keep_the_clone(repo, clones, keep):
    repo.git("checkout", "--quiet", "--detach")
    repo.commit("released")
    repo.git("tag", "v1")
    repo.git("checkout", "--quiet", "main")
    workspace = clones()
    tree = await keep(workspace)
    assert repo.git("tag", cwd=Path(tree.path)) == "v1"
    assert (await workspace.remove(tree)).kept is None


@pytest.mark.parametrize("damage", ["changed", "no .git", "broken"])
async def test_what_is_uncommitted_or_unknown_keeps_the_clone(repo, clones, keep, damage):
    workspace = clones()
    tree = await keep(workspace)
    folder = Path(tree.path)
    if damage == "changed":
        (folder / "README").write_text("changed")
    elif damage == "no .git":
        (folder / ".git").rename(folder / "git")
    else:
        (folder / ".git/HEAD").write_text("nonsense")
    assert (await workspace.remove(tree)).kept
    assert (folder / "README").exists()


async def test_a_clone_that_is_gone_already_frees_its_branch(repo, clones, keep, root):
    workspace = clones()
    tree = await keep(workspace, branch="feat")
    Path(tree.path).rename(root.parent / "elsewhere")
    removal = await workspace.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, False)
    assert list(root.iterdir()) == []
