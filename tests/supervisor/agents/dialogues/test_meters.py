import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ennio.supervisor.agents.dialogues.meters import ClaudeMeter, QwenMeter
from ennio.supervisor.observations import Spent
from ennio.supervisor.records import Tokens

COUNTS = st.lists(st.tuples(st.integers(0, 10**6), st.decimals(0, 9, places=6)), min_size=1, max_size=8)


def claude(**models: tuple[int, float]) -> dict[str, Any]:
    usage = {name: {"inputTokens": tokens, "costUSD": cost} for name, (tokens, cost) in models.items()}
    return {"modelUsage": usage}


def qwen(fresh: int, cached: int, output: int) -> dict[str, Any]:
    tokens = {"input_tokens": fresh + cached, "cache_read_input_tokens": cached, "output_tokens": output}
    return {"usage": tokens}


def test_each_model_counts_for_itself() -> None:
    meter = ClaudeMeter()
    assert meter.read(claude(opus=(10, 0.5))) == [Spent(Tokens(10), Decimal("0.5"), "opus")]
    assert meter.read(claude(opus=(10, 0.5), haiku=(3, 0.1))) == [Spent(Tokens(3), Decimal("0.1"), "haiku")]
    assert meter.read(claude(opus=(12, 0.6), haiku=(3, 0.1))) == [Spent(Tokens(2), Decimal("0.1"), "opus")]


def test_every_kind_of_token_is_counted_once() -> None:
    usage = {
        "inputTokens": 1,
        "cacheReadInputTokens": 2,
        "cacheCreationInputTokens": 3,
        "outputTokens": 10,
        "thinkingTokens": 4,
    }
    (spent,) = ClaudeMeter().read({"modelUsage": {"m": usage}})
    assert spent == Spent(Tokens(1, 2, 3, 6, 4), None, "m")


def test_a_counter_that_went_back_has_begun_anew() -> None:
    meter = ClaudeMeter()
    meter.read(claude(opus=(10, 0.5)))
    assert meter.read(claude(opus=(4, 0.2))) == [Spent(Tokens(4), Decimal("0.2"), "opus")]


def test_without_models_the_turn_and_the_total_count() -> None:
    meter = ClaudeMeter()
    turn = {"usage": {"input_tokens": 5, "output_tokens": 2}, "total_cost_usd": 0.25}
    assert meter.read(turn) == [Spent(Tokens(5, output=2), Decimal("0.25"))]
    assert meter.read({**turn, "total_cost_usd": 0.75}) == [Spent(Tokens(5, output=2), Decimal("0.5"))]
    assert meter.read({"usage": {}, "total_cost_usd": 0.75}) == []


def test_a_total_after_models_is_not_counted_again() -> None:
    meter = ClaudeMeter()
    meter.read(claude(opus=(10, 0.5), haiku=(1, 0.25)))
    assert meter.read({"total_cost_usd": 1}) == [Spent(Tokens(), Decimal("0.25"))]


@settings(deadline=None)
@given(COUNTS)
def test_increments_add_up_to_the_last_count(counts: list[tuple[int, Decimal]]) -> None:
    meter, spent = ClaudeMeter(), []
    counts = sorted((tokens, cost) for tokens, cost in counts)
    costs = sorted(cost for _, cost in counts)
    for (tokens, _), cost in zip(counts, costs, strict=True):
        spent += meter.read(claude(m=(tokens, float(cost))))
        again = ClaudeMeter()
        again.recall(json.loads(json.dumps(meter.memory())))
        meter = again
    assert sum((one.cost or Decimal() for one in spent), Decimal()) == costs[-1]
    assert sum(one.tokens.input for one in spent) == counts[-1][0]


def test_qwen_counts_up_and_its_input_holds_the_cached() -> None:
    meter = QwenMeter(resumed=False)
    meter.step(qwen(1, 1, 1)["usage"])
    assert meter.read(qwen(10, 20, 3)) == [Spent(Tokens(10, 20, output=3))]
    assert meter.read(qwen(11, 25, 4)) == [Spent(Tokens(1, 5, output=1))]
    assert meter.read(qwen(11, 25, 4)) == []


def test_what_a_resumed_qwen_used_earlier_is_not_counted_again() -> None:
    meter = QwenMeter(resumed=True)
    meter.step(qwen(4, 6, 2)["usage"])
    meter.step(qwen(1, 9, 2)["usage"])
    assert meter.read(qwen(1000, 2000, 300)) == [Spent(Tokens(5, 15, output=4))]
    assert meter.read(qwen(1001, 2002, 303)) == [Spent(Tokens(1, 2, output=3))]


def test_qwen_goes_on_after_a_restart_of_the_server() -> None:
    before = QwenMeter(resumed=True)
    before.step(qwen(4, 6, 2)["usage"])
    after = QwenMeter(resumed=True)
    after.recall(before.memory())
    assert after.read(qwen(1000, 2000, 300)) == [Spent(Tokens(4, 6, output=2))]
    once_more = QwenMeter(resumed=True)
    once_more.recall(after.memory())
    assert once_more.read(qwen(1001, 2000, 300)) == [Spent(Tokens(1))]
