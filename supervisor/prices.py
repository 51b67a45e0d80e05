"""What tokens cost, where the agent does not say it: the operator's prices, else those of `prices.toml`."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType

from .config import Price
from .dollars import EXACT, rounded
from .records import Tokens

_MILLION = Decimal(1_000_000)
_LONGEST_NAME = 200
_VARIANT = re.compile(r"\[[^\[\]]*\]$")
"""`[1m]`, by which claude is asked for a longer context."""

_CLOUD = re.compile(r"(?:[a-z]{2,6}\.)?(?:anthropic|openai|google)\.")
"""How Amazon Bedrock begins its names: `us.anthropic.claude-...`."""

_RELEASE = re.compile(r"(?:-v\d+(?::\d+)?)?$")
_DATE = re.compile(r"[-@](?:20\d\d-?[01]\d-?[0-3]\d|latest)$")


class Prices:
    """The prices of all models that are known. `overrides` are the configuration's, and come first."""

    def __init__(self, overrides: Mapping[str, Price] | None = None) -> None:
        self._prices = {**built_in(), **(overrides or {})}

    def cost(self, model: str | None, tokens: Tokens) -> Decimal | None:
        """Return what these tokens cost in dollars, to a billionth; None for a model that nobody knows.

        A model goes by its whole name, else by that without its provider (`openai/...`), its variant
        (`[1m]`) and its date, else by the longest known name that it begins with.
        """
        price = self._price(model[:_LONGEST_NAME]) if model else None
        if price is None:
            return None
        read = price.input if price.cache_read is None else price.cache_read
        write = price.input if price.cache_write is None else price.cache_write
        kinds = (
            (tokens.input, price.input),
            (tokens.cache_read, read),
            (tokens.cache_write, write),
            (tokens.output + tokens.reasoning, price.output),
        )
        total = Decimal(0)
        for number, each in kinds:
            total = EXACT.fma(Decimal(number), each, total)
        return rounded(EXACT.divide(total, _MILLION))

    def _price(self, model: str) -> Price | None:
        names = list(_names(model))
        exact = (self._prices[name] for name in names if name in self._prices)
        begun = (self._prices[known] for name in names if (known := self._beginning(name)))
        return next(exact, None) or next(begun, None)

    def _beginning(self, name: str) -> str | None:
        """Return the longest known name that a name goes on from, at a border between its words."""
        borders = (end for end in range(len(name) - 1, 0, -1) if name[end] in "-.:@[")
        return next((name[:end] for end in borders if name[:end] in self._prices), None)


@cache
def built_in() -> Mapping[str, Price]:
    """Return the prices that come with this version, by model."""
    text = Path(__file__).with_name("prices.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text, parse_float=Decimal)
    return MappingProxyType(
        {
            model: Price(**{kind: Decimal(amount) for kind, amount in table.items()})
            for model, table in tables.items()
        }
    )


def _names(model: str) -> Iterator[str]:
    """Yield the names to look for, from the whole one to the barest. Each has its fellow without dots:
    routers write `claude-opus-4.5` for `claude-opus-4-5`."""
    name = model.strip()
    yield name
    name = _VARIANT.sub("", name.lower())
    yield name
    while "/" in name:
        name = name.partition("/")[2]
        yield name
    name = _CLOUD.sub("", name, count=1) if _CLOUD.match(name) else name
    for bare in (name, _RELEASE.sub("", name), _DATE.sub("", _RELEASE.sub("", name))):
        yield bare
        yield bare.replace(".", "-")
