"""Text that a terminal takes for text: what agents and code hosts say is never a command to it."""

import re

# Sequences of ECMA-48, with ESC or in their 8-bit form: control sequences, strings up to their terminator or
# the end of the line, and the short ones.
_STRING = "[^\x07\x1b\x80-\x9f\n\r]*"
_CSI = "[0-?]*[ -/]*"
_SEQUENCE = re.compile(
    f"(?:\x1b\\[|\x9b){_CSI}[@-~]?"
    f"|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f]){_STRING}(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*[0-~]?"
)
_UNFINISHED = re.compile(
    f"(?:(?:\x1b\\[|\x9b){_CSI}|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f]){_STRING}\x1b?|\x1b[ -/]*)\\Z"
)
_LONGEST = 4096
"""Characters of a sequence that is still waited for."""

# C0 but tab, newline and return, DEL, C1, line separators, and what reorders text
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Plain:
    """Takes text in pieces, cut anywhere, and leaves text, newlines, tabs and returns of it."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> str:
        """Return what can be said of the text until now; a sequence that has not ended is waited for."""
        text = self._rest + text
        held = _UNFINISHED.search(text, max(0, len(text) - _LONGEST))
        self._rest = held[0] if held else ""
        return _plain(text[: held.start()] if held else text)

    def end(self) -> str:
        """Return what was waited for: nothing more will come."""
        rest, self._rest = self._rest, ""
        return _plain(rest)


def _plain(text: str) -> str:
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", _SEQUENCE.sub("", text)))


def block(text: str) -> str:
    """Return text as lines: a lone return begins one."""
    return re.sub("\r+\n?", "\n", _plain(text)).expandtabs()


def line(text: str) -> str:
    """Return text on one line."""
    return " ".join(_plain(text).split())
