"""Starting from what origin has by now, or from what is known of it."""

import os
from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import CommandFailed

MAIN = "refs/remotes/origin/main"


@pytest.fixture(params=["worktrees", "clones"])
def both(request):
    """Either kind of workspace, of a project that starts from origin."""
    make = request.getfixturevalue(request.param)
    return lambda **changes: make(base="origin", **changes)


@pytest.mark.parametrize("branch", [None, "feat"])
async def test_a_new_branch_starts_at_what_origin_has_by_now(repo, remote, both, keep, branch):
    here, tip = repo.commit("mine"), remote.push()
    tree = await keep(both(), branch=branch)
    assert (tree.base_commit, tree.base_ref, tree.warning) == (tip, MAIN, None)
    assert (Path(tree.path) / "theirs").exists()
    assert not (Path(tree.path) / "mine").exists()
    assert repo.git("rev-parse", "main") == here, "the project's own branch is not moved"


async def test_without_it_nothing_is_fetched(repo, remote, worktrees, keep):
    here, known, asked = repo.commit("mine"), repo.git("rev-parse", MAIN), remote.count()
    remote.push()
    tree = await keep(worktrees())
    assert (tree.base_commit, tree.base_ref, tree.warning) == (here, "refs/heads/main", None)
    assert (repo.git("rev-parse", MAIN), asked.read_text()) == (known, "")


async def test_a_branch_that_origin_has_by_now_starts_there(remote, both, keep):
    tip = remote.push("work", "feat")
    tree = await keep(both(), branch="feat")
    assert (tree.base_commit, tree.base_ref) == (tip, "refs/remotes/origin/feat")
    assert (tree.branch_made, tree.warning) == (True, None)


async def test_a_branch_of_the_project_is_taken_as_it_is_and_nothing_is_fetched(repo, remote, both, keep):
    repo.git("branch", "feat")
    asked, tip = remote.count(), repo.git("rev-parse", "feat")
    remote.push("work", "feat")
    tree = await keep(both(), branch="feat")
    assert (tree.base_commit, tree.base_ref, tree.branch_made) == (tip, "refs/heads/feat", False)
    assert asked.read_text() == ""


async def test_history_that_origin_has_rewritten_is_followed(repo, remote, both, keep):
    remote.push()
    repo.git("fetch", "--quiet", "origin")
    remote.others.git("reset", "--quiet", "--hard", "HEAD^")
    tip = remote.push("anew", "main", "--force")
    tree = await keep(both())
    assert (tree.base_commit, tree.warning) == (tip, None)
    assert not (Path(tree.path) / "theirs").exists()


async def test_nothing_else_is_fetched_pruned_or_written(repo, remote, worktrees, keep):
    remote.push("other", "side")
    tip = remote.push()
    remote.others.git("push", "--quiet", "origin", "HEAD:refs/tags/v1")
    repo.git("update-ref", "refs/remotes/origin/gone", "main")
    for key in ("fetch.prune", "fetch.pruneTags", "fetch.writeCommitGraph"):
        repo.git("config", key, "true")
    repo.git("config", "remote.origin.fetch", "+refs/heads/*:refs/heads/*")
    repo.git("checkout", "--quiet", "--detach")
    before = repo.git("for-each-ref", "refs/heads", "refs/tags", f"{MAIN[:-5]}/gone")
    (repo.path / ".git/FETCH_HEAD").unlink()
    tree = await keep(worktrees(base="origin"), derived="new")
    repo.git("update-ref", "-d", "refs/heads/new")
    assert tree.base_commit == tip
    assert repo.git("for-each-ref", "refs/heads", "refs/tags", f"{MAIN[:-5]}/gone") == before
    assert "origin/side" not in repo.git("for-each-ref")
    assert not (repo.path / ".git/FETCH_HEAD").exists()


async def test_a_bare_project_starts_from_its_origin(repo, remote, worktrees, keep, tmp_path):
    repo.git("clone", "--quiet", "--mirror", str(remote.path), str(tmp_path / "mirror"))
    known, tip = repo.git("rev-parse", "main"), remote.push()
    tree = await keep(worktrees(base="origin", path=tmp_path / "mirror"))
    assert (tree.base_commit, tree.warning) == (tip, None)
    assert repo.git("rev-parse", "main", cwd=tmp_path / "mirror") == known


async def test_a_clone_of_repo_asks_the_project_s_origin_nothing(repo, remote, clones, keep):
    asked, tip = remote.count(), remote.push()
    tree = await keep(clones(base="origin", repo=str(remote.path)))
    assert (tree.base_commit, tree.base_ref, tree.warning) == (tip, MAIN, None)
    assert asked.read_text() == ""


async def test_a_remote_that_is_gone_is_a_warning(repo, remote, both, keep, tmp_path):
    known = repo.git("rev-parse", MAIN)
    repo.commit("mine")
    remote.path.rename(tmp_path / "elsewhere")
    tree = await keep(both())
    assert (tree.base_commit, tree.base_ref) == (known, MAIN)
    assert tree.warning == (
        "origin could not be fetched: fatal: 'origin.git' does not appear to be a git repository; "
        "fatal: Could not read from remote repository; "
        "the branch ennio/s-1 starts at refs/remotes/origin/main as it was known before"
    )


async def test_without_a_remote_it_starts_here(repo, both, keep):
    (repo.path / "origin").mkdir()  # which git would take for the remote
    repo.git("init", "--quiet", "--bare", str(repo.path / "origin"))
    tree = await keep(both())
    assert (tree.base_commit, tree.base_ref) == (repo.git("rev-parse", "main"), "refs/heads/main")
    words = "projekt ü has no remote origin; the branch ennio/s-1 starts at refs/heads/main"
    assert tree.warning == words


@pytest.mark.parametrize("branch", [None, "feat"])
async def test_a_default_branch_that_origin_has_not_is_a_warning(repo, remote, both, keep, branch):
    repo.git("branch", "trunk", repo.commit("mine"))
    tree = await keep(both(default_branch="trunk"), branch=branch)
    assert (tree.base_commit, tree.base_ref) == (repo.git("rev-parse", "trunk"), "refs/heads/trunk")
    assert "trunk; the branch" in tree.warning


async def test_a_branch_of_origin_needs_no_default_branch_there(repo, remote, both, keep):
    repo.git("branch", "trunk")
    tip = remote.push("work", "feat")
    tree = await keep(both(default_branch="trunk"), branch="feat")
    assert (tree.base_commit, tree.warning) == (tip, None)


async def test_a_password_in_an_address_is_not_told(repo, remote, both, keep):
    repo.git("remote", "set-url", "origin", "http://me:hunter2@two@127.0.0.1:9/r.git")
    warning = (await keep(both())).warning
    assert "127.0.0.1" in warning
    assert "hunter" not in warning
    assert "two" not in warning


async def test_what_the_other_side_says_cannot_act_on_a_terminal(remote, worktrees, keep):
    remote.serve_by("printf 'no \\033[31mway\\n' >&2; exit 1")
    warning = (await keep(worktrees(base="origin"))).warning
    assert "no [31mway" in warning
    assert warning.isprintable()


async def test_a_remote_that_does_not_answer_is_a_warning(repo, remote, both, keep):
    known, pid = repo.git("rev-parse", MAIN), remote.hang()
    tree = await keep(both(fetch_within=0.3))
    assert (tree.base_commit, tree.base_ref) == (known, MAIN)
    assert tree.warning.startswith("origin could not be fetched within 0.3 s; ")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_cancelled_while_it_waits_for_origin_it_never_was(repo, remote, both, keep, root, appears):
    pid = remote.hang()
    root.mkdir()
    before = repo.state(root)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, both())
        await appears(pid)
        nursery.cancel_scope.cancel()
    assert repo.state(root) == before
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_repository_that_vanished_is_a_failure(repo, remote, both, keep):
    repo.path.rename(repo.path.with_name("gone"))
    with pytest.raises(CommandFailed, match="the folder projekt ü cannot be entered"):
        await keep(both())


async def test_ssh_asks_nobody_for_a_password(repo, remote, worktrees, keep, host):
    repo.git("remote", "set-url", "origin", "ssh://nobody@127.0.0.1:9/r.git")
    said, own = [], repo.path.with_name("ssh")
    own.write_text('#!/bin/sh\necho "called with $*" >&2\nexit 1\n')
    own.chmod(0o755)
    path = f"{own.parent}:{os.environ['PATH']}"
    for name, command, extra in (
        ("s-1", None, {}),
        ("s-2", "ssh -v", {}),
        ("s-3", None, {"GIT_SSH_COMMAND": "ssh -4"}),
    ):
        if command:
            repo.git("config", "core.sshCommand", command)
        workspace = worktrees(base="origin")
        workspace = worktrees(base="origin", env={**workspace.git.env, "PATH": path, **extra})
        said.append((await keep(workspace, name)).warning)
    assert ["-o BatchMode=yes" in words for words in said] == [True, False, False]
    assert "called with -v" in said[1]
    assert "called with -4" in said[2]
