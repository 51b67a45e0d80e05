"""The least that a supervisor could do: `git worktree add`, Popen, a pipe, SIGTERM. Nothing can be faster."""

import os
import subprocess
import time
from pathlib import Path

from .clock import Reports, first_readable

AGENT = Path(__file__).with_name("agent.sh")


def make_repository(path: Path, files: int = 20) -> None:
    """Make a git repository with one commit of `files` small files."""
    path.mkdir()
    for number in range(files):
        (path / f"file{number:02}.txt").write_text(f"line {number}\n" * 50)
    git(path, "init", "-q", "-b", "main")
    git(path, "add", ".")
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    git(path, *identity, "commit", "-q", "-m", "Begin")


def git(repository: Path, *words: str) -> None:
    """Run git there; raises `CalledProcessError` when it fails."""
    subprocess.run(["git", "-C", str(repository), *words], check=True, stdin=subprocess.DEVNULL)


class Floor:
    """Agents without a supervisor, one at a time."""

    def __init__(self, repository: Path, folder: Path, reports: Reports) -> None:
        self._repository, self._folder, self._reports = repository, folder, reports
        self._count = 0

    def round(self) -> dict[str, float]:
        """Start an agent, tell it a line, end it; return how long each took, in seconds."""
        self._count += 1
        tree, branch = self._folder / f"tree{self._count}", f"floor/{self._count}"
        started = time.perf_counter()
        git(self._repository, "worktree", "add", "-q", "-b", branch, str(tree))
        agent = subprocess.Popen(
            [AGENT, self._reports.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tree
        )
        with agent:
            times = {"spawn answered": time.perf_counter() - started}
            times |= first_readable({"spawn": self._reports.fd}, started)
            self._reports.expect("up")
            times |= self._tell(agent) | self._end(agent)
        git(self._repository, "worktree", "remove", "--force", str(tree))
        git(self._repository, "branch", "-q", "-D", branch)
        return times

    def _tell(self, agent: subprocess.Popen[bytes]) -> dict[str, float]:
        assert agent.stdin
        started = time.perf_counter()
        os.write(agent.stdin.fileno(), b"hello\n")
        times = first_readable({"delivered": self._reports.fd}, started)
        self._reports.expect("got")
        return times

    def _end(self, agent: subprocess.Popen[bytes]) -> dict[str, float]:
        pidfd = os.pidfd_open(agent.pid)
        try:
            started = time.perf_counter()
            agent.terminate()
            return first_readable({"gone": pidfd}, started)
        finally:
            os.close(pidfd)
