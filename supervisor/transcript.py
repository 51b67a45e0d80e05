"""What an agent said, as text: valid UTF-8 in pieces of any size, with cursors to go on from."""

import re
from dataclasses import dataclass

from .errors import Invalid
from .output import OutputLog
from .rendering import Place, Readable, rendered
from .utf8 import LONGEST_CHARACTER, decoded, rest_of_a_character

_CURSOR = re.compile(r"(?:(r)|(t))(0|[1-9][0-9]{0,18})(?(2)(?:\.([1-9][0-9]{0,18}))?)")
"""`r5` and `t5`: byte 5 of raw output and of text; `t5.3`: 3 bytes into the words of the line at byte 5."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of output. `cursor` is where the next one begins; `truncated`: something before was dropped."""

    text: str
    cursor: str
    truncated: bool


def excerpt(
    log: OutputLog,
    *,
    after: str | None,
    limit: int,
    raw: bool,
    complete: bool,
    readable: Readable | None = None,
) -> Excerpt:
    """Return what was said after a cursor, or from the oldest kept byte: at most `limit` bytes of UTF-8.

    What is no UTF-8 becomes U+FFFD, as `bytes.decode(errors="replace")` has it, and reading in steps gives
    what reading at once does. A character whose end has not come yet waits for it, unless the output is
    `complete`.

    With `readable`, unless it is `raw`, the text is what that says of each line; see `rendering.rendered`.
    It can then be empty before the end is reached: only a cursor that stays says that there is no more.

    Raises `Invalid` for a cursor that is none, that is of the other kind (`raw` or not) or past the end, and
    for a `limit` under 4.
    """
    if limit < LONGEST_CHARACTER:
        raise Invalid(f"limit must be at least {LONGEST_CHARACTER} bytes, one character")
    kind = "r" if raw else "t"
    wanted = Place(0) if after is None else _parse(after, kind, log.end)
    if readable is None or raw:
        # Inside a line's words, from when the agent had a language: the line is given again, as it came.
        return _as_it_came(log, wanted.byte, limit, kind, complete=complete)
    got = rendered(log, wanted, limit, readable, complete=complete)
    offset = f".{got.place.offset}" if got.place.offset else ""
    return Excerpt(got.text, f"{kind}{got.place.byte}{offset}", got.truncated)


def _parse(cursor: str, kind: str, end: int) -> Place:
    parsed = _CURSOR.fullmatch(cursor)
    if parsed is None:
        raise Invalid(f"{cursor[:40]!a} is no cursor: give back one that came with output, as it was")
    if cursor[0] != kind:
        raise Invalid("a cursor of raw output is not one of text, nor the other way round")
    if int(parsed[3]) > end:
        raise Invalid("the cursor is past the end of the output: is it another session's?")
    return Place(int(parsed[3]), int(parsed[4] or 0))


def _as_it_came(log: OutputLog, wanted: int, limit: int, kind: str, *, complete: bool) -> Excerpt:
    chunk = log.read(wanted, limit)
    truncated = chunk.start > wanted
    if truncated and (rest := rest_of_a_character(chunk.data)):
        chunk = log.read(chunk.start + rest, limit)
    text, used = decoded(chunk.data, limit, final=complete and chunk.end == log.end)
    return Excerpt(text, f"{kind}{chunk.start + used}", truncated)
