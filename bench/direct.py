"""A real agent without a supervisor: `git worktree add`, Popen, its own language on two pipes, SIGKILL."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psutil

from ennio.supervisor.environment import undirected
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.protocols import Dialogue
from ennio.supervisor.records import Job, Permissions

from . import trees
from .clock import Overdue, first_readable
from .floor import git
from .real import Program, bare_environment, holds, question

NICE = 10
"""What ennio starts agents with: with less, a busy machine would be less busy for the one than the other."""

REST = 0.3
"""Seconds that an agent is left alone before its second message: after an answer it has more to do."""
LONGEST = 60.0
"""Seconds that an agent may take over anything, under ennio too."""


class Direct:
    """One agent after another, told by ennio's own knowledge of it, in an environment like ennio's."""

    def __init__(self, program: Program, repository: Path, folder: Path) -> None:
        self._agent = program.knowledge
        self._model, self._repository, self._folder = program.model, repository, folder
        self._mark = f"ENNIO_BENCH={folder}/direct"
        self._numbers = count(1)

    def round(self) -> tuple[dict[str, float], int]:
        """Start an agent, have it answer twice, end it; return the seconds of each, and the tree's bytes."""
        with self._worktree() as (tree, branch, begun), self._running(tree, branch) as talk:
            talk.tell(1)
            first = time.perf_counter() - begun
            talk.until_ready()
            time.sleep(REST)
            started = time.perf_counter()
            talk.tell(2)
            times = {"first answer": first, "second answer": time.perf_counter() - started}
            talk.until_ready()
            family = [psutil.Process(talk.pid), *trees.below(talk.pid)]
            size = trees.pss(family)
            return times | {"gone": trees.end(family)}, size

    @contextmanager
    def _worktree(self) -> Iterator[tuple[Path, str, float]]:
        number = next(self._numbers)
        tree, branch = self._folder / f"tree{number}", f"direct/{number}"
        started = time.perf_counter()
        git(self._repository, "worktree", "add", "-q", "-b", branch, str(tree))
        try:
            yield tree, branch, started
        finally:
            git(self._repository, "worktree", "remove", "--force", str(tree))
            git(self._repository, "branch", "-q", "-D", branch)

    @contextmanager
    def _running(self, tree: Path, branch: str) -> Iterator["_Talk"]:
        job = Job(
            session_id=SessionId.parse("direct-agent"),
            project_id=ProjectId("bench"),
            workspace=str(tree),
            branch=branch,
            prompt=None,
            model=self._model,
            permissions=Permissions.FULL,
            folder=str(self._folder / "private"),
        )
        command = self._agent.command(job)
        env = undirected(bare_environment(self._folder, self._mark), ceiling=self._folder)
        with subprocess.Popen(
            command.argv,
            cwd=tree,
            env={**env, **command.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        ) as process:
            try:
                _be_nice(process.pid)
                yield _Talk(process, self._agent.dialogue(job))
            finally:
                _end_all(self._mark)


class _Talk:
    def __init__(self, process: subprocess.Popen[bytes], dialogue: Dialogue) -> None:
        assert process.stdin
        assert process.stdout
        self.pid = process.pid
        self._into, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._dialogue, self._rest, self._text = dialogue, b"", ""
        self._write(dialogue.open())

    def tell(self, number: int) -> None:
        """Tell it a message once it is ready for one, and wait until its answer is there."""
        message, answer = question(number)
        self.until_ready()
        self._write(self._dialogue.tell(message))
        self._until(lambda: holds(self._text, answer), answer)

    def until_ready(self) -> None:
        """Wait until it takes a message."""
        self._until(lambda: self._dialogue.ready, "its readiness")

    def _until(self, there: Callable[[], bool], what: str) -> None:
        give_up = time.perf_counter() + LONGEST
        while not there():
            if time.perf_counter() > give_up:
                raise Overdue(f"after {LONGEST:g} s an agent has not come to {what}: {self._text[-2000:]}")
            with suppress(Overdue):  # some take their time
                first_readable({"its output": self._out}, time.perf_counter())
                self._take(os.read(self._out, 65536))

    def _take(self, data: bytes) -> None:
        if not data:
            raise RuntimeError(f"the agent has ended by itself: {self._text[-2000:]}{self._rest[-2000:]!r}")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            for _ in self._dialogue.receive(line):
                pass
            self._write(self._dialogue.replies())
            self._text += self._dialogue.readable(line)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._into, data) :]


def _end_all(mark: str) -> None:
    """End whatever bears the mark, wherever it went."""
    while pids := trees.marked(mark):
        alive = list[psutil.Process]()
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                alive.append(psutil.Process(pid))
        trees.end(alive)


def _be_nice(pid: int) -> None:
    """Be to others as an agent of ennio's; a session is a group of its own to the scheduler, see sched(7)."""
    os.setpriority(os.PRIO_PROCESS, pid, NICE)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(NICE))
