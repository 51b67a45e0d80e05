"""Servers that are forked from one which has loaded everything: as real as any, and quickly there."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from accounts import processes
from installed import IDENTITY, Server

FAILING = str(Path(__file__).with_name("failing_server.py"))


class Forked:
    """A process that somebody else waits for: what `subprocess.Popen` is for a child of ours."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return something once it has ended; nobody knows its exit code."""
        return 0 if select.select([self._pidfd], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `TimeoutExpired`."""
        if not select.select([self._pidfd], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(["ennio"], timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        """Signal it, and nobody else who may have got its pid since."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def __del__(self) -> None:
        os.close(self._pidfd)


class Nest:
    """Where servers are forked; any thread may ask for one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process, self._turn = process, threading.Lock()

    def fork(
        self, folder: Path, config: Path, log: Path, spots: Sequence[str], env: dict[str, str]
    ) -> Forked:
        """Start `ennio --config CONFIG start` in a folder, with weak spots (see `failing_server`)."""
        order = {
            "spots": list(spots),
            "arguments": ["--config", str(config), "start"],
            "folder": str(folder),
            "env": {**os.environ, **IDENTITY, **env},
            "log": str(log),
        }
        with self._turn:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            print(json.dumps(order), file=self._process.stdin, flush=True)
            return Forked(int(self._process.stdout.readline()))

    def server(self, folder: Path, config: str, *spots: str, **env: str) -> Server:
        """Return a server that runs and is ready."""
        return Server(folder, config, start=lambda file, log: self.fork(folder, file, log, spots, env))


@contextmanager
def nest() -> Iterator[Nest]:
    """Have a nest for the length of the block."""
    argv = [sys.executable, "-P", FAILING, "nest"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        yield Nest(process)
        process.communicate()


@contextmanager
def servers(home: Nest, folder: Path, config: str) -> Iterator[Callable[..., Server]]:
    """Start servers in a folder, one after the other; whatever happens, nothing of them is left."""
    started = list[Server]()

    def start(*spots: str) -> Server:
        started.append(home.server(folder, config, *spots, ENNIO_TEST_RUN=str(folder)))
        return started[-1]

    try:
        yield start
    finally:
        for server in started:
            server.process.kill()
            server.gone()
        for pid in processes(folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
