from decimal import Decimal
from typing import Any

import pytest

from ennio.supervisor.agents.dialogues.acp_usage import Meter, counted
from ennio.supervisor.observations import Spent
from ennio.supervisor.records import Tokens


def cost(amount: object, currency: str = "USD") -> dict[str, Any]:
    return {"sessionUpdate": "usage_update", "cost": {"amount": amount, "currency": currency}}


def turn(**usage: int) -> dict[str, Any]:
    return {"stopReason": "end_turn", "usage": usage}


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        # opencode 1.18.33 and claude-agent-acp 0.101.0: the cached ones are apart.
        (
            {"inputTokens": 1571, "outputTokens": 18, "totalTokens": 7872, "cachedReadTokens": 6283},
            Tokens(input=1571, cache_read=6283, output=18),
        ),
        # qwen 0.15.10: they are part of the input.
        (
            {"inputTokens": 19686, "outputTokens": 26, "totalTokens": 19712, "cachedReadTokens": 15748},
            Tokens(input=3938, cache_read=15748, output=26),
        ),
        # gemini 0.61.0 tells nothing of a cache.
        ({"input_tokens": 37587, "output_tokens": 88}, Tokens(input=37587, output=88)),
        # Thoughts, part of the output and apart from it.
        (
            {"inputTokens": 10, "outputTokens": 8, "thoughtTokens": 5, "totalTokens": 18},
            Tokens(input=10, output=3, reasoning=5),
        ),
        (
            {"inputTokens": 10, "outputTokens": 8, "thoughtTokens": 5, "totalTokens": 23},
            Tokens(input=10, output=8, reasoning=5),
        ),
        # Both kinds, each way.
        (
            {
                "inputTokens": 10,
                "outputTokens": 8,
                "thoughtTokens": 5,
                "cachedReadTokens": 4,
                "totalTokens": 18,
            },
            Tokens(input=6, cache_read=4, output=3, reasoning=5),
        ),
        (
            {
                "inputTokens": 10,
                "outputTokens": 8,
                "thoughtTokens": 5,
                "cachedWriteTokens": 4,
                "totalTokens": 27,
            },
            Tokens(input=10, cache_write=4, output=8, reasoning=5),
        ),
        # A total that fits nothing, and what is no number.
        (
            {"inputTokens": 10, "outputTokens": 8, "cachedReadTokens": 4, "totalTokens": 1},
            Tokens(input=10, cache_read=4, output=8),
        ),
        ({"inputTokens": -1, "outputTokens": "8", "cachedReadTokens": True, "totalTokens": None}, Tokens()),
    ],
)
def test_each_token_is_counted_once(usage: dict[str, Any], tokens: Tokens) -> None:
    assert counted(usage) == tokens


def test_a_cost_that_grows_is_told_in_increments_to_the_last_digit() -> None:
    meter = Meter(resumed=False)
    seen = [spent for amount in (0.1, 0.3, 0.3, 0.30000000000000004) for spent in meter.cost(cost(amount))]
    assert [spent.cost for spent in seen] == [Decimal("0.1"), Decimal("0.2"), Decimal("0.00000000000000004")]


def test_tokens_whose_cost_was_told_already_cost_nothing_more() -> None:
    meter = Meter(resumed=False)
    meter.cost(cost(0.5))
    assert meter.turn(turn(inputTokens=3)) == [Spent(Tokens(input=3), Decimal(0))]


def test_a_price_that_is_always_nothing_is_none() -> None:
    meter = Meter(resumed=False)
    assert meter.cost(cost(0)) == []
    assert meter.turn(turn(inputTokens=3)) == [Spent(Tokens(input=3), None)]


def test_what_an_earlier_run_has_cost_is_not_counted_again() -> None:
    meter = Meter(resumed=True)
    meter.began()
    assert meter.cost(cost(0.5)) == []
    assert meter.turn(turn(inputTokens=3)) == [Spent(Tokens(input=3), None)]
    meter.began()
    assert meter.cost(cost(0.75)) == [Spent(Tokens(), Decimal("0.25"))]
    assert meter.turn(turn(inputTokens=3)) == [Spent(Tokens(input=3), Decimal(0))]


def test_a_cost_that_is_told_before_the_first_turn_of_a_run_leaves_none_unknown() -> None:
    meter = Meter(resumed=True)
    assert meter.cost(cost(0.5)) == []
    meter.began()
    assert meter.cost(cost(0.75)) == [Spent(Tokens(), Decimal("0.25"))]
    assert meter.turn(turn(inputTokens=3)) == [Spent(Tokens(input=3), Decimal(0))]


def test_a_cost_that_shrinks_takes_nothing_back() -> None:
    meter = Meter(resumed=False)
    meter.cost(cost(0.5))
    assert meter.cost(cost(0.25)) == []
    assert meter.cost(cost(0.5)) == [Spent(Tokens(), Decimal("0.25"))]


@pytest.mark.parametrize(
    "update", [cost(1, "EUR"), cost("1"), cost(-1), cost(True), {"cost": 1}, {"cost": None}, {}]
)
def test_what_is_no_cost_in_dollars_is_left_out(update: dict[str, Any]) -> None:
    meter = Meter(resumed=False)
    assert meter.cost(update) == []
    assert meter.turn(turn(inputTokens=3)) == [Spent(Tokens(input=3), None)]


def test_what_was_told_of_each_request_is_not_told_again_with_the_turn() -> None:
    meter = Meter(resumed=False)
    step = {"_meta": {"usage": {"inputTokens": 5, "outputTokens": 1, "totalTokens": 6}}}
    assert meter.step(step) == [Spent(Tokens(input=5, output=1))]
    assert meter.step({}) == []
    assert meter.turn(turn(inputTokens=5)) == []
    assert meter.turn(turn(inputTokens=5)) == [Spent(Tokens(input=5))]


def test_a_turn_is_told_by_model_where_the_agent_does_so() -> None:
    used = [
        {"model": "large", "token_count": {"input_tokens": 5, "output_tokens": 1}},
        {"model": "small", "token_count": {"input_tokens": 2, "output_tokens": 0}},
    ]
    result = {"usage": {"inputTokens": 5}, "_meta": {"quota": {"token_count": {}, "model_usage": used}}}
    large, small = Spent(Tokens(input=5, output=1), None, "large"), Spent(Tokens(input=2), None, "small")
    assert Meter(resumed=False).turn(result) == [large, small]


def test_a_turn_that_used_nothing_says_nothing() -> None:
    meter = Meter(resumed=False)
    assert meter.turn(turn(inputTokens=0, outputTokens=0, totalTokens=0)) == []
    assert meter.turn({}) == []


@pytest.mark.parametrize("words", ["", "x", "NaN", "Infinity", "1e999999999", 5, None, [], "-1"])
def test_a_cost_that_nobody_can_have_remembered_is_none(words: object) -> None:
    meter = Meter(resumed=False)
    meter.recall({"cost": words, "stepped": "yes"})
    assert meter.cost(cost(0.5))[0].cost == Decimal("0.5")
