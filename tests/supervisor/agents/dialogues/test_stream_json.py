import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from golden import check, observed, recordings

from ennio.supervisor.agents.dialogues.stream_json import StreamJson
from ennio.supervisor.observations import (
    Asked,
    AskWithdrawn,
    Observation,
    Outcome,
    Refused,
    Spent,
    TurnEnded,
    TurnStarted,
)
from ennio.supervisor.protocols import Asking, Dialogue, Interruptible, Steerable

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
INIT = {"type": "system", "subtype": "init", "session_id": "s1", "model": "opus"}
CLAUDE, QWEN = recordings("claude"), recordings("qwen-stream-json")


class Allowing(StreamJson):
    """Allows whatever is asked for, as whoever made the recordings has."""

    def receive(self, line: bytes) -> Iterable[Observation]:
        seen = tuple(super().receive(line))
        for one in seen:
            if isinstance(one, Asked) and b"asked.txt" not in line:
                assert self.decide(one.ask, allow=True, words="")
        return seen


def messages(recording: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in recording.read_bytes().splitlines()]


def played(recording: Path) -> StreamJson:
    """A dialogue that has told what the recording answers."""
    lines = messages(recording)
    told = [line["uuid"] for line in lines if line.get("isReplay")]
    told = told or [f"m{number}" for number, line in enumerate(lines) if line.get("subtype") == "init"]
    dialogue = Allowing(replays="claude" in str(recording), now=lambda: NOON)
    dialogue.recall({"told": json.dumps({"waiting": told})})
    return dialogue


def hear(dialogue: StreamJson, *said: dict[str, Any]) -> list[Observation]:
    return [one for message in said for one in dialogue.receive(json.dumps(message).encode())]


def told(dialogue: StreamJson, text: str) -> str:
    """Tell it; return the name that the message has."""
    name = json.loads(dialogue.tell(text))["uuid"]
    assert isinstance(name, str)
    return name


def replay(name: str) -> dict[str, Any]:
    return {"type": "user", "message": {"role": "user", "content": "x"}, "uuid": name, "isReplay": True}


def result(subtype: str = "success", **more: Any) -> dict[str, Any]:
    return {"type": "result", "subtype": subtype, "is_error": False, "num_turns": 1, **more}


def ask(name: str, subtype: str = "can_use_tool", **more: Any) -> dict[str, Any]:
    return {"type": "control_request", "request_id": name, "request": {"subtype": subtype, **more}}


def bash(name: str, command: str = "ls") -> dict[str, Any]:
    return ask(name, tool_name="Bash", input={"command": command})


@pytest.mark.parametrize("recording", CLAUDE + QWEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_the_real_programs_said_is_understood(recording: Path) -> None:
    check(recording, observed(played(recording), recording.read_bytes().splitlines()))


@pytest.mark.parametrize("recording", CLAUDE, ids=lambda path: path.stem)
def test_what_it_says_that_it_spent_adds_up_to_what_claude_says_at_the_end(recording: Path) -> None:
    dialogue = played(recording)
    seen = [one for line in recording.read_bytes().splitlines() for one in dialogue.receive(line)]
    costs = [one.cost for one in seen if isinstance(one, Spent) and one.cost is not None]
    totals = [line["total_cost_usd"] for line in messages(recording) if line["type"] == "result"]
    assert sum(costs, Decimal()) == Decimal(repr(totals[-1] if totals else 0))


@pytest.mark.parametrize("recording", CLAUDE + QWEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_restart_of_the_server_before_any_line_changes_nothing(recording: Path) -> None:
    whole, parted = played(recording), played(recording)
    for line in recording.read_bytes().splitlines():
        assert tuple(parted.receive(line)) == tuple(whole.receive(line))
        memory = json.loads(json.dumps(dict(parted.memory())))
        assert all(value is None or isinstance(value, str | int | float | bool) for value in memory.values())
        parted = Allowing(replays="claude" in str(recording), now=lambda: NOON)
        parted.recall(memory)
        assert (parted.memory(), parted.ready) == (whole.memory(), whole.ready)


def test_it_has_all_the_powers() -> None:
    dialogue: Dialogue = StreamJson()
    assert isinstance(dialogue, Interruptible)
    assert isinstance(dialogue, Steerable)
    assert isinstance(dialogue, Asking)
    assert dialogue.turns
    assert dialogue.ready
    assert not dialogue.open()


def test_a_message_is_one_line_whatever_it_holds() -> None:
    line = StreamJson().tell("two\nlines, é, \0, and half a \ud83d")
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    message = json.loads(line)
    assert message["message"] == {"role": "user", "content": "two\nlines, é, \0, and half a \ud83d"}


def test_it_is_ready_again_when_the_turn_is_over() -> None:
    dialogue = StreamJson()
    dialogue.tell("go")
    assert not dialogue.ready
    assert TurnStarted() in hear(dialogue, INIT)
    assert not dialogue.ready
    assert hear(dialogue, result()) == [TurnEnded(Outcome.OK)]
    assert dialogue.ready


def test_a_turn_that_nobody_asked_for_begins_once_and_ends_once() -> None:
    dialogue = StreamJson()
    assert hear(dialogue, INIT, INIT).count(TurnStarted()) == 1
    assert not dialogue.ready
    assert hear(dialogue, result()) == [TurnEnded(Outcome.OK)]
    assert dialogue.ready


def test_a_message_in_mid_turn_is_taken_up_between_two_tools() -> None:
    dialogue = StreamJson()
    first = told(dialogue, "go")
    hear(dialogue, INIT, replay(first))
    steered = json.loads(dialogue.steer("and that"))["uuid"]
    assert hear(dialogue, replay(steered)) == [TurnStarted()]
    assert hear(dialogue, result()) == [TurnEnded()]
    assert dialogue.ready


def test_messages_that_waited_have_one_turn_together() -> None:
    dialogue = StreamJson()
    hear(dialogue, INIT, replay(told(dialogue, "go")))
    names = [json.loads(dialogue.steer(text))["uuid"] for text in ("one", "two", "three")]
    assert hear(dialogue, result()) == [TurnEnded()]
    assert not dialogue.ready
    seen = hear(dialogue, *map(replay, names[:2]), INIT, replay(names[2]), result())
    assert seen == [TurnStarted(), TurnStarted(), TurnStarted(), TurnEnded()]
    assert dialogue.ready


def test_nothing_is_steered_without_a_turn_or_where_nobody_says_what_is_taken_up() -> None:
    assert StreamJson().steer("x") == b""
    silent = StreamJson(replays=False)
    silent.tell("go")
    hear(silent, INIT)
    assert silent.steer("x") == b""


def test_an_interrupt_ends_the_turn_and_no_other() -> None:
    dialogue = StreamJson()
    assert dialogue.interrupt() == b""
    dialogue.tell("go")
    hear(dialogue, INIT)
    request = json.loads(dialogue.interrupt())
    assert request["type"] == "control_request"
    assert request["request"] == {"subtype": "interrupt"}
    assert hear(dialogue, result("error_during_execution")) == [TurnEnded(Outcome.CANCELLED)]
    dialogue.tell("again")
    (_, ended) = hear(dialogue, INIT, result("error_during_execution", is_error=True))
    assert isinstance(ended, TurnEnded)
    assert ended.outcome is Outcome.FAILED


def test_a_failure_before_any_turn_is_a_refusal() -> None:
    nothing = result("error_during_execution", is_error=True, num_turns=0, errors=["No conversation found"])
    words = "before any turn: No conversation found"
    assert hear(StreamJson(resumed=True), nothing) == [Refused(words, forgotten=True)]


def test_a_permission_that_is_given_says_the_input_again() -> None:
    dialogue = StreamJson()
    assert hear(dialogue, bash("a1", "make\ntest")) == [
        Asked("a1", "Bash", "make test", '{"command": "make\\ntest"}')
    ]
    answer = json.loads(dialogue.decide("a1", allow=True, words=""))
    assert answer["response"] == {
        "subtype": "success",
        "request_id": "a1",
        "response": {"behavior": "allow", "updatedInput": {"command": "make\ntest"}},
    }
    assert dialogue.decide("a1", allow=True, words="") == b""


def test_a_permission_that_is_denied_says_why() -> None:
    dialogue = StreamJson()
    hear(dialogue, bash("a1"))
    answer = json.loads(dialogue.decide("a1", allow=False, words="not on a Friday"))
    assert answer["response"]["response"] == {"behavior": "deny", "message": "not on a Friday"}


@pytest.mark.parametrize(("size", "behavior"), [(16_000, "allow"), (17_000, "deny")])
def test_what_is_too_long_to_be_remembered_can_only_be_denied_after_a_restart(
    size: int, behavior: str
) -> None:
    before, after = StreamJson(), StreamJson()
    hear(before, bash("a1", "x" * size))
    after.recall(before.memory())
    answer = json.loads(after.decide("a1", allow=True, words=""))["response"]["response"]
    assert answer["behavior"] == behavior
    assert json.loads(before.decide("a1", allow=True, words=""))["response"]["response"]["updatedInput"]


def test_an_input_that_is_too_long_is_shown_in_part() -> None:
    (asked,) = hear(StreamJson(), bash("a1", '"\\' * 100_000))
    assert isinstance(asked, Asked)
    assert len(asked.input) <= 64 * 1024
    assert json.loads(asked.input)["too long to be shown, in bytes"] > 400_000


def test_an_ask_is_withdrawn_by_the_agent_or_with_the_turn() -> None:
    dialogue = StreamJson()
    hear(dialogue, INIT, bash("a1"), bash("a2"))
    cancel = {"type": "control_cancel_request", "request_id": "a1"}
    assert hear(dialogue, cancel) == [AskWithdrawn("a1")]
    assert hear(dialogue, cancel) == []
    assert hear(dialogue, result()) == [AskWithdrawn("a2"), TurnEnded()]
    assert dialogue.decide("a2", allow=True, words="") == b""


def test_whatever_else_is_wanted_of_us_is_refused_once() -> None:
    dialogue = StreamJson()
    assert hear(dialogue, ask("r1", "hook_callback")) == []
    refusal = json.loads(dialogue.replies())["response"]
    assert (refusal["subtype"], refusal["request_id"]) == ("error", "r1")
    assert "hook_callback" in refusal["error"]
    assert dialogue.replies() == b""


def test_inputs_that_wait_do_not_fill_the_memory() -> None:
    dialogue = StreamJson()
    hear(dialogue, *[bash(f"a{number}", "x" * 10**7) for number in range(4)])
    assert dialogue.replies().count(b"\n") == 1
    assert len(json.dumps(dict(dialogue.memory()))) < 10_000


def test_more_permissions_than_anyone_can_answer_are_refused() -> None:
    dialogue = StreamJson()
    asked = hear(dialogue, *[bash(f"a{number}") for number in range(100)])
    assert len(asked) == 64
    assert dialogue.replies().count(b"\n") == 36
