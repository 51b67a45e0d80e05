"""Fields of JSON from a host, each of the kind that is promised; what is not is told once, in our words."""

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from ..errors import ForgeFailed
from .words import one_line

Kind = TypeVar("Kind")


@contextmanager
def understood(name: str, what: str) -> Iterator[None]:
    """Raise `ForgeFailed` for an answer of `name`, about `what`, that has another shape than promised."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        why = one_line(f"{type(error).__name__}: {error}")
        raise ForgeFailed(f"{name} answered what cannot be understood about {what}: {why}") from error


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object. Raises `TypeError` for anything else."""
    return _kind(value, dict, "what should be an object")


def text(of: Mapping[str, Any], key: str) -> str:
    """Return a text. Raises `KeyError` where it is missing, `TypeError` where it is none."""
    return _kind(of[key], str, key)


def words(of: Mapping[str, Any], key: str) -> str:
    """Return a text that may be missing or null, and is empty then."""
    value = of.get(key)
    return "" if value is None else _kind(value, str, key)


def number(of: Mapping[str, Any], key: str) -> int:
    """Return a whole number."""
    return _kind(of[key], int, key)


def identity(of: Mapping[str, Any]) -> int:
    """Return the number by which a host knows something; where it gives none, one of what it says."""
    given = of.get("id")
    if given is None:
        return zlib.crc32(json.dumps(of, sort_keys=True).encode())
    return _kind(given, int, "id")


def part(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return an object that may be missing or null, and is empty then."""
    value = of.get(key)
    return {} if value is None else _kind(value, dict, key)


def moment(of: Mapping[str, Any], key: str) -> datetime | None:
    """Return a time that may be missing or null; one without a zone is of UTC."""
    value = words(of, key)
    if not value:
        return None
    at = datetime.fromisoformat(value)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _kind(value: Any, kind: type[Kind], name: str) -> Kind:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise TypeError(f"`{name}` is {type(value).__name__}, not {kind.__name__}")
    return value
