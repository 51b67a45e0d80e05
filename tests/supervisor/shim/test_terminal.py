"""A shim that is started in a terminal, and gives it to its agent."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_shim import PATIENCE, Run, Server, start_order, wait_until

from ennio.supervisor.shim import bootstrap

LEAD = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv[1:]])
"""


class Pane:
    """A terminal, and the shim that leads the session in it, as tmux starts a command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.screen, theirs = os.openpty()
        self.shim = subprocess.Popen(
            [sys.executable, "-ISc", LEAD, bootstrap.__file__, "listen", str(folder)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.servers: list[Server] = []

    def connect(self) -> Server:
        def attempt() -> Server | None:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.folder / "control"))
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                return None
            self.servers.append(Server(connection))
            return self.servers[-1]

        return wait_until(attempt)

    def run(self, *argv: str, **order: Any) -> Run:
        whole = start_order(self.folder, *argv) | {"terminal": True} | order
        run = Run(self.folder, self.connect(), whole)
        run.server.say("start", **whole)
        run.started()
        return run

    def hang_up(self) -> None:
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, self.screen)
        os.close(null)

    def read(self, until: bytes) -> bytes:
        seen = b""
        while until not in seen:
            seen += os.read(self.screen, 1024)
        return seen


@pytest.fixture
def pane() -> Iterator[Pane]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # an address is short
        found = Pane(Path(folder))
        yield found
        for server in found.servers:
            server.socket.close()
        os.close(found.screen)
        found.shim.kill()
        found.shim.wait()


FACTS = """
import os
print([os.isatty(fd) for fd in range(3)], os.tcgetpgrp(0) == os.getpid() == os.getsid(0), flush=True)
print(os.read(os.open("/dev/tty", os.O_RDONLY), 100), flush=True)
"""


def test_the_agent_has_the_terminal_for_itself(pane: Pane) -> None:
    run = pane.run(sys.executable, "-ISc", FACTS)
    assert run.holder == pane.shim.pid
    assert b"[True, True, True] True" in pane.read(b"]" + b" True")
    os.write(pane.screen, b"typed\n")
    assert pane.read(rb"b'typed\n'")
    assert run.server.end()[-1] == {"is": "exited", "code": 0}
    assert pane.shim.wait(PATIENCE) == 0
    assert run.file("exit.json")["empty"] is True


def test_an_interrupt_that_is_typed_is_for_the_agent_alone(pane: Pane) -> None:
    run = pane.run("sh", "-c", "echo ready; exec sleep 20")
    pane.read(b"ready")
    os.write(pane.screen, b"\x03")
    assert run.server.end()[-1] == {"is": "exited", "code": -signal.SIGINT}


def test_what_is_written_to_an_agent_with_a_terminal_is_not_heard(pane: Pane) -> None:
    run = pane.run("sleep", "20")
    run.server.say("write", b"hello", seq=1)
    assert run.server.next() == {"is": "deaf", "seq": 1}
    run.server.say("stop", grace=5)
    run.server.end()


def test_a_terminal_that_goes_away_ends_the_agent_and_not_the_shim_before_it(pane: Pane) -> None:
    run = pane.run("sh", "-c", "(trap '' HUP; setsid sleep 20) & echo ready; wait")
    pane.read(b"ready")
    pane.hang_up()
    assert run.server.until("exited")["code"] == -signal.SIGHUP
    run.server.end()
    assert run.file("exit.json")["empty"] is True


def test_who_connects_and_says_nothing_or_nonsense_does_not_keep_a_server_out(pane: Pane) -> None:
    for said in (b"", b"\0\0\0\1x", b"\xff" * 8):
        stranger = pane.connect()
        stranger.socket.sendall(said)
        stranger.socket.close()
    run = pane.run("echo", "hello", terminal=False)
    run.server.end()
    assert run.output() == b"hello\n"


def test_a_shim_that_nobody_starts_goes_and_leaves_nothing(tmp_path: Path) -> None:
    program = tmp_path / "hasty.py"
    program.write_text(
        "import runpy, sys\n"
        f"runpy.run_path({bootstrap.__file__!r})['stand_in']()\n"
        "from ennio.supervisor.shim import beginning\n"
        "beginning._PATIENCE = 0.2\n"
        "beginning.in_folder(sys.argv[1])\n"
    )
    folder = tmp_path / "run"
    folder.mkdir()
    ended = subprocess.run([sys.executable, "-I", "-S", str(program), str(folder)], timeout=PATIENCE)
    assert ended.returncode == 1
    assert list(folder.iterdir()) == []
