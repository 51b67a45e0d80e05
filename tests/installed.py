"""The installed `ennio` command as a real server, for tests that speak HTTP to it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx2

ENNIO = str(Path(sys.executable).with_name("ennio"))
IDENTITY = {
    "GIT_AUTHOR_NAME": "t",
    "GIT_AUTHOR_EMAIL": "t@localhost",
    "GIT_COMMITTER_NAME": "t",
    "GIT_COMMITTER_EMAIL": "t@localhost",
}
CAT = [sys.executable, "-u", "-c", "import sys\nfor line in sys.stdin: print('heard', line, end='')"]
SLOW = [
    sys.executable,
    "-u",
    "-c",
    "import os, time\nwhile said := os.read(0, 4096): os.write(1, said), time.sleep(0.002)",
]
DEAF = ["sh", "-c", "echo deaf; exec sleep 1000"]
STUBBORN = ["sh", "-c", "trap '' TERM; (setsid sleep 1000 &) ; echo up; while :; do sleep 1; done"]


def git(folder: Path, *argv: str) -> str:
    """Run git with an identity of its own and return what it prints."""
    done = subprocess.run(
        ["git", *argv], cwd=folder, env={**os.environ, **IDENTITY}, check=True, capture_output=True, text=True
    )
    return done.stdout


def make_repository(path: Path, files: int = 20) -> Path:
    """Make a small repository with one commit on `main`."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    for number in range(files):
        (path / f"file{number}.txt").write_text(f"{number}\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "start")
    return path


class Running(Protocol):
    """A process, as far as a server is one."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int) -> None: ...
    def kill(self) -> None: ...


class Server:
    """One running `ennio start` over one repository. `start`, given configuration and log, starts another."""

    def __init__(
        self, folder: Path, config: str, start: Callable[[Path, Path], Running] | None = None
    ) -> None:
        self.folder, self.repository = folder, folder / "repo"
        if not self.repository.exists():
            make_repository(self.repository)
        self.file = folder / "ennio.toml"
        self.file.write_text(config)
        self.log = folder / "server.log"
        self.process = (start or self._start)(self.file, self.log)
        self.url = self._wait_until_ready()
        self.http = httpx2.Client(base_url=f"{self.url}/api/v1", timeout=60)

    def _start(self, config: Path, file: Path) -> Running:
        with file.open("ab") as log:
            return subprocess.Popen(
                [ENNIO, "--config", str(config), "start"],
                cwd=self.folder, env={**os.environ, **IDENTITY},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _wait_until_ready(self) -> str:
        lock = self.folder / "state" / "lock"
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                break
            try:
                held = json.loads(lock.read_text())
                if held["pid"] == self.process.pid and held["url"]:
                    httpx2.get(f"{held['url']}/ready", verify=False).raise_for_status()
                    return str(held["url"])
            except (OSError, ValueError, KeyError, httpx2.HTTPError):
                time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()}")

    def data(self, method: str, path: str, **more: Any) -> Any:
        """Ask, insist on success, and return the answer's `data`."""
        answer = self.http.request(method, path, **more)
        assert answer.is_success, (
            f"{method} {path}: {answer.status_code} {answer.text}\n{self.log.read_text()}"
        )
        return answer.json()["data"]

    def spawn(self, project: str = "cat", **wishes: str) -> dict[str, Any]:
        """Spawn a session and return it."""
        session: dict[str, Any] = self.data(
            "POST", "/sessions", json={"project_id": project, "prompt": "hello", **wishes}
        )
        return session

    def text(self, session_id: str) -> str:
        """Return all that a session's agent has said."""
        said, cursor, after = "", None, dict[str, str]()
        while (piece := self.data("GET", f"/sessions/{session_id}/output", params=after))["cursor"] != cursor:
            said, cursor = said + piece["text"], piece["cursor"]
            after = {"after": piece["cursor"]}
        return said

    def wait_for(self, session_id: str, words: str, seconds: float = 10) -> str:
        """Wait until a session's agent has said this."""
        give_up = time.monotonic() + seconds
        while words not in (said := self.text(session_id)):
            assert time.monotonic() < give_up, f"{words!r} is not in {said[-500:]!r}"
            time.sleep(0.02)
        return said

    def worktrees(self) -> list[str]:
        """Return the paths of the repository's linked worktrees."""
        lines = git(self.repository, "worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")][1:]

    def branches(self) -> set[str]:
        """Return the repository's local branches."""
        return set(git(self.repository, "for-each-ref", "--format=%(refname:short)", "refs/heads").split())

    def descriptors(self) -> int:
        """Return how many descriptors the server holds."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def children(self) -> list[str]:
        """Return the server's living and dead children, as `PID STATE`; Linux only."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                after = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(after[1]) == self.process.pid:
                found.append(f"{entry.parent.name} {after[0]}")
        return found

    def kill9(self) -> None:
        """End the server as a crash would, and nothing else."""
        self.process.kill()
        self.gone()

    def arm(self) -> None:
        """Wake up the weak spots of a `failing_server`."""
        self.process.send_signal(signal.SIGUSR1)

    def gone(self, seconds: float = 10) -> None:
        """Wait for the server's end."""
        self.process.wait(seconds)
        self.http.close()

    def stop(self, seconds: float = 10) -> int:
        """End the server politely and return its exit code."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


def settings(projects: str = "", top: str = "", **agents: list[str]) -> str:
    """Return a configuration with the agents cat, deaf, stubborn, demo and a project for each."""
    commands = {"cat": CAT, "slow": SLOW, "deaf": DEAF, "stubborn": STUBBORN, **agents}
    parts = ['port = 0\ndata_dir = "state"', top]
    parts += [f"[agents.{name}]\ncommand = {json.dumps(argv)}" for name, argv in commands.items()]
    for name in (*commands, "demo"):
        parts.append(f'[[projects]]\nname = "{name}"\npath = "repo"\nagent = "{name}"')
    return "\n\n".join([*parts, projects])


@contextmanager
def running(folder: Path, config: str) -> Iterator[Server]:
    """Run a server for the block; end it, politely or not, whatever happens."""
    server = Server(folder, config)
    try:
        yield server
    finally:
        try:
            server.stop()
        finally:
            server.process.kill()


def alive(pid: int) -> bool:
    """Tell whether a process runs; the dead that nobody reaped do not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def marked(session_id: str) -> list[int]:
    """Return the processes that have the session's id in their environment: not ennio's own way to look."""
    mark = f"ENNIO_SESSION_ID={session_id}\0".encode()
    return _processes(lambda entry: mark in (entry / "environ").read_bytes())


def called(words: str) -> list[int]:
    """Return the processes whose command line holds these words."""
    return _processes(lambda entry: words.encode() in (entry / "cmdline").read_bytes().replace(b"\0", b" "))


def _processes(wanted: Callable[[Path], bool]) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted(entry) and alive(int(entry.name)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def has(program: str) -> bool:
    """Tell whether a program is on this machine."""
    return shutil.which(program) is not None
