"""What an agent with a language of its own said, for people to read: a log's lines, each put into words."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .output import Chunk, OutputLog
from .utf8 import cut_before, encoded, rest_of_a_character

Readable = Callable[[bytes], str]
"""What a line of output, without its newline, means to a person; see `Dialogue.readable`."""

_STEP = 1024 * 1024
"""Bytes of output that one call reads at most, but for the end of the line that it has come to."""

_LONGEST = 8 * 1024 * 1024
"""Bytes of a line that is still taken as one."""

_BLOCK = 64 * 1024
_FURTHER = 4
"""How many times more is read at once when a line has not ended: all in all a third more than its length."""


class Place(NamedTuple):
    """Where reading goes on: `offset` bytes of UTF-8 into the words of the line at `byte` of the log."""

    byte: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A piece of readable output; `place` is where the next one begins."""

    text: str
    place: Place
    truncated: bool


def rendered(log: OutputLog, after: Place, limit: int, readable: Readable, *, complete: bool) -> Rendered:
    """Return what the lines from a place on mean: at most `limit` bytes of UTF-8; `limit` is 4 or more.

    Reading in steps gives what reading at once does. So that no call takes long, each moves on by about
    1 MiB of the log at most: the text can be empty though more is there, and then the place has moved on. If
    it has not, nothing more can be read for now. A line without its newline waits for it, unless the output
    is `complete`. A line over 8 MiB is cut into pieces of that size, which are shown as they are, and a last
    one, which is a line of its own.

    When the byte at the place was dropped, text begins with the next line. A place past a line's words is
    the next line too: another version may have had more to say of it.
    """
    begin, truncated = _first_line(log, after.byte, complete=complete)
    if begin is None:
        return Rendered("", after, truncated)
    place = Place(begin) if truncated else after
    pieces: list[bytes] = []
    for line in _lines(log, begin, readable, complete=complete):
        words = encoded(line.words)
        start = place.offset + rest_of_a_character(words, place.offset) if place.offset else 0
        cut = cut_before(words, start + limit)
        pieces.append(words[start:cut])
        limit -= len(pieces[-1])
        if cut < len(words):
            place = Place(line.start, cut)
            break
        place = Place(line.end)
        if not limit or line.end - begin >= _STEP:
            break
    return Rendered(b"".join(pieces).decode(), place, truncated)


class _Line(NamedTuple):
    """What the bytes of the log from `start` to `end` mean."""

    start: int
    end: int
    words: str


def _first_line(log: OutputLog, byte: int, *, complete: bool) -> tuple[int | None, bool]:
    """Return where a line begins, at `byte` or after it, and whether `byte` was dropped.

    None: all that is kept is in the middle of one line, and its end is still to come.
    """
    chunk = log.read(byte, 1)
    if chunk.start <= byte:
        return byte, False
    chunk = _line_or_more(log, chunk.start)
    if newline := chunk.data.find(b"\n") + 1:
        return chunk.start + newline, True
    if len(chunk.data) > _LONGEST:
        return chunk.start + rest_of_a_character(chunk.data), True
    return chunk.end if complete else None, True


def _lines(log: OutputLog, byte: int, readable: Readable, *, complete: bool) -> Iterator[_Line]:
    """Put the lines from `byte` on into words, one by one, up to the last that has come whole."""
    while (chunk := _line_or_more(log, byte)).data and chunk.start == byte:
        data, start = chunk.data, 0
        while (newline := data.find(b"\n", start)) >= 0:
            yield _Line(byte + start, byte + newline + 1, readable(data[start:newline]))
            start = newline + 1
        if start:
            byte += start
        elif len(data) > _LONGEST:
            words, used = codecs.utf_8_decode(memoryview(data)[:_LONGEST], "replace", False)
            yield _Line(byte, byte + used, words)
            byte += used
        elif complete and chunk.end == log.end:
            yield _Line(byte, chunk.end, readable(data))
            return
        else:
            return


def _line_or_more(log: OutputLog, byte: int) -> Chunk:
    """Return a chunk that holds a whole line, or more than the longest one, or else all that there is."""
    size = min(_BLOCK, _LONGEST + 1)
    while b"\n" not in (chunk := log.read(byte, size)).data and chunk.end < log.end and size <= _LONGEST:
        size = min(size * _FURTHER, _LONGEST + 1)
    return chunk
