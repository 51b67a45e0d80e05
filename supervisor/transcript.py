"""What an agent said, as text: valid UTF-8 in pieces of any size, with cursors to go on from."""

import codecs
import re
from dataclasses import dataclass

from .errors import Invalid
from .output import OutputLog

_CURSOR = re.compile(r"([tr])(0|[1-9][0-9]{0,18})")
_LONGEST_CHARACTER = 4
"""Bytes; RFC 3629."""

_CONTINUATION = bytes(range(0x80, 0xC0))

_GROWTH = 3
"""Bytes that one byte of output becomes at most: those of U+FFFD."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of output. `cursor` is where the next one begins; `truncated`: something before was dropped."""

    text: str
    cursor: str
    truncated: bool


def excerpt(log: OutputLog, *, after: str | None, limit: int, raw: bool, complete: bool) -> Excerpt:
    """Return what was said after a cursor, or from the oldest kept byte: at most `limit` bytes of UTF-8.

    What is no UTF-8 becomes U+FFFD, as `bytes.decode(errors="replace")` has it, and reading in steps gives
    what reading at once does. A character whose end has not come yet waits for it, unless the output is
    `complete`. Raises `Invalid` for a cursor that is none, that is of the other kind (`raw` or not) or
    past the end, and for a `limit` under 4.
    """
    if limit < _LONGEST_CHARACTER:
        raise Invalid(f"limit must be at least {_LONGEST_CHARACTER} bytes, one character")
    kind = "r" if raw else "t"
    wanted = 0 if after is None else _parse(after, kind, log.end)
    chunk = log.read(wanted, limit)
    truncated = chunk.start > wanted
    if truncated and (rest := _rest_of_a_character(chunk.data)):
        chunk = log.read(chunk.start + rest, limit)
    text, used = _decode(chunk.data, limit, final=complete and chunk.end == log.end)
    return Excerpt(text, f"{kind}{chunk.start + used}", truncated)


def _parse(cursor: str, kind: str, end: int) -> int:
    parsed = _CURSOR.fullmatch(cursor)
    if parsed is None:
        raise Invalid(f"{cursor[:40]!a} is no cursor: give back one that came with output, as it was")
    if parsed[1] != kind:
        raise Invalid("a cursor of raw output is not one of text, nor the other way round")
    if int(parsed[2]) > end:
        raise Invalid("the cursor is past the end of the output: is it another session's?")
    return int(parsed[2])


def _decode(data: bytes, limit: int, *, final: bool) -> tuple[str, int]:
    """Return text of at most `limit` encoded bytes, and how many bytes of `data` it stands for.

    The cut is always between two characters, counting as one what U+FFFD stands for.
    """
    text, used = codecs.utf_8_decode(data, "replace", final)
    if len(text.encode()) > limit:
        # Only U+FFFD makes text longer than its bytes, and at most threefold.
        text, used = codecs.utf_8_decode(data[: limit // _GROWTH], "replace", False)
        if not used:
            text, used = _first_character(data)
    return text, used


def _first_character(data: bytes) -> tuple[str, int]:
    """Return the first character and how many bytes it stands for."""
    try:
        text = data[:_LONGEST_CHARACTER].decode()
    except UnicodeDecodeError as error:
        if error.start == 0:
            return "\N{REPLACEMENT CHARACTER}", error.end
        text = data[: error.start].decode()
    return text[0], len(text[0].encode())


def _rest_of_a_character(data: bytes) -> int:
    """Return how many bytes at the beginning only continue a character that was cut: three at most."""
    start = data[: _LONGEST_CHARACTER - 1]
    return len(start) - len(start.lstrip(_CONTINUATION))
