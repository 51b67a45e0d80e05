"""How the command line ends: an exit code, one message, and never a traceback for what is foreseen."""

import os
import sys
from collections.abc import Callable

from .terminal import REFUSED, Failure, note


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; what leaves by `SystemExit` goes on doing so."""
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
