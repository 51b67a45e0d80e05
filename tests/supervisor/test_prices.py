"""What tokens cost: whose price a model has, and that no digit is lost."""

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ennio.supervisor.config import Price
from ennio.supervisor.prices import Prices, built_in
from ennio.supervisor.records import Tokens

MILLION = 1_000_000

OWN = Price(Decimal("0.1"), Decimal("0.7"), Decimal("0.01"), Decimal("0.2"))
COUNTS = st.integers(0, 2**63)
TOKENS = st.builds(Tokens, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)


def each(model: str | None, prices: Prices | None = None) -> tuple[Decimal | None, ...]:
    """What a million tokens of each kind cost."""
    kinds = ("input", "cache_read", "cache_write", "output", "reasoning")
    return tuple((prices or Prices()).cost(model, Tokens(**{kind: MILLION})) for kind in kinds)


def decimals(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def test_each_kind_of_token_has_its_price_and_reasoning_is_output() -> None:
    assert each("claude-opus-4-5") == decimals("5", "0.5", "6.25", "25", "25")


def test_what_a_price_does_not_say_of_the_cache_costs_like_input() -> None:
    prices = Prices({"mine": Price(Decimal(3), Decimal(9))})
    assert each("mine", prices) == decimals("3", "3", "3", "9", "9")


def test_no_fraction_of_two_gets_in() -> None:
    assert Prices({"m": OWN}).cost("m", Tokens(input=3, output=1)) == Decimal("0.000001000")
    assert Prices({"m": OWN}).cost("m", Tokens(1, 10, 100, 1000)) == Decimal("0.000720200")


def test_a_cost_is_rounded_to_a_billionth_of_a_dollar() -> None:
    prices = Prices({"m": Price(Decimal("0.0004"), Decimal("0.0006"))})
    assert prices.cost("m", Tokens(input=1)) == Decimal(0)
    assert str(prices.cost("m", Tokens(output=1))) == "1E-9"
    assert Prices().cost("gpt-5", Tokens()) == Decimal(0)


@pytest.mark.parametrize(
    "model", [None, "", " ", "/", "gpt", "no-such-model", "fake/fake-model", "claude", "[1m]"]
)
def test_what_an_unknown_model_costs_is_not_known(model: str | None) -> None:
    assert each(model) == (None,) * 5


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-6[1m]", "claude-sonnet-4-6"),
        ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5"),
        ("anthropic/claude-opus-5-5", "claude-opus-5-5"),
        ("openrouter/anthropic/claude-haiku-4.5", "claude-haiku-4-5"),
        ("us.anthropic.claude-sonnet-5-5-20260910-v1:0", "claude-sonnet-5-5"),
        ("anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1"),
        ("claude-opus-7-1", "claude-opus"),
        ("openai/gpt-5.1", "gpt-5.1"),
        ("GPT-5.1", "gpt-5.1"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini"),
        ("gpt-5-codex", "gpt-5"),
        ("gpt-5.4-pro", "gpt-5.4-pro"),
        ("gpt-5.1-codex-mini", "gpt-5.1-codex-mini"),
        ("gpt-5.1-codex-max", "gpt-5.1"),
        ("gemini-3.1-pro-preview", "gemini-3.1-pro"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gemini-2.5-flash-lite-preview-09-2025", "gemini-2.5-flash-lite"),
    ],
)
def test_a_model_goes_by_its_barest_known_name(model: str, known: str) -> None:
    assert known in built_in()
    assert Prices()._price(model) is built_in()[known]


@pytest.mark.parametrize("model", ["gpt-50", "gpt-5x", "o30", "gpt-4ox", "gpt-4", "claude-opusx"])
def test_a_name_begins_another_one_only_at_a_border_of_words(model: str) -> None:
    assert each(model) == (None,) * 5


def test_the_operator_s_prices_come_first() -> None:
    prices = Prices({"claude-opus-4-5": OWN, "gpt-5-turbo": OWN, "router/gpt-5": OWN})
    assert prices._price("claude-opus-4-5") is OWN
    assert prices._price("anthropic/claude-opus-4-5-20251101") is OWN
    assert prices._price("gpt-5-turbo-2027-01-01") is OWN
    assert prices._price("router/gpt-5") is OWN
    assert prices._price("gpt-5") is built_in()["gpt-5"]
    assert prices._price("openai/gpt-5") is built_in()["gpt-5"]


def test_a_whole_name_comes_before_a_bare_one_and_a_bare_one_before_the_beginning_of_one() -> None:
    exact, bare, begun = (Price(Decimal(n), Decimal(n)) for n in (1, 2, 3))
    prices = Prices({"lab/coder-2027-01-01": exact, "coder": bare, "lab/cod": begun, "lab/coder-2027": begun})
    assert prices._price("lab/coder-2027-01-01") is exact
    assert prices._price("lab/coder-2027-02-02") is bare
    assert prices._price("lab/coder-2027-x") is begun


def test_every_built_in_price_is_plausible() -> None:
    for model, price in built_in().items():
        assert 0 < price.input < price.output <= 200, model
        assert price.cache_read is None or 0 < price.cache_read < price.input, model
        assert price.cache_write is None or price.input < price.cache_write < price.output, model
        assert model == model.strip().lower(), model


def test_the_models_of_the_three_big_makers_are_known() -> None:
    assert {name.split("-")[0] for name in built_in()} >= {"claude", "gpt", "gemini"}


@settings(deadline=None)
@given(TOKENS)
def test_a_cost_is_exact_however_many_tokens_there_are(tokens: Tokens) -> None:
    cost = Prices({"m": OWN}).cost("m", tokens)
    billionths = 100 * tokens.input + 10 * tokens.cache_read + 200 * tokens.cache_write
    billionths += 700 * (tokens.output + tokens.reasoning)
    assert str(cost) == str(Decimal(billionths).scaleb(-9))


@settings(deadline=None)
@given(st.text(max_size=300) | st.text("gpt-5.[]/@:v0 ", max_size=400))
def test_any_name_has_a_price_or_none(model: str) -> None:
    cost = Prices().cost(model, Tokens(input=1))
    assert cost is None or cost >= 0


def test_every_kind_of_token_that_there_is_costs_something() -> None:
    for kind in fields(Tokens):
        cost = Prices().cost("claude-opus-5", Tokens(**{kind.name: MILLION}))
        assert cost is not None
        assert cost > 0, kind.name
