"""A checkout that fails or is cancelled at any moment leaves everything as it was."""

import pytest
import trio

from ennio.supervisor.branches import BranchName
from ennio.supervisor.config import Symlink
from ennio.supervisor.errors import CommandFailed, EnnioError, HookFailed
from ennio.supervisor.ids import SessionId
from ennio.supervisor.workspaces import folders

HOW = ("before", "beside", "after")


@pytest.fixture(params=["worktrees", "clones"])
def full(request, tmp_path):
    """A workspace with everything in it: symlinks, two hooks, one of which commits."""
    (tmp_path / "env").write_text("shared")
    commit = "touch hooked; git add hooked; git -c maintenance.auto=false commit --quiet -m hooked"
    return request.getfixturevalue(request.param)(
        symlinks=(Symlink(tmp_path / "env", "conf/env"),),
        post_create=(commit, "echo generated >generated; sleep 0.01"),
    )


@pytest.mark.parametrize("how", HOW)
async def test_cancelled_at_any_moment_it_never_was(repo, full, keep, root, cancel_at, how):
    root.mkdir()
    before = repo.state(root)
    for number in range(1, 50):
        with cancel_at(how, number) as scope:
            await keep(full)
        if not scope.cancelled_caught:
            break
        assert repo.state(root) == before
    assert 6 < number < 49


async def test_a_time_out_leaves_nothing(repo, full, keep, root):
    root.mkdir()
    before = repo.state(root)
    for milliseconds in range(0, 60, 3):
        with trio.move_on_after(milliseconds / 1000) as scope:
            await keep(full)
        if not scope.cancelled_caught:
            break
        assert repo.state(root) == before


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("wanted", [None, "feat", "old"])
async def test_failing_at_any_command_it_never_was(repo, full, root, host, wanted, how):
    repo.git("branch", "old")
    await full.repository.common_dir()
    root.mkdir()
    before = repo.state(root)
    for number in range(1, 50):
        host.ran.clear()

        async def fail(n: int, doomed: int = number) -> None:
            if n == doomed and (how == "before" or host.commands()[-1] != "update-ref"):
                raise CommandFailed(("git",), 1, "the disk is full")

        setattr(host, how, fail)
        made, words = number, "the disk is full"
        try:
            async with full.checkout(SessionId("s-1"), wanted, BranchName("ennio/s-1")):
                made = len(host.ran)  # also after a look at the refs that failed once
                setattr(host, how, None)
        except EnnioError as error:
            words = str(error)
        setattr(host, how, None)
        if wanted == "old":  # what a hook commits to an older branch is not ours to lose
            repo.git("branch", "--force", "old", "main")
        assert "the disk is full" in words, "the first error is the one that is told"
        assert repo.state(root) == before, f"after {host.commands()}"
        if made < number:
            break
    assert 6 < number < 49


async def test_a_roll_back_that_fails_does_not_hide_why(worktrees, keep, host):
    async def fail(number: int) -> None:
        if number > 3:
            raise CommandFailed(("git",), 1, "the disk is full" if number == 4 else "and broken")

    host.after = fail
    with pytest.raises(CommandFailed, match="the disk is full") as caught:
        await keep(worktrees())
    assert "could not be removed" in caught.value.__notes__[0]
    assert "broken" in caught.value.__notes__[0]


async def test_git_is_not_killed_while_it_writes(repo, worktrees, keep, root, host):
    """A reference-transaction hook holds git while it has the ref locked; then the checkout is cancelled."""
    hook = repo.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != prepared ] || sleep 0.3\n')
    hook.chmod(0o755)
    root.mkdir()
    before = repo.state(root)
    with trio.move_on_after(0.15) as scope:
        await keep(worktrees())
    assert scope.cancelled_caught
    assert repo.state(root) == before


@pytest.mark.parametrize("kind", ["worktrees", "clones"])
async def test_whatever_goes_wrong_in_a_roll_back_is_a_note_on_the_first_error(
    request, keep, monkeypatch, kind
):
    def fail(folder):
        raise RuntimeError("odd")

    monkeypatch.setattr(folders, "put_aside", fail)
    with pytest.raises(HookFailed, match="no luck") as caught:
        await keep(request.getfixturevalue(kind)(post_create=("echo no luck; exit 1",)))
    assert caught.value.__notes__ == ["what was made of the workspace could not be removed: odd"]
