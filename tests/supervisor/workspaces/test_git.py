"""How git is run: without what misdirects it, and without being killed while it writes."""

from pathlib import Path

import pytest
import trio

from ennio.supervisor.environment import undirected
from ennio.supervisor.errors import CommandFailed
from ennio.supervisor.workspaces.git import Git, reluctantly


def test_variables_that_misdirect_git_are_not_handed_on():
    env = {"GIT_DIR": "x", "GIT_INDEX_FILE": "x", "GIT_TRACE2_EVENT": "1", "GIT_LITERAL_PATHSPECS": "1"}
    kept = {"GIT_SSH_COMMAND": "ssh", "GIT_AUTHOR_NAME": "Ada", "GIT_CONFIG_COUNT": "0", "PATH": "/bin"}
    ours = {"GIT_TERMINAL_PROMPT": "0", "GIT_CEILING_DIRECTORIES": "/where/all/are"}
    assert undirected({**env, **kept}, ceiling=Path("/where/all/are")) == {**kept, **ours}


def test_all_that_git_calls_local_is_known(repo):
    local = repo.git("rev-parse", "--local-env-vars").split()
    left = set(undirected(dict.fromkeys(local, "x"), ceiling=Path("/"))) - {"GIT_CEILING_DIRECTORIES"}
    assert left == {"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_TERMINAL_PROMPT"}


async def test_git_s_words_come_without_whereabouts_and_passwords():
    class Host:
        async def run(self, argv, *, cwd, env=None):
            raise CommandFailed(
                tuple(argv), 128, "/var/lib/ws/s-1 in /var/lib/ws: no https://me:hunter@2@h/r"
            )

    git = Git(Host(), {}, hidden=(Path("/var/lib/ws"),))
    with pytest.raises(
        CommandFailed, match=r"^`git fetch x` failed with exit code 128: s-1 in ws: no https://h/r$"
    ):
        await git.run("fetch", "x", cwd=Path("/"))


async def test_a_reluctant_block_finishes_though_it_is_cancelled(autojump_clock):
    finished = False
    with trio.CancelScope() as scope:
        async with reluctantly(5):
            scope.cancel()
            await trio.sleep(4)
            finished = True
    assert finished
    assert scope.cancelled_caught


async def test_a_reluctant_block_that_takes_too_long_is_cancelled_after_all(autojump_clock):
    with trio.CancelScope() as scope:
        async with reluctantly(5):
            await trio.sleep(1)
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() == pytest.approx(6, abs=0.01)


async def test_a_reluctant_block_raises_what_was_raised_in_it():
    with pytest.raises(CommandFailed):
        async with reluctantly():
            raise CommandFailed(("git",), 1, "")


async def test_an_uncancelled_reluctant_block_takes_no_longer_than_it_does(autojump_clock):
    async with reluctantly(5):
        await trio.sleep(100)
    assert trio.current_time() == pytest.approx(100, abs=0.01)
