"""UTF-8 in pieces: text from bytes that break off anywhere, and cuts that break no character."""

import codecs
import re

LONGEST_CHARACTER = 4
"""Bytes; RFC 3629."""

_CONTINUATION = bytes(range(0x80, 0xC0))
_SURROGATE = re.compile("[\ud800-\udfff]")

_GROWTH = 3
"""Bytes that one byte of output becomes at most: those of U+FFFD."""


def decoded(data: bytes, limit: int, *, final: bool) -> tuple[str, int]:
    """Return text of at most `limit` encoded bytes, and how many bytes of `data` it stands for.

    What is no UTF-8 becomes U+FFFD. The cut is always between two characters, counting as one what U+FFFD
    stands for. A character whose end is missing is left for later unless the data is `final`.
    """
    text, used = codecs.utf_8_decode(data, "replace", final)
    if len(text.encode()) > limit:
        # Only U+FFFD makes text longer than its bytes, and at most threefold.
        text, used = codecs.utf_8_decode(data[: limit // _GROWTH], "replace", False)
        if not used:
            text, used = _first_character(data)
    return text, used


def encoded(text: str) -> bytes:
    """Return a text in UTF-8, with U+FFFD for lone surrogates: JSON can spell them, UTF-8 cannot."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text).encode()


def cut_before(data: bytes, most: int) -> int:
    """Return where valid UTF-8 can be cut between two characters: at `most` bytes, or a little before."""
    if most >= len(data):
        return len(data)
    while most and data[most] in _CONTINUATION:
        most -= 1
    return most


def rest_of_a_character(data: bytes, start: int = 0) -> int:
    """Return how many bytes from `start` on only continue a character that was cut: three at most."""
    rest = data[start : start + LONGEST_CHARACTER - 1]
    return len(rest) - len(rest.lstrip(_CONTINUATION))


def _first_character(data: bytes) -> tuple[str, int]:
    """Return the first character and how many bytes it stands for."""
    try:
        text = data[:LONGEST_CHARACTER].decode()
    except UnicodeDecodeError as error:
        if error.start == 0:
            return "\N{REPLACEMENT CHARACTER}", error.end
        text = data[: error.start].decode()
    return text[0], len(text[0].encode())
