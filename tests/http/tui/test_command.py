"""`ennio top` where it cannot be, and before a real server at a real terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from canned import canned, configure
from installed import Server, running, settings

from ennio.http.commands import top as command
from ennio.http.commands.ask_server import Options
from ennio.http.commands.leaving import run

PROGRAM = """
import pathlib, sys, typer
from ennio.http.commands.ask_server import Options
from ennio.http.commands.leaving import run
from ennio.http.commands.top import top
app = typer.Typer()
app.command()(top)
sys.exit(run(lambda: app([], obj=Options(pathlib.Path(sys.argv[1])), standalone_mode=False)))
"""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    with canned() as server:
        configure(server, tmp_path)
        server.answer("GET /api/v1/sessions?limit=1", "who are you?", status=401)
        yield tmp_path / "ennio.toml"


def typed(config: Path, *, json: bool = False) -> int:
    app = typer.Typer()
    app.command()(command.top)
    return run(lambda: app([], obj=Options(config, json), standalone_mode=False))


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "is_terminal", lambda stream: True)


def test_without_the_extra_one_line_says_how_to_get_it(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("ennio.http.tui")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual", None)

    assert typed(config) == 2
    assert capsys.readouterr().err == "ennio: `ennio top` needs the extra `tui`: pip install 'ennio[tui]'\n"


def test_it_needs_a_terminal(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(config) == 2
    assert "needs a terminal; `ennio status` needs none" in capsys.readouterr().err


def test_it_has_no_json(config: Path, on_a_terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(config, json=True) == 2
    assert "has no JSON" in capsys.readouterr().err


def test_a_refusal_at_the_beginning_is_said_on_one_line(
    config: Path, on_a_terminal: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(config) == 1
    assert capsys.readouterr().err == "ennio: who are you?\n"


def test_without_a_server_it_does_not_begin(
    tmp_path: Path, on_a_terminal: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with canned() as gone:
        configure(gone, tmp_path)

    assert typed(tmp_path / "ennio.toml") == 1
    assert "`ennio start` starts a server" in capsys.readouterr().err


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), settings()) as one:
        yield one


class Shown:
    """A program at a terminal of 120 columns and 30 lines, and all that it has written there."""

    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self.process, self._master, self.said = process, master, ""

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, words: str, seconds: float = 20) -> None:
        """Wait until these words were written, or the program has ended."""
        give_up = time.monotonic() + seconds
        while words not in self.said:
            assert time.monotonic() < give_up, f"{words!r} is not in {self.said[-2000:]!r}"
            if not self._read():
                break
        assert words in self.said, self.said[-2000:]

    def end(self, seconds: float = 10) -> int:
        """Wait until it has ended; return its exit code."""
        give_up = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < give_up, self.said[-2000:]
        return self.process.wait(seconds)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 0.1)
        try:
            piece = os.read(self._master, 65536) if ready else None
        except OSError:
            return False  # EIO: nobody has the other end any more
        if piece is not None:
            words = re.sub(r"\x1b\[[0-9;:<>=?$ ]*[a-zA-Z]", "", piece.decode(errors="replace"))
            self.said += words if "\x1b[?1049l" not in piece.decode(errors="replace") else f"{words}<left>"
        return True


@contextmanager
def shown(config: Path) -> Iterator[Shown]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(config)],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )  # fmt: skip
    os.close(slave)
    try:
        yield Shown(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_a_real_server_is_watched_and_told(server: Server) -> None:
    id = server.spawn("cat")["id"]
    with shown(server.file) as terminal:
        terminal.until(id)
        terminal.until("live")
        terminal.type("\r")
        terminal.until("heard hello")
        terminal.type("s")
        terminal.until("Message; Ctrl+J")
        terminal.type("good morning\r")
        terminal.until("heard good morning")
        other = server.spawn("cat")["id"]
        terminal.type("\x1b")
        terminal.until(other)
        server.data("DELETE", f"/sessions/{id}")
        terminal.until("Working (1)")
        terminal.type("q")
        assert terminal.end() == 0
        assert "<left>" in terminal.said
        assert "Traceback" not in terminal.said
    server.data("DELETE", f"/sessions/{other}")


def test_what_comes_in_one_write_is_taken_one_after_the_other(server: Server) -> None:
    id = server.spawn("cat")["id"]
    with shown(server.file) as terminal:
        terminal.until(id)
        terminal.until("live")
        terminal.type("/xyyxnqy\r")
        terminal.until("/ xyyxnqy")
        terminal.type("/" + "\x7f" * 7 + "\rsxyz q\r")
        terminal.until("sent to")
        terminal.type("xy")
        terminal.until("press it again")
        terminal.type("nq")
        assert terminal.end() == 0
    assert server.data("GET", f"/sessions/{id}")["status"] != "Killed"
    sent = server.data("GET", f"/sessions/{id}/messages")
    assert sent[-1]["text"] == "xyz q"
    server.data("DELETE", f"/sessions/{id}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(server: Server, number: int) -> None:
    with shown(server.file) as terminal:
        terminal.until("Nobody is at work.")
        terminal.process.send_signal(number)
        assert terminal.end() == 0
        assert "<left>" in terminal.said
