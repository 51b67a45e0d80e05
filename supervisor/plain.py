"""What others wrote as plain text: control characters would be keys in a terminal, and are no text."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""All but the tab and the ends of lines; pasted colours of terminals, mostly."""


def plain(text: str) -> str:
    """Return a text without control characters."""
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    """Return it in one line, so that nothing in it passes for more than it is."""
    return plain(" ".join(text.split()))
