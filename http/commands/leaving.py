"""How the command line ends: an exit code, one message, and never a traceback for what is foreseen."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from .terminal import REFUSED, Failure, is_terminal, note

_INTERRUPTED = 128 + signal.SIGINT
"""The exit code that shells give to what Ctrl-C ended."""


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; what leaves by `SystemExit` goes on doing so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave_at_once)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it was closed by whoever started us
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            command()
        finally:
            _flush()
    except Failure as failure:
        note(f"ennio: {failure}")
        return failure.code
    except BrokenPipeError:
        return REFUSED
    return 0


def _leave_at_once(*_: object) -> None:
    """End the process: no command has anything to end first.

    A KeyboardInterrupt would be raised wherever the program happens to be, and now and then a library
    keeps it to itself.
    """
    if is_terminal(sys.stderr):
        os.write(sys.stderr.fileno(), b"\r\x1b[K")
    with suppress(OSError, RuntimeError):  # it may be in the middle of writing
        sys.stdout.flush()
    os._exit(_INTERRUPTED)


def _flush() -> None:
    """Write out what is left, so that nothing is left for the interpreter to fail on at its end."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            raise Failure(f"the output cannot be written: {error.strerror}") from error
