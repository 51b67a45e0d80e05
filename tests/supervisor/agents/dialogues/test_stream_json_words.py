"""What a person reads, what fails and how, and what makes no sense at all."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from golden import recordings
from hypothesis import given, settings
from hypothesis import strategies as st

from ennio.supervisor.agents.dialogues.stream_json import StreamJson
from ennio.supervisor.observations import (
    Observation,
    Outcome,
    Retrying,
    Said,
    Spent,
    ToolEnded,
    ToolStarted,
    TurnEnded,
    Unknown,
    UsageLimited,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
INIT = b'{"type": "system", "subtype": "init", "session_id": "s1", "model": "opus"}'
REJECTED = {"status": "rejected", "resetsAt": 1795527398, "isUsingOverage": False}
NOISE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def line(kind: str, **more: Any) -> bytes:
    return json.dumps({"type": kind, **more}).encode()


def block(kind: str, **more: Any) -> bytes:
    role = "user" if kind == "tool_result" else "assistant"
    return line(role, message={"role": role, "content": [{"type": kind, **more}]})


def ends(*lines: bytes) -> list[Observation]:
    """What the last of these lines shows, in a turn."""
    dialogue = StreamJson(now=lambda: NOON)
    seen: list[Observation] = []
    for each in (INIT, *lines):
        seen = list(dialogue.receive(each))
    return seen


def readable(said: bytes) -> str:
    return StreamJson().readable(said)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (block("text", text="Hello,\nworld"), "Hello,\nworld\n"),
        (block("tool_use", name="Bash", input={"command": "cat x"}), "[Bash] cat x\n"),
        (block("tool_use", name="Read", input={"file_path": "a.py", "limit": 3}), "[Read] a.py\n"),
        (block("tool_use", name="Odd", input=[1]), "[Odd]\n"),
        (block("tool_use", name="Ask", input={"questions": [{"question": "Red?"}]}), "[Ask] Red?\n"),
        (block("tool_result", content="one\ntwo"), "    one\n    two\n"),
        (block("tool_result", content=[{"type": "text", "text": "one"}]), "    one\n"),
        (block("tool_result", content="denied", is_error=True), "    ✗ denied\n"),
        (block("tool_result", content="\n".join("abcdefgh")), "    a\n    b\n    c\n    d\n    e\n    …\n"),
        (block("thinking", thinking="hm"), ""),
        (line("user", message={"content": "what it was told"}), ""),
        (line("result", subtype="success", is_error=False, result="said before"), ""),
        (line("result", subtype="success", is_error=True, result="No login"), "[failed] No login\n"),
        (
            line("system", subtype="api_retry", attempt=2, max_retries=10, retry_delay_ms=1500, error="busy"),
            "[retrying 2 of 10 in 1.5 s: busy]\n",
        ),
        (line("stream_event", event={"delta": {"text": "partial"}}), ""),
        (b"Error: no such option", "Error: no such option\n"),
        (b'{"type": "assistant", "mess', ""),
        (b"", ""),
    ],
)
def test_a_person_reads(said: bytes, shown: str) -> None:
    assert readable(said) == shown


def test_partial_messages_do_not_double_the_text() -> None:
    (recording,) = (path for path in recordings("claude") if path.stem == "multiturn")
    shown = "".join(map(readable, recording.read_bytes().splitlines()))
    assert shown.count("I will create the file.") == 1
    assert shown.count("ECHO turn=2 user=<second message>") == 1
    assert shown.count("[interrupted]") == 1


def test_what_is_shown_of_a_line_is_bounded() -> None:
    assert len(readable(block("tool_result", content="x" * 10**6))) < 300
    assert len(readable(block("tool_use", name="N" * 10**6, input={"command": "x" * 10**6}))) < 500
    assert len(readable(b"x" * 10**6)) < 10_000


def test_a_sub_agent_does_not_speak_for_the_agent() -> None:
    content = [{"type": "text", "text": "inner"}, {"type": "tool_use", "id": "t", "name": "Grep"}]
    said = line("assistant", parent_tool_use_id="toolu_1", message={"content": content})
    assert list(StreamJson().receive(said)) == [ToolStarted("Grep")]
    assert readable(said) == "  inner\n  [Grep]\n"


def test_a_tool_that_ends_is_known_by_name() -> None:
    dialogue = StreamJson()
    dialogue.receive(block("tool_use", id="t1", name="Bash", input={"command": "ls"}))
    end = block("tool_result", tool_use_id="t1", is_error=True)
    assert list(dialogue.receive(end)) == [ToolEnded("Bash", False)]
    assert list(dialogue.receive(end)) == [ToolEnded("tool", False)]


def test_a_failed_turn_says_why() -> None:
    said = line("result", subtype="error_max_turns", is_error=True, errors=["Reached 3"])
    assert ends(said) == [TurnEnded(Outcome.FAILED, "error_max_turns: Reached 3")]
    said = line("result", subtype="success", is_error=True, result="Overloaded", api_error_status=529)
    assert ends(said) == [TurnEnded(Outcome.FAILED, "Overloaded: HTTP 529")]
    (ended,) = ends(line("result"))
    assert isinstance(ended, TurnEnded)
    assert ended.words == "the agent does not say why"


def test_an_answer_that_speaks_of_an_error_is_an_answer() -> None:
    words = "It printed [API Error: 500]"
    said = line("result", subtype="success", is_error=False, result=words, terminal_reason="completed")
    assert ends(said) == [TurnEnded(Outcome.OK)]


def test_a_failure_that_stands_for_an_answer_is_nothing_that_it_said() -> None:
    said = line("assistant", error="rate_limit", message={"content": [{"type": "text", "text": "limit"}]})
    assert ends(said) == []
    assert readable(said) == ""
    assert ends(block("text", text="limit")) == [Said("limit")]


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("Claude AI usage limit reached|1795527398", datetime(2026, 11, 24, 13, 36, 38, tzinfo=UTC)),
        (
            "You've hit your session limit · resets 3pm (Europe/Berlin)",
            datetime(2026, 11, 24, 14, tzinfo=UTC),
        ),
        ("You've hit your weekly limit", None),
    ],
)
def test_a_limit_of_the_account_is_told_with_its_end(words: str, until: datetime | None) -> None:
    limited, ended = ends(line("result", subtype="success", is_error=True, result=words))
    assert limited == UsageLimited(until, words)
    assert ended == TurnEnded(Outcome.FAILED, words)


def test_the_event_of_a_limit_knows_its_end_best() -> None:
    event = line("rate_limit_event", rate_limit_info=REJECTED)
    failed = line("result", subtype="success", is_error=True, result="limit reached, resets 9pm (UTC)")
    limited, _ = ends(event, failed)
    assert isinstance(limited, UsageLimited)
    assert limited.until == datetime(2026, 11, 24, 13, 36, 38, tzinfo=UTC)


@pytest.mark.parametrize(
    "told",
    [
        {**REJECTED, "isUsingOverage": True},
        {**REJECTED, "status": "allowed_warning"},
        {"status": "allowed"},
        None,
    ],
)
def test_a_warning_is_no_limit(told: object) -> None:
    event = line("rate_limit_event", rate_limit_info=told)
    assert ends(event) == []
    assert len(ends(event, line("result", subtype="success", is_error=True, result="no"))) == 1


def test_a_server_that_is_too_busy_is_no_limit_of_the_account() -> None:
    event = line("rate_limit_event", rate_limit_info=REJECTED)
    words = "API Error: Server is temporarily limiting requests (not your usage limit)"
    assert ends(event, line("result", subtype="success", is_error=True, result=words)) == [
        TurnEnded(Outcome.FAILED, words)
    ]


def test_a_rejection_that_did_not_stop_the_turn_is_no_limit() -> None:
    event = line("rate_limit_event", rate_limit_info=REJECTED)
    assert ends(event, line("result", subtype="success", is_error=False)) == [TurnEnded()]
    more = line("result", subtype="error_max_turns", is_error=True)
    assert [type(one) for one in ends(event, more)] == [TurnEnded]
    # Nor is it one in a later turn.
    later = ends(event, line("result", subtype="success", is_error=False), line("result", subtype="odd"))
    assert [type(one) for one in later] == [TurnEnded]


def test_an_answer_that_speaks_of_limits_is_no_limit() -> None:
    said = line("result", subtype="success", is_error=False, result="You've hit your session limit")
    assert ends(said) == [TurnEnded()]


@pytest.mark.parametrize(
    "said", [b"", b"\xff\xfe", b"null", b"[]", b"{}", b'{"type": ["x"]}', b'{"type": "news"}', b"[" * 10**6]
)
def test_what_it_does_not_understand_is_unknown(said: bytes) -> None:
    assert list(StreamJson().receive(said)) == [Unknown()]


def test_odd_numbers_of_a_retry_are_left_out() -> None:
    said = line("system", subtype="api_retry", attempt=-1, max_retries=True, retry_delay_ms="x", error=[1])
    assert ends(said) == [Retrying()]


def _shaken(value: Any, noise: Any, at: int) -> Any:
    """The message with the value at one place of it replaced."""
    places = list(value)
    name = places[at % len(places)]
    if isinstance(value[name], dict) and value[name] and at % 3:
        return {**value, name: _shaken(value[name], noise, at // 2)}
    return {**value, name: noise}


KINDS = {
    str(sorted(message)): message
    for path in recordings("claude") + recordings("qwen-stream-json")
    for message in map(json.loads, path.read_bytes().splitlines())
}


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(KINDS.values())), NOISE, st.integers(0, 99)), max_size=9))
def test_nothing_that_an_agent_says_raises(shaken: list[tuple[dict[str, Any], Any, int]]) -> None:
    dialogue = StreamJson()
    for message, noise, at in shaken:
        said = json.dumps(_shaken(message, noise, at)).encode()
        for seen in dialogue.receive(said):
            repr(seen).encode()
        dialogue.readable(said).encode()
        dialogue.replies()
        again = StreamJson()
        again.recall(json.loads(json.dumps(dict(dialogue.memory()))))
        assert again.memory() == dialogue.memory()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(StreamJson().memory())), NOISE | st.text()))
def test_no_memory_however_odd_raises(memory: dict[str, object]) -> None:
    dialogue = StreamJson()
    dialogue.recall(memory)
    dialogue.receive(INIT)
    dialogue.receive(line("result", modelUsage={"m": {"inputTokens": 1, "costUSD": 0.5}}))
    json.dumps(dict(dialogue.memory()))


def test_long_lines_take_no_quadratic_time() -> None:
    began = time.perf_counter()
    for said in (
        block("text", text="[API Error: " * 500_000),
        line("result", subtype="success", result="[API Error: " * 500_000),
        line("result", is_error=True, result="resets hit your " * 300_000),
        block("tool_result", content="\n" * 5_000_000),
        block("tool_use", name="Bash", input={"command": " " * 5_000_000}),
    ):
        ends(said)
        readable(said)
    assert time.perf_counter() - began < 10


def test_counters_are_increments_by_model() -> None:
    def spent(dialogue: StreamJson, cost: float) -> list[Observation]:
        usage = {"opus": {"inputTokens": 10, "costUSD": cost}}
        seen = dialogue.receive(line("result", subtype="success", modelUsage=usage))
        return [one for one in seen if isinstance(one, Spent)]

    dialogue = StreamJson()
    assert [str(one.cost) for one in spent(dialogue, 0.1) if isinstance(one, Spent)] == ["0.1"]
    assert [str(one.cost) for one in spent(dialogue, 0.3) if isinstance(one, Spent)] == ["0.2"]
    assert spent(dialogue, 0.3) == []
