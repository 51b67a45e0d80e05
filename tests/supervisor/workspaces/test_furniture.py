"""What is put into a new workspace: symlinks, post_create, and the baseline that they make."""

from pathlib import Path

import pytest
import trio

from ennio.supervisor.config import Symlink
from ennio.supervisor.errors import HookFailed, Invalid
from ennio.supervisor.records import Tree


@pytest.fixture
def shared(tmp_path):
    (tmp_path / "env").write_text("KEY=1")
    return tmp_path / "env"


async def test_a_symlink_leads_to_its_source(worktrees, keep, shared):
    tree = await keep(worktrees(symlinks=(Symlink(shared, "deep/down/.env"),)))
    link = Path(tree.path) / "deep/down/.env"
    assert link.readlink() == shared
    assert link.read_text() == "KEY=1"


async def test_a_source_is_taken_from_the_project_s_path(worktrees, keep, shared):
    tree = await keep(worktrees(symlinks=(Symlink(Path("../env"), "env"),)))
    assert (Path(tree.path) / "env").read_text() == "KEY=1"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("../out", "not inside"),
        ("a/../../out", "not inside"),
        ("/tmp/out", "not inside"),
        (".", "not inside"),
        ("", "not inside"),
        ("nul\0", "not inside"),
        (".git/hooks/post-commit", "git's own files"),
        ("sub/.GIT/config", "git's own files"),
        ("README", "something of that name already"),
        ("README/below", "Not a directory|File exists"),
        ("leads-out/env", "a folder on its way is a symlink"),
        ("dangling/env", "a folder on its way is a symlink"),
    ],
)
async def test_a_target_that_cannot_be_is_refused_in_words(
    repo, worktrees, keep, root, shared, target, words
):
    (repo.path / "leads-out").symlink_to("..")
    (repo.path / "dangling").symlink_to("/nowhere/at/all")
    repo.git("add", "leads-out", "dangling")
    repo.git("commit", "--quiet", "-m", "symlinks")
    root.mkdir()
    before = repo.state(root)
    with pytest.raises(Invalid, match=words) as caught:
        await keep(worktrees(symlinks=(Symlink(shared, target),)))
    assert str(root) not in str(caught.value)
    assert repo.state(root) == before


async def test_a_folder_on_the_way_may_be_a_symlink_that_stays_inside(repo, worktrees, keep, shared):
    (repo.path / "real").mkdir()
    repo.commit("real/file")
    (repo.path / "alias").symlink_to("real")
    repo.git("add", "alias")
    repo.git("commit", "--quiet", "-m", "alias")
    tree = await keep(worktrees(symlinks=(Symlink(shared, "alias/env"),)))
    assert (Path(tree.path) / "real/env").read_text() == "KEY=1"


async def test_a_source_that_does_not_exist_is_named(worktrees, keep, tmp_path):
    with pytest.raises(Invalid, match="env would lead to missing, which does not exist"):
        await keep(worktrees(symlinks=(Symlink(tmp_path / "missing", "env"),)))


async def test_post_create_runs_in_the_workspace_one_after_the_other(worktrees, keep):
    tree = await keep(worktrees(post_create=("pwd >where", 'echo "$ENNIO_SESSION_ID $ENNIO_BRANCH" >>where')))
    assert (Path(tree.path) / "where").read_text() == f"{tree.path}\ns-1 ennio/s-1\n"


async def test_post_create_sees_no_more_than_the_given_environment(worktrees, keep, monkeypatch):
    monkeypatch.setenv("ENNIO_API_TOKEN", "secret")
    tree = await keep(worktrees(post_create=("env >seen",)))
    assert "secret" not in (Path(tree.path) / "seen").read_text()


async def test_a_failing_post_create_is_told_in_its_own_words(repo, worktrees, keep, root):
    root.mkdir()
    before = repo.state(root)
    hooks = ("true", "SECRET=hunter2; touch made; echo no network >&2; exit 7", "touch never")
    with pytest.raises(
        HookFailed, match="post_create command 2 of 3 failed with exit code 7: no network"
    ) as caught:
        await keep(worktrees(post_create=hooks))
    assert "hunter2" not in str(caught.value)
    assert repo.state(root) == before


async def test_of_a_talkative_failure_the_end_is_told(worktrees, keep):
    with pytest.raises(HookFailed) as caught:
        await keep(worktrees(post_create=("yes é | head -n 5000; echo the end; exit 1",)))
    assert str(caught.value).endswith("the end")
    assert len(str(caught.value).encode()) < 2048 + 100


async def test_a_cancelled_post_create_leaves_nothing_running(worktrees, keep, root, tmp_path, appears):
    with trio.move_on_after(1) as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                keep, worktrees(post_create=(f"touch {tmp_path}/began; sleep 1; touch {tmp_path}/late",))
            )
            await appears(tmp_path / "began")
            nursery.cancel_scope.cancel()
    assert not scope.cancelled_caught
    assert list(root.iterdir()) == []
    await trio.sleep(1.1)
    assert not (tmp_path / "late").exists()


async def test_hooks_of_one_session_do_not_hold_up_another(worktrees, keep, tmp_path, appears):
    slow = worktrees(post_create=(f"touch {tmp_path}/began; sleep 30",))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, slow, "slow")
        await appears(tmp_path / "began")
        with trio.fail_after(5):
            workspace = worktrees()
            await workspace.remove(await keep(workspace, "quick"))
        nursery.cancel_scope.cancel()


@pytest.fixture(params=["worktrees", "clones"])
def furnished(request, shared):
    """A workspace in which much is uncommitted from the start."""
    make = "mkdir new; echo one >new/one; echo more >>README; echo x >'with space'; git add 'with space'"
    return request.getfixturevalue(request.param)(symlinks=(Symlink(shared, ".env"),), post_create=(make,))


async def test_what_stood_there_before_the_agent_is_no_work_of_its(repo, furnished, keep, root):
    tree = await keep(furnished)
    assert set(tree.baseline) == {".env", "new/one", "README", "with space"}
    assert (await furnished.remove(tree)).kept is None
    assert list(root.iterdir()) == []


CHANGES = {
    "changed again": ("README", lambda folder: (folder / "README").write_text("mine")),
    "same size, same time": ("new/one", lambda folder: (folder / "new/one").write_text("two\n")),
    "beside it": ("new/two", lambda folder: (folder / "new/two").write_text("")),
    "another link": (
        ".env",
        lambda folder: ((folder / ".env").unlink(), (folder / ".env").symlink_to("new")),
    ),
    "a file in a link's place": (
        ".env",
        lambda folder: ((folder / ".env").unlink(), (folder / ".env").touch()),
    ),
    "executable": ("new/one", lambda folder: (folder / "new/one").chmod(0o755)),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_later_change_to_the_same_file_is_work(repo, furnished, keep, what):
    tree = await keep(furnished)
    path, change = CHANGES[what]
    change(Path(tree.path))
    assert (await furnished.remove(tree)).kept.endswith(f"uncommitted work: {path}")


async def test_work_that_the_agent_committed_is_no_longer_uncommitted(repo, furnished, keep):
    tree = await keep(furnished)
    (Path(tree.path) / "README").write_text("mine")
    repo.git("commit", "--quiet", "--all", "-m", "work", cwd=Path(tree.path))
    removal = await furnished.remove(tree)
    assert (removal.kept, removal.branch_kept) == (None, True)
    assert repo.git("show", f"{tree.branch}:README") == "mine"


async def test_a_baseline_is_plain_data(furnished, keep):
    tree = await keep(furnished)
    assert all(type(key) is type(value) is str for key, value in tree.baseline.items())
    assert isinstance(tree, Tree)


async def test_without_furniture_git_is_not_asked_for_a_baseline(worktrees, keep, host):
    await keep(worktrees())
    assert "status" not in host.commands()
