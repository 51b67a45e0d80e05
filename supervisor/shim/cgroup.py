"""A control group of version 2 around an agent: the kernel's own list of what belongs to it (cgroups(7))."""

import ctypes
import os
import signal
import struct
import time
from contextlib import suppress

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE3 = 435
"""The number of the call, which is the same on every processor but Alpha."""
_INTO_CGROUP = 0x2_0000_0000

_PATIENCE = 0.25
"""Seconds that the kernel may take from a group's last process to the group's removal."""


class Cgroup:
    """A folder below /sys/fs/cgroup, made here and removed here."""

    def __init__(self, path: str) -> None:
        """Make it where it is not there yet. Raises `OSError`."""
        self.path = path
        with suppress(FileExistsError):
            os.mkdir(path)

    def join(self) -> None:
        """Move this process into it; what it starts from now on is in it too. Raises `OSError`."""
        self._write("cgroup.procs", b"0")

    def fork(self) -> int:
        """Fork like `os.fork`, with the child in here from the beginning (clone3(2), Linux 5.7).

        To move it in later takes the kernel ten times as long, since all processors have to agree on that.
        Raises `OSError` where there is no such call.
        """
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            arguments = struct.pack("11Q", _INTO_CGROUP, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, folder)
            pid: int = _LIBC.syscall(_CLONE3, arguments, len(arguments))
            if pid < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), self.path)
            return pid
        finally:
            os.close(folder)

    def kill(self) -> None:
        """Send SIGKILL to all that is in it, which no fork can outrun (Linux 5.14; before, nothing)."""
        with suppress(OSError):
            self._write("cgroup.kill", b"1")

    def remove(self) -> None:
        """Remove it with the groups below it, and end whoever was moved into it from elsewhere.

        Raises `OSError` when that does not come to an end within a quarter of a second.
        """
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                for path, _, _ in os.walk(self.path, topdown=False):
                    os.rmdir(path)
            except FileNotFoundError:
                continue
            except OSError:
                if time.monotonic() > until:
                    raise
                self.kill()
                time.sleep(0.002)
            else:
                return

    def _write(self, name: str, text: bytes) -> None:
        descriptor = os.open(f"{self.path}/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)
