"""A server's side of the shim, as simple as can be: real processes, a plain socket, no event loop."""

import json
import os
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ennio.supervisor.output import OutputLog
from ennio.supervisor.shim import bootstrap
from ennio.supervisor.shim.frames import Decoder, encode

HOSTILE = Path(__file__).parent / "supervisor" / "hosts" / "hostile_agent.py"
PATIENCE = 15.0


class Server:
    """One connection to a shim. `next` waits for a frame; `heard` is all that came."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket, self.heard = connection, list[dict[str, Any]]()
        self._decoder, self._waiting = Decoder(), deque[dict[str, Any]]()
        connection.settimeout(PATIENCE)

    def say(self, do: str, body: bytes = b"", **header: Any) -> None:
        self.socket.sendall(encode({"do": do, **header}, body))

    def next(self, *, output: bool = False) -> dict[str, Any] | None:
        """The next frame, or None at the end; `output` and `left` frames only when asked for."""
        while True:
            while self._waiting:
                header = self._waiting.popleft()
                if output or header["is"] not in {"output", "left"}:
                    return header
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            frames = [header for header, _ in self._decoder.feed(data)]
            self.heard += frames
            self._waiting += frames

    def until(self, what: str) -> dict[str, Any]:
        """The next frame of a kind."""
        while (header := self.next(output=True)) is not None:
            if header["is"] == what:
                return header
        raise AssertionError(f"the shim ended without {what!r}; it said {self.heard}")

    def end(self) -> list[dict[str, Any]]:
        """Wait until the shim is gone; return all that it said."""
        while self.next(output=True) is not None:
            pass
        return self.heard


class Run:
    """An agent that was asked for: its folder, its log, and the first connection to its shim."""

    def __init__(self, folder: Path, server: Server, order: dict[str, Any]) -> None:
        self.folder, self.server, self.order = folder, server, order
        self.servers = [server]
        self.holder = 0

    def started(self) -> dict[str, Any]:
        header = self.server.next()
        assert header is not None, "the shim ended"
        assert header["is"] == "started", header
        self.holder = header["holder"]
        return header

    def attach(self, **header: Any) -> Server:
        server = self.connect()
        server.say("attach", **{"grace": 0.5, "orphan_timeout": 60, **header})
        return server

    def connect(self) -> Server:
        connection = socket.socket(socket.AF_UNIX)
        here = os.open(self.folder, os.O_RDONLY)
        try:
            connection.connect(f"/proc/self/fd/{here}/control")
        except OSError:
            connection.close()
            raise
        finally:
            os.close(here)
        self.servers.append(Server(connection))
        return self.servers[-1]

    def output(self) -> bytes:
        log = OutputLog(self.order["output"], self.order["keep_bytes"])
        return log.read(0, 1 << 30).data

    def wait_for_output(self, text: bytes) -> bytes:
        return wait_until(lambda: text in (found := self.output()) and found)

    def file(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def notes(self) -> str:
        log = self.folder / "shim.log"
        return log.read_text() if log.exists() else ""

    def gone(self, seconds: float = PATIENCE) -> None:
        """Wait until the shim has exited."""
        wait_until(lambda: not alive({self.holder}), seconds)


class Zygote:
    """The process that forks shims, and what it forked."""

    def __init__(self, folder: Path, program: str = bootstrap.__file__, **options: Any) -> None:
        self.folder, self.runs = folder, list[Run]()
        self._socket, theirs = socket.socketpair()
        with theirs:
            argv = [sys.executable, "-I", "-S", program, "zygote", str(theirs.fileno())]
            self.process = subprocess.Popen(argv, pass_fds=[theirs.fileno()], **options)

    def run(self, *argv: str, **order: Any) -> Run:
        folder = self.folder / f"run{len(self.runs)}"
        folder.mkdir(mode=0o700)
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._socket, [b"x"], [theirs.fileno()])
        whole = start_order(folder, *argv) | order
        run = Run(folder, Server(ours), whole)
        run.server.say("start", **whole)
        self.runs.append(run)
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self.process.wait(PATIENCE)
        self.forget()

    def forget(self) -> None:
        """End all that runs still."""
        while self.runs:
            run = self.runs.pop()
            with suppress(FileNotFoundError, KeyError):
                run.holder = run.file("state.json")["holder"][0]
            if run.holder and alive({run.holder}):
                with suppress(OSError):
                    run.attach().say("stop", grace=0)
                run.gone()
            for server in run.servers:
                server.socket.close()
            if run.holder:
                with suppress(ChildProcessError):
                    os.waitpid(run.holder, os.WNOHANG)


def start_order(folder: Path, *argv: str) -> dict[str, Any]:
    return {
        "session_id": "p-abc123",
        "incarnation": 1,
        "argv": list(argv),
        "env": {"PATH": os.environ["PATH"]},
        "cwd": str(folder),
        "folder": str(folder),
        "output": str(folder / "output"),
        "keep_bytes": 1 << 24,
        "grace": 0.5,
        "orphan_timeout": 60,
        "nice": 10,
        "cgroup": None,
        "mark": "a-mark",
        "terminal": False,
    }


def wait_until(check: Any, seconds: float = PATIENCE) -> Any:
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.005)
    return found


def alive(pids: set[int]) -> set[int]:
    def lives(pid: int) -> bool:
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return fields[0] not in {b"Z", b"X"} or int(fields[17]) > 1

    return set(filter(lives, pids))
