"""On recordings of aider 0.86.2: what it printed by itself, and whole conversations with it turn by turn."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from golden import FOLDER, check, observed

from ennio.supervisor.agents.dialogues.aider_log import AiderLog
from ennio.supervisor.agents.dialogues.one_shot import OneShot
from ennio.supervisor.observations import Observation, Outcome, Retrying, Spent, TurnEnded
from ennio.supervisor.records import Tokens

CONVERSATIONS = sorted((FOLDER / "aider").glob("turns-*.jsonl"))
SENDING = {"event": "message_send_starting", "properties": {}}


def printed(name: str) -> list[str]:
    return (FOLDER / "aider" / name).read_text().splitlines()


def read(log: AiderLog, lines: Iterable[str]) -> list[Observation]:
    return [one for line in lines for one in log.out(line)]


@pytest.mark.parametrize("recording", CONVERSATIONS, ids=lambda path: path.stem)
def test_a_conversation_is_observed_as_it_was(recording: Path) -> None:
    dialogue = OneShot(AiderLog("openai/fake-model"), conversation="aider-history.md")
    check(recording, observed(dialogue, recording.read_bytes().splitlines()))


@pytest.mark.parametrize("recording", CONVERSATIONS, ids=lambda path: path.stem)
def test_a_restart_of_the_server_at_any_line_changes_nothing(recording: Path) -> None:
    def remembering() -> Iterable[str]:
        dialogue = OneShot(AiderLog("openai/fake-model"), conversation="aider-history.md")
        for number, line in enumerate(recording.read_bytes().splitlines(), 1):
            yield from (f"{number}: {one!r}" for one in dialogue.receive(line))
            memory = json.loads(json.dumps(dialogue.memory()))
            dialogue = OneShot(AiderLog("openai/fake-model"), conversation="aider-history.md")
            dialogue.recall(memory)

    assert "".join(f"{line}\n" for line in remembering()) == recording.with_suffix(".observed").read_text()


@pytest.mark.parametrize(
    ("name", "delays", "words"),
    [
        (
            "aider-fault-e401.jsonl",
            [],
            "litellm.AuthenticationError: AuthenticationError: OpenAIException - scripted error 401",
        ),
        (
            "aider-fault-e429.jsonl",
            [0.2, 0.5, 1.0, 2.0, 4.0],
            "litellm.RateLimitError: RateLimitError: OpenAIException - scripted error 429",
        ),
        (
            "aider-fault-e500.jsonl",
            [0.2, 0.5, 1.0, 2.0, 4.0, 8.0],
            "litellm.InternalServerError: InternalServerError: OpenAIException - scripted error 500",
        ),
        (
            "aider-fault-cut.jsonl",
            [0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0],
            "litellm.APIConnectionError: APIConnectionError: OpenAIException - peer closed connection without"
            " sending complete message body (incomplete chunked read)",
        ),
    ],
)
def test_a_model_that_fails_is_seen_in_the_words(name: str, delays: list[float], words: str) -> None:
    log = AiderLog()
    log.log(SENDING)
    retries = [Retrying(number, delay=delay, words=words) for number, delay in enumerate(delays, 1)]
    assert read(log, printed(name)) == retries
    assert log.failure() == words
    assert log.failure() is None


@pytest.mark.parametrize("name", ["aider-fault-e429x2.jsonl", "aider-oneshot.txt", "aider-cost.txt"])
def test_a_request_that_was_answered_is_no_failure(name: str) -> None:
    log = AiderLog()
    assert read(log, printed(name)) == []
    for line in printed("aider-analytics.jsonl"):
        log.log(json.loads(line))
    assert log.failure() is None


def test_the_log_says_what_was_spent_to_the_last_digit() -> None:
    log = AiderLog()
    spent = [one for line in printed("aider-analytics.jsonl") for one in log.log(json.loads(line))]
    assert spent == [Spent(Tokens(input=2344, output=26), Decimal("0.007422"), "openai/fake-model")]


@pytest.mark.parametrize(
    ("told", "named", "model"),
    [
        (None, "gpt-4o", "gpt-4o"),
        (None, "openai/REDACTED", None),
        (None, "None", None),
        ("openai/mine", "openai/REDACTED", "openai/mine"),
    ],
)
def test_a_model_whose_name_is_not_public_is_the_one_that_it_was_told(
    told: str | None, named: str, model: str | None
) -> None:
    sent = {"main_model": named, "prompt_tokens": 7, "completion_tokens": 2, "cost": 0.0}
    seen = AiderLog(told).log({"event": "message_send", "properties": sent})
    assert tuple(seen) == (Spent(Tokens(input=7, output=2), None, model),)


@pytest.mark.parametrize(
    "properties",
    [None, [], {}, {"prompt_tokens": -1}, {"prompt_tokens": True, "cost": "1"}, {"cost": -1}, {"cost": 1e99}],
)
def test_what_is_odd_in_the_log_is_not_counted(properties: object) -> None:
    assert tuple(AiderLog().log({"event": "message_send", "properties": properties})) == ()


def test_a_request_that_broke_without_a_word_has_failed_too() -> None:
    log = AiderLog()
    log.log(SENDING)
    assert log.failure() == "aider got no answer from its model"
    log.log(SENDING)
    log.log({"event": "message_send_exception", "properties": {"exception": "no\nluck"}})
    assert log.failure() == "no luck"


def test_a_process_that_cannot_be_interrupted_out_of_a_failure_is_cancelled_all_the_same() -> None:
    dialogue = OneShot(AiderLog())
    tuple(dialogue.receive(json.dumps({"log": SENDING}).encode()))
    end = json.dumps({"turn": "ended", "code": 0, "cancelled": True}).encode()
    assert tuple(dialogue.receive(end)) == (TurnEnded(Outcome.CANCELLED),)


@pytest.mark.timeout(20)
def test_a_long_line_costs_no_more_than_its_length() -> None:
    log = AiderLog()
    log.log(SENDING)
    for line in (
        "litellm." * 100_000,
        "litellm.A: " * 100_000,
        "x " * 500_000,
        "Retrying in 9" + "9" * 500_000,
    ):
        assert tuple(log.out(line)) == ()
    assert len(log.failure() or "") <= 200
