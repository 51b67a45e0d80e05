"""One line of JSON from a program that nobody vouches for, and one to it; nothing here raises."""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LONGEST = 32 * 1024 * 1024
"""Bytes of a line that is still read; pictures come inside of lines."""

DEEPEST = 100
"""Lists and objects inside each other in a line that is still read."""

_MOST = 2**53 - 1
_RICHEST = Decimal(10**9)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line is, None where it is none: other JSON, no JSON, too long, too deep.

    Bytes that are not UTF-8 become U+FFFD. Numbers that are not finite make a line no JSON.
    """
    if len(line) > LONGEST:
        return None
    try:
        message = json.loads(line.decode(errors="replace"), parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and _shallow(message) else None


def written(message: Mapping[str, Any]) -> bytes:
    """Return a message as one line of ASCII: whatever its texts hold, no byte of it can be taken amiss."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def text(value: object) -> str | None:
    """Return a string, with U+FFFD for what no database and no UTF-8 holds: NUL and lone surrogates."""
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else None


def one_line(value: object, most: int = 200) -> str | None:
    """Return a string without blanks around it, on one line, of at most so many characters."""
    if not isinstance(value, str):
        return None
    # Cut first: what is handed on is short, however long the agent's text is.
    line = _BLANKS.sub(" ", text(value[: 4 * most]) or "").strip()
    return line if len(line) <= most and len(value) <= 4 * most else f"{line[: most - 1]}…"


def whole(value: object) -> int | None:
    """Return a whole number from 0 to the largest that JSON carries for certain (RFC 8259, section 6)."""
    return value if type(value) is int and 0 <= value <= _MOST else None


def seconds(milliseconds: object) -> float | None:
    """Return how many seconds a number of milliseconds is; negative ones are none."""
    if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool):
        return milliseconds / 1000 if 0 <= milliseconds <= _MOST else None
    return None


def dollars(value: object) -> Decimal | None:
    """Return an amount as it was written, to the last digit; None for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _RICHEST:
        return None
    return Decimal(repr(value))


def mapping(value: object) -> dict[str, Any]:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _finite(number: str) -> float:
    value = float(number)
    if math.isfinite(value):
        return value
    raise ValueError(f"{number} is not a finite number")


def _shallow(message: object) -> bool:
    level = [message]
    for _ in range(DEEPEST):
        deeper: list[object] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return True
        level = deeper
    return False
