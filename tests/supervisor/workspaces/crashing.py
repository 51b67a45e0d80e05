"""A program: does something with a workspace, and kills itself at a given step. Tests read what it left.

A step is whatever changes the file system under the state folder, or starts a program. Told its jobs as
JSON on standard input, it forks for each and prints which steps each of them took.
"""

import json
import os
import signal
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

import trio

from ennio.supervisor.branches import BranchName
from ennio.supervisor.config import Symlink
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.ids import SessionId
from ennio.supervisor.workspaces.clone import CloneWorkspace
from ennio.supervisor.workspaces.worktree import WorktreeWorkspace

KINDS: dict[str, Any] = {"worktree": WorktreeWorkspace, "clone": CloneWorkspace}
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}
_AT_ONCE = 3


def workspace(kind: str, place: Path, *, full: bool) -> Any:
    """The workspaces of `place`/repo, with hooks that commit and leave files if they are to be `full`."""
    commit = "touch hooked; git add hooked; git commit --quiet -m hooked"
    return KINDS[kind](
        host=LocalHost(),
        root=place / "root",
        path=place / "repo",
        repo=None,
        default_branch="main",
        symlinks=(Symlink(place / "env", "conf/env"),) if full else (),
        post_create=(commit, "echo generated >generated") if full else (),
        env=dict(os.environ),
    )


class Steps:
    """Counts steps from `begin` on, and ends the process before the one with the number `last`."""

    def __init__(self, root: Path, last: int) -> None:
        self._root, self._last, self._begun = str(root), last, False
        self.names = list[str]()
        sys.addaudithook(self._hear)

    def begin(self) -> None:
        self._begun = True

    def step(self, name: str) -> None:
        if len(self.names) > 2 and all(n.startswith("os.remove") for n in (*self.names[-3:], name)):
            return  # one file of many
        self.names.append(name)
        if len(self.names) == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._begun:
            return
        if event in _CHANGES or (event == "open" and self._writes(*args)):
            self.step(f"{event} {os.path.basename(os.fsdecode(args[0]))}")
        elif event == "subprocess.Popen":
            self.step(" ".join(a for a in args[1] if a.isalpha() or a.startswith("--"))[:40])

    def _writes(self, path: Any, mode: str | None, flags: int) -> bool:
        changing = flags & (os.O_WRONLY | os.O_RDWR)
        return isinstance(path, str | Path) and str(path).startswith(self._root) and bool(changing)


async def checkout(job: dict[str, Any], place: Path, steps: Steps) -> None:
    """Make a workspace, and die once it is there if not before."""
    made = workspace(job["kind"], place, full=job["full"])
    wanted = BranchName(job["branch"]) if job["branch"] else None
    steps.begin()
    block = made.checkout(SessionId("s-1"), wanted, BranchName("ennio/s-1"))
    await block.__aenter__()
    steps.step("end")


async def give_back(job: dict[str, Any], place: Path, steps: Steps) -> None:
    """Make a workspace, and end its block."""
    made = workspace(job["kind"], place, full=job["full"])
    async with made.checkout(SessionId("s-1"), None, BranchName("ennio/s-1")):
        steps.begin()
    steps.step("end")


async def remove(job: dict[str, Any], place: Path, steps: Steps) -> None:
    """Make a workspace, work in it if that is asked for, and remove it."""
    made = workspace(job["kind"], place, full=False)
    block = made.checkout(SessionId("s-1"), None, BranchName("ennio/s-1"))
    tree = await block.__aenter__()
    (place / "tree.json").write_text(json.dumps(asdict(tree)))
    if job["full"]:
        commit = ("git", "commit", "--quiet", "--allow-empty", "-m", "work")
        await trio.run_process(commit, cwd=tree.path)
    steps.begin()
    await made.remove(tree)
    steps.step("end")


def _run(job: dict[str, Any]) -> None:
    place = Path(job["place"])
    steps = Steps(place / "root", job["last"])
    act = {"checkout": checkout, "give_back": give_back, "remove": remove}[job["act"]]
    trio.run(act, job, place, steps)
    (place / "steps.json").write_text(json.dumps(steps.names))


def _begin(job: dict[str, Any]) -> int:
    if pid := os.fork():
        return pid
    code = 1
    try:
        _run(job)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Do each job in a process of its own, a few at a time; fail if one ended other than it was to end."""
    jobs, running, failed = json.load(sys.stdin), list[int](), 0
    while jobs or running:
        while jobs and len(running) < _AT_ONCE:
            running.append(_begin(jobs.pop(0)))
        _, status = os.waitpid(running.pop(0), 0)
        failed += os.waitstatus_to_exitcode(status) not in {0, -signal.SIGKILL}
    sys.exit(failed)


if __name__ == "__main__":
    main()
