"""JSON as RFC 8259 has it and every parser understands it alike; whatever is doubtful is refused."""

import json
from typing import Any, NoReturn

from ennio.supervisor import Invalid

DEEPEST = 32
_LONGEST_NUMBER = 100


def parse(body: bytes) -> dict[str, Any]:
    """Return the object that `body` holds.

    Raises `Invalid` for what is no JSON in UTF-8, for NaN and infinities, keys given twice, numbers of
    over a hundred digits, nesting deeper than 32 levels, and for anything but an object.
    """
    try:
        content = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_fraction,
        )
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not in UTF-8: byte {error.start} makes no sense") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Invalid(f"the body is no JSON: {error.msg} at {place}") from error
    except RecursionError as error:
        raise Invalid(_too_deep()) from error
    if not isinstance(content, dict):
        raise Invalid("the body must be a JSON object: {...}")
    _measure(content)
    return content


def shown(name: str) -> str:
    """Return a name from a body in a way that is safe to repeat: short, and in ASCII."""
    return ascii(name if len(name) <= 80 else f"{name[:80]}...")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"{shown(twice)} is given twice")
    return content


def _no_constant(name: str) -> NoReturn:
    raise Invalid(f"the body is no JSON: {name} is no number there (RFC 8259, 6)")


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise Invalid(f"a number in the body has {len(digits)} digits; {_LONGEST_NUMBER} are the most")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits) if len(digits) <= _LONGEST_NUMBER else float("inf")
    if number in {float("inf"), float("-inf")}:
        raise Invalid("a number in the body is too large")
    return number


def _measure(content: Any) -> None:
    """Raise `Invalid` when something stands too deep; level by level, so that no depth can harm."""
    level = [content]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise Invalid(_too_deep())


def _too_deep() -> str:
    return f"the body is nested deeper than {DEEPEST} levels"
