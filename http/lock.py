"""The lock on a data folder: one server at a time, and where to find it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LINGER = 0.5
"""Seconds that the lock of a server that is dead may still be held."""


class CannotServe(Exception):
    """The server cannot start here; the message says why, and what the operator can do."""


class Lock:
    """A held lock. The file says who holds it, as JSON; that it is there means nothing, that it is locked
    does (flock(2)), so the one of a server that was killed is no obstacle."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, start: int, host: str, port: int, url: str) -> None:
        """Write down who serves, and where. `start` is when the process began, as its readers look it up."""
        facts = {"pid": os.getpid(), "start": start, "host": host, "port": port, "url": url}
        line = f"{json.dumps(facts)}\n".encode()
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))


@contextmanager
def hold(data_dir: Path) -> Iterator[Lock]:
    """Make the data folder private and hold its lock for the length of the block.

    Raises `CannotServe` when another server has it, or when the folder cannot be used.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o700)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotServe(f"data_dir {data_dir} cannot be used: {error.strerror}") from error
    try:
        _take(descriptor, data_dir)
        yield Lock(descriptor)
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int, data_dir: Path) -> None:
    """Lock the file. What a killed server was just starting may hold it until it has become a program."""
    give_up = time.monotonic() + _LINGER
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            if time.monotonic() > give_up:
                holder = _holder(os.pread(descriptor, 4096, 0))
                hint = "stop it with `ennio stop`, or give this one a data_dir of its own"
                raise CannotServe(f"another server{holder} uses {data_dir}: {hint}") from error
            time.sleep(0.02)
    os.ftruncate(descriptor, 0)


def _holder(content: bytes) -> str:
    try:
        facts = json.loads(content)
        return f" (pid {int(facts['pid'])}, {ascii(facts['url'])[1:-1]})"
    except (ValueError, TypeError, KeyError):
        return ""  # it has only just begun
