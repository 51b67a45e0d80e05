"""However large a file is: what became of it is told at once, and nobody waits for it."""

import os
import threading
from pathlib import Path

import pytest
import trio

from ennio.supervisor.workspaces import digest, uncommitted

HUGE = 3000 * 1024**3


@pytest.fixture
def nothing_is_read(monkeypatch):
    def refuse(*args):
        raise AssertionError("nothing of that size can be read in time")

    monkeypatch.setattr(digest, "_read", refuse)


def enlarge(path: Path, size: int = HUGE) -> None:
    with path.open("ab") as file:
        file.truncate(size)


@pytest.mark.usefixtures("nothing_is_read")
async def test_what_was_not_there_before_is_not_read(worktrees, keep):
    workspace = worktrees()
    tree = await keep(workspace)
    enlarge(Path(tree.path) / "big")
    assert (await workspace.remove(tree)).kept.endswith("uncommitted work: big")


async def test_what_has_another_size_than_before_is_not_read(worktrees, keep, monkeypatch):
    workspace = worktrees(post_create=("echo generated >log",))
    tree = await keep(workspace)
    (Path(tree.path) / "log").write_text("generated, and more")
    monkeypatch.setattr(digest, "_read", lambda *args: pytest.fail("read"))
    assert (await workspace.remove(tree)).kept.endswith("uncommitted work: log")


@pytest.mark.usefixtures("nothing_is_read")
async def test_a_huge_file_of_post_create_goes_unless_it_was_written_to(worktrees, keep):
    workspace = worktrees(post_create=(f"truncate -s {HUGE} big",))
    tree = await keep(workspace)
    with (Path(tree.path) / "big").open("r+b") as file:
        file.write(b"work")
    assert (await workspace.remove(tree)).kept.endswith("uncommitted work: big")
    assert (await workspace.remove(await keep(workspace, "s-2"))).kept is None


async def test_reading_ends_when_it_is_cancelled_and_takes_no_thread_of_others(worktrees, keep, monkeypatch):
    reading, ended = threading.Event(), threading.Event()

    def forever(name, parent, still_wanted):
        reading.set()
        try:
            while not ended.wait(0.01):
                still_wanted()
        finally:
            ended.set()
        return "done"

    monkeypatch.setattr(digest, "_read", forever)
    others = trio.to_thread.current_default_thread_limiter()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, worktrees(post_create=("echo generated >log",)))
        while not reading.is_set():  # noqa: ASYNC110 - another thread sets it
            await trio.sleep(0.005)
        assert (others.borrowed_tokens, uncommitted._READERS.borrowed_tokens) == (0, 1)
        nursery.cancel_scope.cancel()
    assert await trio.to_thread.run_sync(ended.wait, 5)


def test_a_pipe_in_the_place_of_a_file_holds_nobody(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert digest._read(str(tmp_path / "pipe"), None, lambda: None)
