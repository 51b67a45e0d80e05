"""What claude and qwen say that they have used, as increments: both count up, each in its own way."""

import json
from collections.abc import Mapping
from dataclasses import astuple
from decimal import Decimal
from typing import Any

from ...observations import Spent
from ...records import Tokens
from .json_lines import dollars, mapping, parsed, text, whole

_MODELS = 32
"""So many models of one process are told apart; none uses more."""


class ClaudeMeter:
    """Read each `result` of claude; return what was used since the one before, model by model.

    `modelUsage` and its `costUSD` count from the start of the process, with sub-agents and side calls.
    `result.usage` is that of the turn, and only taken where the former is missing: it leaves out the step in
    which a budget ended the turn, and is zero for an answer that was cut off (seen with claude 2.1.197).
    """

    def __init__(self) -> None:
        self._tokens: dict[str, Tokens] = {}
        self._costs: dict[str, Decimal] = {}

    def step(self, usage: Mapping[str, Any]) -> None:
        """Leave the usage of a single answer alone: the result holds it."""

    def read(self, result: Mapping[str, Any]) -> list[Spent]:
        """Return what the turn has used; nothing where it used nothing."""
        models = list(mapping(result.get("modelUsage")).items())[:_MODELS]
        spent = [self._model(text(name) or "", mapping(usage)) for name, usage in models]
        if not models:
            spent = [self._turn(mapping(result.get("usage")), dollars(result.get("total_cost_usd")))]
        return [each for each in spent if each.cost or each.tokens != Tokens()]

    def _model(self, name: str, usage: Mapping[str, Any]) -> Spent:
        now = _tokens(
            usage,
            input="inputTokens",
            read="cacheReadInputTokens",
            write="cacheCreationInputTokens",
            output="outputTokens",
            thought=usage.get("thinkingTokens"),
        )
        tokens, self._tokens[name] = _since(now, self._tokens.get(name, Tokens())), now
        total = dollars(usage.get("costUSD"))
        cost = None if total is None else _more(total, self._costs.get(name, Decimal()))
        if total is not None:
            self._costs[name] = total
        return Spent(tokens, cost, name or None)

    def _turn(self, usage: Mapping[str, Any], total: Decimal | None) -> Spent:
        thought = mapping(usage.get("output_tokens_details")).get("thinking_tokens")
        tokens = _tokens(
            usage,
            input="input_tokens",
            read="cache_read_input_tokens",
            write="cache_creation_input_tokens",
            output="output_tokens",
            thought=thought,
        )
        cost = None if total is None else _more(total, sum(self._costs.values(), Decimal()))
        if total is not None:
            self._costs = {"": total}
        return Spent(tokens, cost)

    def memory(self) -> str:
        """Return where the counters stand, as JSON."""
        tokens = {name: list(astuple(each)) for name, each in self._tokens.items()}
        return json.dumps([tokens, {name: str(cost) for name, cost in self._costs.items()}])

    def recall(self, memory: object) -> None:
        """Go on from what `memory` returned; leave out what is odd."""
        tokens, costs = _pair(memory)
        self._tokens = {name: _recalled(each) for name, each in tokens.items()}
        self._costs = {n: Decimal(c) for n, c in costs.items() if isinstance(c, str) and _is_amount(c)}


class QwenMeter:
    """Read each `result` of qwen: its `usage` counts up, over resumed processes too, and has no cost.

    A resumed process begins with a total of which a part was used earlier. Its first turn is therefore taken
    from the single answers (seen with qwen 0.15.10, whose side calls are in the total alone).
    """

    def __init__(self, *, resumed: bool) -> None:
        self._total = None if resumed else Tokens()
        self._steps = Tokens()

    def step(self, usage: Mapping[str, Any]) -> None:
        """Take the usage of a single answer."""
        self._steps += _qwen_tokens(usage)

    def read(self, result: Mapping[str, Any]) -> list[Spent]:
        """Return what the turn has used; nothing where it used nothing."""
        now = _qwen_tokens(mapping(result.get("usage")))
        spent = self._steps if self._total is None else _since(now, self._total)
        self._total, self._steps = now, Tokens()
        return [Spent(spent)] if spent != Tokens() else []

    def memory(self) -> str:
        """Return where the counters stand, as JSON."""
        total = None if self._total is None else list(astuple(self._total))
        return json.dumps([{"total": total, "steps": list(astuple(self._steps))}, {}])

    def recall(self, memory: object) -> None:
        """Go on from what `memory` returned; leave out what is odd."""
        kept, _ = _pair(memory)
        if kept.get("total") is not None:
            self._total = _recalled(kept["total"])
        self._steps = _recalled(kept.get("steps"))


def _tokens(
    usage: Mapping[str, Any], *, input: str, read: str, write: str, output: str, thought: object
) -> Tokens:
    said = whole(usage.get(output)) or 0
    reasoning = min(whole(thought) or 0, said)
    return Tokens(
        input=whole(usage.get(input)) or 0,
        cache_read=whole(usage.get(read)) or 0,
        cache_write=whole(usage.get(write)) or 0,
        output=said - reasoning,
        reasoning=reasoning,
    )


def _qwen_tokens(usage: Mapping[str, Any]) -> Tokens:
    # Its input holds what was read from the cache; Anthropic's does not.
    cached = whole(usage.get("cache_read_input_tokens")) or 0
    fresh = max((whole(usage.get("input_tokens")) or 0) - cached, 0)
    return Tokens(input=fresh, cache_read=cached, output=whole(usage.get("output_tokens")) or 0)


def _since(now: Tokens, before: Tokens) -> Tokens:
    more = tuple(new - old for new, old in zip(astuple(now), astuple(before), strict=True))
    # A counter that went back has begun anew.
    return now if min(more) < 0 else Tokens(*more)


def _more(now: Decimal, before: Decimal) -> Decimal:
    return now - before if now >= before else now


def _pair(memory: object) -> tuple[dict[str, Any], dict[str, Any]]:
    kept = parsed(f'{{"kept":{memory}}}'.encode(errors="replace")) or {}
    match kept.get("kept"):
        case [dict() as first, dict() as second]:
            return first, second
    return {}, {}


def _recalled(numbers: object) -> Tokens:
    if isinstance(numbers, list) and len(numbers) == len(astuple(Tokens())):
        return Tokens(*(whole(number) or 0 for number in numbers))
    return Tokens()


def _is_amount(words: str) -> bool:
    try:
        return len(words) < 60 and 0 <= Decimal(words) < Decimal(10**9)
    except ArithmeticError:
        return False
