"""What can be typed into a terminal, and what of a message is text and what is the Enter key."""

import re
from dataclasses import dataclass

from .device import LONGEST_LINE

_KEY = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
"""What a terminal takes for a key: every control character but the tab and the line feed."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A message as it is typed: its text, and whether Enter is pressed at its end."""

    text: bytes
    enter: bool

    @property
    def longest_line(self) -> int:
        """Bytes of the longest line."""
        return max(map(len, self.text.split(b"\n")))


def keys(data: bytes) -> Keys:
    """Return how a message is typed. Line ends of other systems become line feeds.

    The line feed at its end is the Enter key; those inside stay what they are, which is Ctrl-J.
    """
    text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return Keys(text.removesuffix(b"\n"), text.endswith(b"\n"))


def objection(typed: Keys, *, lines: bool) -> str | None:
    """Return why this cannot be typed, or None. With `lines` the terminal makes lines for its program."""
    if found := _KEY.search(typed.text):
        return f"it holds the control character {found[0][0]:#04x}, which is a key in a terminal, and no text"
    if lines and typed.longest_line > LONGEST_LINE:
        return f"a line of it has {typed.longest_line} bytes, and the terminal takes {LONGEST_LINE} at most"
    return None
