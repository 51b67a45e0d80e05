"""What Codex uses, and when it may use no more."""

import pytest
from app_server_lines import THREAD, note, over, running, used

from ennio.supervisor.observations import Outcome, Spent, TurnEnded, UsageLimited
from ennio.supervisor.records import Tokens


def spent(seen: object) -> list[Tokens]:
    assert isinstance(seen, list | tuple)
    return [one.tokens for one in seen if isinstance(one, Spent)]


def test_tokens_are_counted_once_each_and_only_what_is_new() -> None:
    dialogue = running()
    first = {
        "inputTokens": 100,
        "cachedInputTokens": 60,
        "cacheWriteInputTokens": 10,
        "outputTokens": 9,
        "reasoningOutputTokens": 4,
    }
    line = note("thread/tokenUsage/updated", turnId="t1", tokenUsage={"total": first, "last": first})
    assert list(dialogue.receive(line)) == [Spent(Tokens(30, 60, 10, 5, 4), None, "gpt")]
    assert not dialogue.receive(line), "codex tells it again when a turn is steered"


def test_what_a_resumed_thread_used_before_is_not_counted_again() -> None:
    dialogue = running(conversation=THREAD)
    assert not spent(dialogue.receive(used(1000, last=400, turnId="t0")))
    assert spent(dialogue.receive(used(1100, last=100))) == [Tokens(input=100)]


def test_a_resumed_thread_that_tells_no_old_total_has_used_its_last_step() -> None:
    dialogue = running(conversation=THREAD)
    assert spent(dialogue.receive(used(1100, last=100))) == [Tokens(input=100)]


def test_a_total_that_goes_back_is_where_counting_goes_on() -> None:
    dialogue = running()
    dialogue.receive(used(1000, 0, 10))
    assert spent(dialogue.receive(used(400, 0, 12))) == [Tokens(output=2)]
    assert spent(dialogue.receive(used(450, 0, 12))) == [Tokens(input=50)]


def test_what_is_rerouted_is_another_models_for_that_turn() -> None:
    dialogue = running()
    dialogue.receive(note("model/rerouted", toModel="other"))
    assert list(dialogue.receive(used(10))) == [Spent(Tokens(input=10), None, "other")]
    dialogue.receive(over())
    assert list(dialogue.receive(used(20))) == [Spent(Tokens(input=10), None, "gpt")]


@pytest.mark.parametrize(
    ("windows", "until"),
    [
        ({"primary": {"usedPercent": 100, "resetsAt": 1795600000}}, "2026-11-25T09:46:40+00:00"),
        ({"primary": {"usedPercent": 99, "resetsAt": 1795600000}}, None),
        ({"secondary": {"usedPercent": 100, "resetsAt": 10**15}}, None),
        ({"primary": None, "secondary": None}, None),
    ],
)
def test_a_limit_lasts_until_its_used_up_window_ends(windows: dict[str, object], until: str | None) -> None:
    dialogue = running()
    dialogue.receive(note("account/rateLimits/updated", rateLimits=windows))
    error = {"message": "enough", "codexErrorInfo": "usageLimitExceeded"}
    limited, ended = dialogue.receive(
        note("turn/completed", turn={"id": "t1", "status": "failed", "error": error})
    )
    assert isinstance(limited, UsageLimited)
    assert (limited.until and limited.until.isoformat()) == until
    assert ended == TurnEnded(Outcome.FAILED, "enough")
