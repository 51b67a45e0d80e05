"""How the command line speaks to the person, or to the program, at its other end."""

import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

REFUSED, MISUSED = 1, 2
"""Exit codes: the server or the machine said no; the command or the configuration is wrong."""

# C0 but tab and newline, DEL, C1, and what reorders text (Unicode's bidirectional controls)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Failure(Exception):
    """The command cannot be done: what happened and what to do next. `code` is the exit code."""

    def __init__(self, message: str, code: int = REFUSED) -> None:
        super().__init__(message)
        self.code = code


def harmless(text: str) -> str:
    """Return text that no terminal takes for a command; a carriage return becomes a newline."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), lines)


def one_line(text: str) -> str:
    """Return the same on one line, harmless to a terminal."""
    return harmless(" ".join(text.split()))


def say(text: str, end: str = "\n") -> None:
    """Write to standard output at once: harmless on a terminal, as it is into a pipe or a file."""
    try:
        print(harmless(text) if is_terminal(sys.stdout) else text, end=end, flush=True)
    except BrokenPipeError:
        raise  # whoever read has had enough, which is no failure to tell of
    except OSError as error:
        raise Failure(f"the output cannot be written: {error.strerror}") from error


def note(text: str) -> None:
    """Write an aside to standard error."""
    print(harmless(text), file=sys.stderr, flush=True)


def hint(text: str) -> None:
    """Write an aside that only a person needs: to standard error, where that is a terminal."""
    if is_terminal(sys.stderr):
        note(text)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person may be looking at this stream; a closed one is None."""
    return stream is not None and stream.isatty()


def given_text(given: str) -> str:
    """Return what was given; `-` stands for all of the standard input, its last newline aside."""
    if given != "-":
        return given
    if sys.stdin is None:
        raise Failure("the standard input is closed: there is nothing to read from it", MISUSED)
    if is_terminal(sys.stdin):
        hint("type the text, then Ctrl-D")
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise Failure("the standard input is not valid UTF-8", MISUSED) from error


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Once a second has passed, say on a terminal what is being waited for and for how long."""
    if not is_terminal(sys.stderr):
        yield
        return
    over = threading.Event()
    ticker = threading.Thread(target=_tick, args=(one_line(doing), over), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        over.set()
        ticker.join()


def _tick(doing: str, over: threading.Event) -> None:
    start = time.monotonic()
    while not over.wait(1.0):
        print(f"\r\x1b[K{doing} ({time.monotonic() - start:.0f} s)", end="", file=sys.stderr, flush=True)
    if time.monotonic() - start > 1.0:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
