"""What an agent says, cut to what may be kept of it: whoever wrote its dialogue, and whatever it says.

Observations go into events, records and logs, and are stored with every step of a session.
"""

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from .observations import Asked, Observation, Said, Spent, Unknown
from .records import Tokens

_LONGEST = 500
"""Characters of one thing that an agent says of itself."""
_LONGEST_NAME = 1000
"""Characters of what names something: a longer one names nothing, since a part of it would not either."""
_LONGEST_INPUT = 1 << 16
"""Characters of what it says of a permission that it asks for."""
_MOST = 10**12
_MOST_DOLLARS = Decimal(1_000_000)
"""At once; more than that nobody uses, and nothing may overflow."""
_NOT_PLAIN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def bounded(seen: Observation) -> Observation:
    """Return an observation that may be stored: its words on one line and not too long, its numbers sane.

    A permission by a name that is too long is `Unknown`: nobody could answer it.
    """
    if isinstance(seen, Said):  # which is not kept
        return seen
    if isinstance(seen, Asked) and len(seen.ask) > _LONGEST_NAME:
        return Unknown()
    if isinstance(seen, Spent):
        seen = replace(seen, tokens=_tokens(seen.tokens), cost=_cost(seen.cost))
    old = {field.name: getattr(seen, field.name) for field in fields(seen)}
    new = {name: _kept(name, value) for name, value in old.items()}
    return seen if new == old else replace(seen, **new)


def _kept(name: str, value: Any) -> Any:
    if type(value) is str:
        return _KEPT.get(name, _plain)(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return None
    return None if type(value) is int and abs(value) > _MOST else value


def _plain(words: str) -> str:
    return _NOT_PLAIN.sub(" ", words[:_LONGEST])


def _conversation(name: str) -> str | None:
    return None if len(name) > _LONGEST_NAME or _NOT_PLAIN.search(name) else name


def _input(text: str) -> str:
    if len(text) <= _LONGEST_INPUT:
        return text
    return json.dumps({"too long to be shown, in characters": len(text), "beginning": text[:1000]})


_KEPT: dict[str, Callable[[str], Any]] = {"conversation": _conversation, "ask": str, "input": _input}


def _tokens(tokens: Tokens) -> Tokens:
    return Tokens(*(min(max(0, getattr(tokens, field.name)), _MOST) for field in fields(Tokens)))


def _cost(cost: Decimal | None) -> Decimal | None:
    return cost if cost is not None and cost.is_finite() and 0 <= cost <= _MOST_DOLLARS else None
