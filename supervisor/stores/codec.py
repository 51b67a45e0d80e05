"""Events and records as text and back: whatever the dataclasses hold, derived from their types alone.

The text is JSON in ASCII. So it holds what a database's text cannot (NUL) and what UTF-8 cannot (the bytes
of a file name that is no valid text, which Python has as lone surrogates).
"""

import base64
import enum
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ..events import Event
from ..ids import Id

Value = TypeVar("Value")
Reader = Callable[[Any], Any]

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What `read` raises for a text that is nothing of the kind."""

_AS_THEY_ARE = {str, int, float, bool, NoneType, Any}
"""What JSON gives back as it was."""


_BY_HAND: dict[Any, Reader] = {
    datetime: datetime.fromisoformat,
    bytes: base64.b64decode,
    Decimal: Decimal,
}
"""What makes of JSON the values that it has no word for."""


def written(value: Any) -> str:
    """Return the text of a dataclass. Raises `TypeError` for a field that JSON has no word for."""
    return json.dumps(_plain(value), default=_plain, separators=(",", ":"))


def read(kind: type[Value], text: str) -> Value:
    """Return the value of that dataclass which was written as `text`.

    A field that the text lacks has its default, and what the dataclass lacks is left out. Raises one of
    `UNREADABLE` for a text that is nothing of that kind.
    """
    wanted: Any = kind
    value: Value = _reader(wanted)(json.loads(text))
    return value


def event_classes() -> dict[str, type[Event]]:
    """Return every class of events that is loaded, by its name."""
    return {kind.__name__: kind for kind in _below(Event)}


def _below(kind: type[Event]) -> Iterator[type[Event]]:
    for inner in kind.__subclasses__():
        # A slotted dataclass is made twice, and the first one stays a subclass for a while.
        if getattr(sys.modules[inner.__module__], inner.__name__, None) is inner:
            yield inner
            yield from _below(inner)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in the database")


@cache
def _reader(kind: Any) -> Reader:
    """Return what makes a value of this type from JSON."""
    if kind in _AS_THEY_ARE:
        return _same
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    if kind in _BY_HAND:
        return _BY_HAND[kind]
    if isinstance(kind, type) and issubclass(kind, Id | enum.Enum):
        return kind
    return _generic_reader(kind)


def _generic_reader(kind: Any) -> Reader:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        kinds = [each for each in inner if each is not NoneType]
        if all(each in _AS_THEY_ARE for each in kinds):
            return _same
        if len(kinds) == 1:
            some = _reader(kinds[0])
            return lambda value: None if value is None else some(value)
    elif origin is tuple and inner[1:] == (...,):
        item = _reader(inner[0])
        return lambda value: tuple(map(item, value))
    elif origin is dict and inner[0] is str:
        item = _reader(inner[1])
        return lambda value: {name: item(inner) for name, inner in value.items()}
    raise TypeError(f"{kind} has no form in the database")


def _dataclass_reader(kind: type[Any]) -> Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}

    def read_fields(value: dict[str, Any]) -> Any:
        known = value.keys() & readers.keys()
        return kind(**{name: readers[name](value[name]) for name in known})

    return read_fields


def _same(value: Any) -> Any:
    return value
