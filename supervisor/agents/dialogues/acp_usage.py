"""What an agent of the Agent Client Protocol says it used: increments of tokens, each counted once."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ...observations import Spent
from ...records import Tokens
from .json_lines import dollars, mapping, objects, one_line, text, whole

_INPUT = ("inputTokens", "input_tokens")
_OUTPUT = ("outputTokens", "output_tokens")
_READ = ("cachedReadTokens", "cachedInputTokens")
_WRITE = ("cachedWriteTokens",)
_THOUGHT = ("thoughtTokens", "reasoningOutputTokens")
_RICHEST = Decimal(10**9)
"""Dollars that no conversation has cost."""


def counted(usage: Mapping[str, Any]) -> Tokens:
    """Return the tokens of one report; what it does not tell is 0.

    Whether the cached tokens are part of `inputTokens`, and the thoughts part of `outputTokens`, differs from
    agent to agent, and `totalTokens` gives it away: they are apart where the total holds them too, as seen
    with opencode 1.18.33 (1571 + 18 + 6283 cached = 7872) and claude-agent-acp 0.101.0, and within where it
    does not, as seen with qwen 0.15.10 (19686 + 26 = 19712, of which 15748 cached). Where the total does not
    help they are taken to be apart: the protocol calls it the sum of all types.
    """
    given, output = _first(usage, _INPUT), _first(usage, _OUTPUT)
    read, write, thought = _first(usage, _READ), _first(usage, _WRITE), _first(usage, _THOUGHT)
    beyond = (whole(usage.get("totalTokens")) or 0) - given - output
    if beyond in {0, thought}:
        given = max(given - read - write, 0)
    if beyond in {0, read + write}:
        output = max(output - thought, 0)
    return Tokens(input=given, cache_read=read, cache_write=write, output=output, reasoning=thought)


class Meter:
    """The increments of one conversation.

    Three ways of telling were seen, and an agent that uses two of them at a time tells the same tokens twice:

    - in the answer to a prompt, for that turn: `usage`, or by model `_meta.quota` (gemini 0.61.0, which tells
      nothing of its cache; claude-agent-acp, where only the latter holds the small models that help it).
      What opencode 1.18.33 says there is its last request alone: of the tokens of a turn with tools the
      earlier ones are never told, its cost holds them all;
    - with each request to the model, as `_meta.usage` of a chunk without text (qwen 0.15.10);
    - as `usage_update.cost`, which grows over the whole conversation, from one run to the next too. Told at
      the beginning of a run that goes on with one (`resumed`), it is only where the counting begins. opencode
      1.18.33 does not tell it then: the cost of the first turn after that is not known.
    """

    def __init__(self, *, resumed: bool) -> None:
        self._resumed = resumed
        self._cost: Decimal | None = None
        self._stepped = self._unpriced = False

    def step(self, update: Mapping[str, Any]) -> list[Spent]:
        """Take the usage of a single request, which is told with a piece of text."""
        usage = mapping(mapping(update.get("_meta")).get("usage"))
        if not usage:
            return []
        self._stepped = True
        return self._spent(counted(usage), None)

    def cost(self, update: Mapping[str, Any]) -> list[Spent]:
        """Take a `usage_update`. An amount that shrinks is gone on from: nothing is taken back."""
        told = mapping(update.get("cost"))
        amount = dollars(told.get("amount"))
        if amount is None or told.get("currency", "USD") != "USD":
            return []
        before, self._cost = self._cost, amount
        if before is None and self._resumed:
            self._unpriced = True
            return []
        more = amount - (before or 0)
        return [Spent(Tokens(), more)] if more > 0 else []

    def turn(self, result: Mapping[str, Any]) -> list[Spent]:
        """Take the answer to a prompt, which ends the turn."""
        stepped, self._stepped = self._stepped, False
        spent = [] if stepped else self._turn(result)
        self._unpriced = False
        return spent

    def began(self) -> None:
        """A turn begins: whatever was told before it is no part of it."""
        self._unpriced = False

    def memory(self) -> dict[str, str | bool | None]:
        """Return what has been counted so far."""
        cost = None if self._cost is None else str(self._cost)
        return {"cost": cost, "stepped": self._stepped, "unpriced": self._unpriced}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from what was counted."""
        self._stepped, self._unpriced = memory.get("stepped") is True, memory.get("unpriced") is True
        try:
            amount = Decimal(text(memory.get("cost")) or "NaN")
        except InvalidOperation:
            return
        self._cost = amount if amount.is_finite() and 0 <= amount < _RICHEST else None

    def _turn(self, result: Mapping[str, Any]) -> list[Spent]:
        quota = mapping(mapping(result.get("_meta")).get("quota"))
        by_model = [
            (counted(mapping(used.get("token_count"))), one_line(used.get("model")))
            for used in objects(quota.get("model_usage"))
        ]
        whole_turn = mapping(result.get("usage")) or mapping(quota.get("token_count"))
        reports = by_model or [(counted(whole_turn), None)]
        return [spent for tokens, model in reports for spent in self._spent(tokens, model)]

    def _spent(self, tokens: Tokens, model: str | None) -> list[Spent]:
        # The cost of these tokens was told already where the agent tells costs: it is part of no other.
        # An amount that stays at 0 is no price: opencode tells it of models whose prices it does not know.
        cost = Decimal(0) if self._cost and not self._unpriced else None
        return [Spent(tokens, cost, model)] if tokens != Tokens() else []


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> int:
    return next((found for name in names if (found := whole(usage.get(name))) is not None), 0)
