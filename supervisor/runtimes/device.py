"""A pane's terminal device, looked at from outside: what lies in it unread, and how it takes lines."""

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_LINE = 4095
"""Bytes of one line that a terminal takes from its keyboard; it drops the rest (termios(3))."""


class Device:
    """One terminal by its path. It is opened for each look, so that nobody is kept from hanging it up."""

    def __init__(self, path: str) -> None:
        self.path = path

    def unread(self) -> int:
        """Return how many bytes lie in it that the program has not read (FIONREAD, ioctl_tty(2)).

        A line that is not ended yet does not count where the terminal makes lines. Raises `OSError` when
        it was hung up.
        """
        with self._open() as descriptor:
            answer = fcntl.ioctl(descriptor, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", answer)[0])

    def makes_lines(self) -> bool:
        """Whether the program gets whole lines from it, not keys. Raises `OSError` when it was hung up."""
        with self._open() as descriptor:
            return bool(termios.tcgetattr(descriptor)[3] & termios.ICANON)

    @contextmanager
    def _open(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
