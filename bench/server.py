"""A server under measurement: a process of its own, and one kept-alive connection to it."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from .clock import PATIENCE, Overdue, first_readable


def free_port() -> int:
    """Return a port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Connection:
    """An HTTP/1.1 client, bare enough to cost next to nothing; it dials again when the server hangs up."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = self._dial()

    def _dial(self) -> socket.socket:
        dialled = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return dialled

    @property
    def fd(self) -> int:
        """The descriptor to wait on for an answer."""
        return self._socket.fileno()

    def ask(self, method: str, path: str, body: dict[str, str] | None = None) -> None:
        """Send a request; its answer has begun when `fd` is readable."""
        content = json.dumps(body).encode() if body is not None else b""
        kind = "Content-Type: application/json\r\n" if content else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}Content-Length: {len(content)}\r\n\r\n"
        self._socket.sendall(head.encode() + content)

    def answer(self) -> Any:
        """Read the answer to the request and return its `data`; raises `RuntimeError` for a refusal."""
        response = HTTPResponse(self._socket)
        response.begin()
        said = response.read()
        if response.will_close:  # hypercorn ends a connection after so many requests
            self._socket.close()
            self._socket = self._dial()
        if response.status >= 400:
            raise RuntimeError(f"{response.status}: {said.decode(errors='replace')}")
        return json.loads(said)["data"]

    def time(self, method: str, path: str) -> float:
        """Ask, and return the seconds until the answer has begun."""
        started = time.perf_counter()
        self.ask(method, path)
        seconds = first_readable({f"{method} {path}": self.fd}, started)
        self.answer()
        return seconds[f"{method} {path}"]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextmanager
def running(argv: Sequence[str], port: int, cwd: Path, log: Path) -> Iterator[tuple[int, Connection]]:
    """Run a server until the block ends; give its pid and a connection to it once it listens."""
    with (
        log.open("wb") as output,
        subprocess.Popen(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process,
    ):
        try:
            connection = _connect(process, port)
            try:
                yield process.pid, connection
            finally:
                connection.close()
        except Exception as error:
            error.add_note(f"the end of the server's log:\n{log.read_text()[-4000:]}")
            raise
        finally:
            _end(process)


def _connect(process: subprocess.Popen[bytes], port: int) -> Connection:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        try:
            return Connection(port)
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise Overdue(f"nobody listens on port {port} after {PATIENCE:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        raise
