"""The installed `ennio`, its REST API and its agents, as the bench drives them."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from .clock import PATIENCE, Overdue, Reports, first_readable
from .floor import AGENT
from .server import Connection, free_port, running

SESSIONS = "/api/v1/sessions"

CONFIGURATION = """
port = {port}
data_dir = "{folder}/data"

[agents.bench]
command = ["{agent}", "{fifo}"]

[[projects]]
name = "bench"
path = "{repository}"
agent = "bench"
"""


@dataclass(frozen=True, slots=True)
class Spawned:
    """A session, and the agent that it holds."""

    id: str
    pid: int


@contextmanager
def ennio(repository: Path, folder: Path, reports: Reports) -> Iterator["Ennio"]:
    """Run a server of its own until the block ends; raises `RuntimeError` if it leaves an agent behind."""
    port = free_port()
    config = folder / "ennio.toml"
    config.write_text(
        CONFIGURATION.format(port=port, folder=folder, agent=AGENT, fifo=reports.path, repository=repository)
    )
    argv = (str(Path(sys.executable).with_name("ennio")), "--config", str(config), "start")
    with running(argv, port, folder, folder / "ennio.log") as (pid, connection):
        server = Ennio(pid, connection, reports)
        yield server
        agents = [psutil.Process(session.pid) for session in server.sessions]
    if left := [agent.pid for agent in agents if agent.is_running()]:
        raise RuntimeError(f"the server has ended and left agents behind: {left}")


class Ennio:
    """A running server. Every wait is for the kernel's word, not for the server's."""

    def __init__(self, pid: int, connection: Connection, reports: Reports) -> None:
        self.pid, self.connection, self._reports = pid, connection, reports
        self.sessions = list[Spawned]()

    def round(self) -> dict[str, float]:
        """Spawn a session, tell its agent a line, kill it; return how long each took, in seconds."""
        times, session = self.spawn()
        times |= self._tell(session) | self._kill(session)
        self._wait_until_cleaned(session)
        return times

    def fill(self, count: int) -> None:
        """Spawn until `count` sessions are alive."""
        while len(self.sessions) < count:
            _, session = self.spawn()
            self.sessions.append(session)

    def spawn(self) -> tuple[dict[str, float], Spawned]:
        """Spawn a session."""
        started = time.perf_counter()
        self.connection.ask("POST", SESSIONS, {"project_id": "bench", "prompt": "begin"})
        times = self._until({"spawn": self._reports.fd, "spawn answered": self.connection.fd}, started)
        about: dict[str, Any] = self.connection.answer()
        pid = int(self._reports.expect("up"))
        self._reports.expect("got")
        return times, Spawned(about["id"], pid)

    def _tell(self, session: Spawned) -> dict[str, float]:
        started = time.perf_counter()
        self.connection.ask("POST", f"{SESSIONS}/{session.id}/send", {"message": "hello"})
        times = self._until({"delivered": self._reports.fd, "send answered": self.connection.fd}, started)
        self.connection.answer()
        self._reports.expect("got")
        return times

    def _kill(self, session: Spawned) -> dict[str, float]:
        pidfd = os.pidfd_open(session.pid)
        try:
            started = time.perf_counter()
            self.connection.ask("DELETE", f"{SESSIONS}/{session.id}")
            times = self._until({"gone": pidfd, "kill answered": self.connection.fd}, started)
            self.connection.answer()
            return times
        finally:
            os.close(pidfd)

    def _until(self, fds: dict[str, int], started: float) -> dict[str, float]:
        try:
            return first_readable(fds, started)
        except Overdue:
            self.connection.answer()  # a refusal says why
            raise

    def memory(self) -> int:
        """Return the bytes that the server and all it started take, the agents left out (PSS)."""
        server = psutil.Process(self.pid)
        agents = {session.pid for session in self.sessions}
        family = [process for process in server.children(recursive=True) if process.pid not in agents]
        return sum(map(_pss, (server, *family)))

    def _wait_until_cleaned(self, session: Spawned) -> None:
        """Let the removal, which may follow the answer, not disturb what is measured next."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.connection.ask("GET", f"{SESSIONS}/{session.id}")
            if self.connection.answer()["workspace_path"] is None:
                return
            time.sleep(0.005)
        raise Overdue(f"the workspace of the killed session {session.id} is still there")


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:  # a git that had just finished
        return 0
