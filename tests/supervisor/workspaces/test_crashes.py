"""A server that is killed anywhere in a checkout, a roll-back or a removal: the next one puts it right."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ennio.supervisor.ids import SessionId
from ennio.supervisor.records import Tree

CRASHING = Path(__file__).with_name("crashing.py")
S1 = SessionId("s-1")


@dataclass
class Crash:
    """What a server left that was killed before `step`."""

    step: str
    place: Path
    repo: Any
    before: str

    @property
    def state(self) -> str:
        logs = (self.repo.path / ".git/logs/refs/heads").rglob("*")
        state = (*self.repo.state(self.place / "root"), sorted(str(p) for p in logs if p.is_file()))
        return repr(state).replace(str(self.place), "PLACE")

    @property
    def tree(self) -> Tree:
        return Tree(**json.loads((self.place / "tree.json").read_text()))


@pytest.fixture
def crashes(repo, tmp_path, env) -> Callable[..., list[Crash]]:
    """Do something in many processes, of which each is killed one step later than the one before."""

    def run(crashes: list[Crash], job: dict[str, Any]) -> None:
        jobs = [{**job, "place": str(one.place), "last": n} for n, one in enumerate(crashes, job["last"])]
        argv = (sys.executable, str(CRASHING))
        few_files = {**env, "GIT_TEMPLATE_DIR": ""}
        done = subprocess.run(argv, input=json.dumps(jobs), env=few_files, text=True, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr

    def place(name: str, before: str = "") -> Crash:
        folder = tmp_path / name
        shutil.copytree(repo.path, folder / "repo", symlinks=True)
        (folder / "root").mkdir()
        (folder / "env").write_text("shared")
        return Crash("", folder, type(repo)(folder / "repo"), before)

    def crashes(act: str, kind: str, *, full: bool = False, branch: str | None = None) -> list[Crash]:
        job = {"act": act, "kind": kind, "full": full, "branch": branch}
        whole = place("whole")
        before = whole.state
        run([whole], {**job, "last": 0})
        steps = json.loads((whole.place / "steps.json").read_text())
        made = [place(f"crash-{n}", before) for n in range(1, len(steps) + 1)]
        run(made, {**job, "last": 1})
        for crash, crash.step in zip(made, steps, strict=True):
            assert not (crash.place / "steps.json").exists(), "it was not killed"
        return made

    return crashes


@pytest.fixture
def next_server(worktrees, clones) -> Callable[[str, Crash], Any]:
    """The workspaces as they are seen by the server that comes after a crash."""

    def next_server(kind: str, crash: Crash) -> Any:
        make = {"worktree": worktrees, "clone": clones}[kind]
        return make(path=crash.repo.path, root=crash.place / "root")

    return next_server


CHECKOUTS = [
    ("worktree", True, None),
    ("worktree", False, "feat"),
    ("clone", True, None),
    pytest.param("worktree", False, "old", marks=pytest.mark.slow),
    pytest.param("clone", False, "old", marks=pytest.mark.slow),
]
KINDS = ("worktree", "clone")
CLONES_ARE_SLOW = ("worktree", pytest.param("clone", marks=pytest.mark.slow))


@pytest.mark.parametrize(("kind", "full", "branch"), CHECKOUTS)
async def test_an_undone_checkout_never_was(repo, crashes, next_server, keep, kind, full, branch):
    repo.git("branch", "old")
    made = crashes("checkout", kind, full=full, branch=branch)
    assert len(made) > 10
    for crash in made:
        workspace = next_server(kind, crash)
        await workspace.undo(S1)
        assert crash.state == crash.before, crash.step
        await workspace.undo(S1)
        crash.repo.git("fsck", "--no-progress")
    assert crash.state == crash.before
    assert (await keep(workspace, branch=branch)).branch == (branch or "ennio/s-1")


@pytest.mark.parametrize("kind", CLONES_ARE_SLOW)
async def test_a_roll_back_that_was_cut_short_is_finished(crashes, next_server, kind):
    for crash in crashes("give_back", kind, full=True):
        await next_server(kind, crash).undo(S1)
        assert crash.state == crash.before, crash.step


@pytest.mark.parametrize("kind", KINDS)
async def test_a_removal_that_was_cut_short_is_finished(crashes, next_server, kind):
    for crash in crashes("remove", kind):
        workspace = next_server(kind, crash)
        for _ in range(2):
            removal = await workspace.remove(crash.tree)
            assert (removal.kept, removal.branch_kept) == (None, False), crash.step
            assert crash.state == crash.before, crash.step


@pytest.mark.parametrize("kind", CLONES_ARE_SLOW)
async def test_work_outlives_a_removal_that_was_cut_short(crashes, next_server, kind):
    for crash in crashes("remove", kind, full=True):
        removal = await next_server(kind, crash).remove(crash.tree)
        assert (removal.kept, removal.branch_kept) == (None, True), crash.step
        assert list((crash.place / "root").iterdir()) == []
        assert crash.repo.git("log", "-1", "--format=%s", "ennio/s-1") == "work"
        assert len(crash.repo.git("worktree", "list").splitlines()) == 1


@pytest.mark.parametrize("kind", CLONES_ARE_SLOW)
async def test_without_its_session_a_checkout_that_was_cut_short_is_a_stray(crashes, next_server, kind):
    for crash in crashes("checkout", kind):
        for stray in await next_server(kind, crash).strays(owned=()):
            assert stray.kept is None, crash.step
        assert crash.state == crash.before, crash.step
