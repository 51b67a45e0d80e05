"""The server that runs on a data folder, as its lock tells."""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..started import start_of
from .terminal import Failure, progress

_PATIENCE = 30.0
"""Seconds until an orderly end is given up; the server promises to be gone after 10."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server: its process, proven by its start time, and where it listens."""

    pid: int
    start: int
    host: str
    port: int

    def alive(self) -> bool:
        """Return whether this very process runs still; a pid that was given away again does not count."""
        return start_of(self.pid) == self.start


def running(data_dir: Path) -> Running | None:
    """Return the server that runs on this data folder, None when there is none.

    Raises `Failure` when the lock cannot be read.
    """
    lock = data_dir / "lock"
    try:
        told = json.loads(lock.read_bytes())
        found = Running(int(told["pid"]), int(told["start"]), str(told["host"]), int(told["port"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(
            f"{lock} cannot be read ({error.strerror}): are you the user who runs the server?"
        ) from error
    except (ValueError, TypeError, KeyError):
        return None  # empty or half written: its server has just started, or died before it listened
    return found if found.alive() else None


def stop(data_dir: Path) -> Running:
    """End the server in good order and return when it is gone.

    Raises `Failure` when none runs, when it may not be signalled, and when it does not end.
    """
    server = running(data_dir)
    if server is None:
        raise Failure(f"no server runs on {data_dir}; `ennio start` starts one")
    try:
        _ask_to_end(server)
    except PermissionError as error:
        raise Failure(
            f"the server (pid {server.pid}) belongs to another user: stop it as that user"
        ) from error
    end = time.monotonic() + _PATIENCE
    with progress(f"waiting for the server (pid {server.pid}) to stop its sessions"):
        while server.alive():
            if time.monotonic() > end:
                advice = "look at its log, or end it with `kill -9`"
                raise Failure(f"the server (pid {server.pid}) still runs after {_PATIENCE:g} s: {advice}")
            time.sleep(0.05)
    return server


def _ask_to_end(server: Running) -> None:
    """Send SIGTERM to that process, and to no other that may have got its pid in the meantime."""
    if sys.platform != "linux":
        if server.alive():
            os.kill(server.pid, signal.SIGTERM)
        return
    try:
        holder = os.pidfd_open(server.pid)
    except ProcessLookupError:
        return
    try:
        if server.alive():
            signal.pidfd_send_signal(holder, signal.SIGTERM)
    except ProcessLookupError:
        return
    finally:
        os.close(holder)
