"""Standard input, output and error, which are for the agent and not for its shim."""

import fcntl
import os
import termios
from contextlib import suppress


def hide() -> None:
    """Let go of whatever they are. Raises `OSError`."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if null > 2:
        os.close(null)


def fill() -> None:
    """Open what is closed of them, so that no pipe gets one of their numbers."""
    while (null := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) <= 2:
        pass
    os.close(null)


def leave() -> None:
    """Become the leader of a session without a terminal; what stood there stays open.

    A leader that has one gives it up, so that the agent's session can have it (ioctl_tty(2)).
    """
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            fcntl.ioctl(0, termios.TIOCNOTTY)
    else:
        with suppress(PermissionError):  # a leader of a group cannot, and has to stay where it is
            os.setsid()


def take() -> None:
    """Make standard input the terminal of this session, where it is one that nobody has."""
    with suppress(OSError):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
