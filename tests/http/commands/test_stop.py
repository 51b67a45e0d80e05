"""Finding the server by its lock, and ending it and nothing else."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ennio.http.commands import running as module
from ennio.http.commands.running import Running, running, stop
from ennio.http.commands.terminal import Failure


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a server; whoever waits for it reaps it."""
    with subprocess.Popen([sys.executable, "-IS", "-c", "import signal; signal.pause()"]) as process:
        yield process
        process.kill()


def start_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def lock(folder: Path, pid: int, start: int) -> None:
    facts = {"pid": pid, "start": start, "host": "127.0.0.1", "port": 4321, "url": "http://127.0.0.1:4321"}
    (folder / "lock").write_text(json.dumps(facts))


def test_the_lock_tells_who_serves_and_where(tmp_path: Path) -> None:
    lock(tmp_path, os.getpid(), start_of(os.getpid()))
    assert running(tmp_path) == Running(os.getpid(), start_of(os.getpid()), "127.0.0.1", 4321)


def test_a_pid_that_was_given_away_again_is_no_server(tmp_path: Path) -> None:
    lock(tmp_path, os.getpid(), start_of(os.getpid()) - 1)
    assert running(tmp_path) is None


def test_a_zombie_is_no_server(tmp_path: Path, server: subprocess.Popen[bytes]) -> None:
    lock(tmp_path, server.pid, start_of(server.pid))
    assert running(tmp_path) is not None
    server.kill()
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
    assert running(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"pid": 1}', '{"pid": "x", "start": 1, "host": "h", "port": 1}', "\xff"],
)
def test_a_lock_that_says_nothing_is_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "lock").write_text(content, encoding="latin-1")
    assert running(tmp_path) is None


def test_no_lock_and_no_folder_is_no_server(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    assert running(tmp_path / "missing") is None


def test_a_lock_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(Failure, match="cannot be read"):
        running(tmp_path)


def test_stop_ends_the_server_by_sigterm_and_waits(tmp_path: Path, server: subprocess.Popen[bytes]) -> None:
    lock(tmp_path, server.pid, start_of(server.pid))
    reaper = threading.Thread(target=server.wait)
    reaper.start()
    assert stop(tmp_path).pid == server.pid
    reaper.join()
    assert server.returncode == -signal.SIGTERM


@pytest.mark.parametrize("offset", [-1, 1])
def test_stop_signals_nobody_else(tmp_path: Path, server: subprocess.Popen[bytes], offset: int) -> None:
    lock(tmp_path, server.pid, start_of(server.pid) + offset)
    with pytest.raises(Failure, match="no server runs on"):
        stop(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        server.wait(0.2)


@pytest.mark.parametrize("pid", [0, -1, 2**40])
def test_a_pid_that_is_none_is_signalled_by_no_means(tmp_path: Path, pid: int) -> None:
    lock(tmp_path, pid, 0)
    with pytest.raises(Failure, match="no server runs on"):
        stop(tmp_path)


def test_a_server_that_does_not_end_is_told(
    tmp_path: Path, server: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    server.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.pid, os.WSTOPPED)
    lock(tmp_path, server.pid, start_of(server.pid))
    with pytest.raises(Failure, match=rf"pid {server.pid}\) still runs after 0.2 s"):
        stop(tmp_path)
