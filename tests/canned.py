"""A small HTTP server that gives canned answers in ennio's place, and a prompt to type commands at."""

import io
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ennio.http.cli import main

SESSION = {
    "id": "app-1",
    "project_id": "app",
    "status": "Working",
    "activity": "Active",
    "branch": "ennio/app-1",
    "pr_url": None,
    "agent_name": "demo",
    "workspace_path": None,
    "created_at": "2026-01-02T03:04:05Z",
}
EXITED = {**SESSION, "status": "Exited", "activity": "Exited"}
S = "/api/v1/sessions"


class Canned(ThreadingHTTPServer):
    """Answers each request with the next answer for its route; the last one stays."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.asked: list[tuple[str, Any]] = []
        self.lock = threading.Lock()

    def answer(self, route: str, *values: Any, status: int = 200) -> None:
        key = "data" if status == 200 else "error"
        self.answers[route] = [(status, {key: value}) for value in values]

    def next(self, route: str, body: Any) -> tuple[int, Any]:
        with self.lock:
            self.asked.append((route, body))
            left = self.answers[route]
            return left.pop(0) if len(left) > 1 else left[0]


class _Handler(BaseHTTPRequestHandler):
    server: Canned

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, answer = self.server.next(f"{self.command} {self.path}", json.loads(body) if body else None)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", "30")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def canned() -> Iterator[Canned]:
    """Serve for the length of the block."""
    server = Canned()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configure(server: Canned, folder: Path) -> None:
    """Write a configuration into a folder by which commands find this server."""
    subprocess.run(["git", "init", "--quiet", folder / "app"], check=True)
    (folder / "ennio.toml").write_text(
        f'port = {server.server_port}\ndata_dir = "state"\n[defaults]\nagent = "demo"\n'
        '[[projects]]\nname = "app"\npath = "app"\n'
    )


class Prompt:
    """Where commands are typed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """Type a command: exit code, standard output, standard error."""
        self._monkeypatch.setattr("sys.argv", ["ennio", *arguments])
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main()
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *self._capsys.readouterr()


def on_a_terminal(arguments: list[str], cwd: Path, **env: str) -> tuple[int, str]:
    """Run the program with a terminal for all three of its streams."""
    master, slave = pty.openpty()
    argv = [sys.executable, "-m", "ennio.http.cli", *arguments]
    environment = {**os.environ, **env}
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        said = b""
        try:
            while piece := os.read(master, 4096):
                said += piece
        except OSError:
            pass  # EIO: nobody has the other end any more
        os.close(master)
    return process.returncode, said.decode()
