"""One step of a conversation at a time, and what no recorded agent did."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.agents.dialogues.acp import Acp
from ennio.supervisor.observations import (
    Asked,
    AskWithdrawn,
    Observation,
    Outcome,
    Refused,
    Said,
    Started,
    ToolEnded,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    Unknown,
    UsageLimited,
)
from ennio.supervisor.records import Permissions

HELLO = {"protocolVersion": 1, "agentCapabilities": {"loadSession": True}}
LOGIN = {"code": -32000, "message": "Authentication required"}
WRITE = {"toolCallId": "c1", "title": "write", "kind": "edit", "locations": [{"path": "/lab/a.txt"}]}
OPTIONS = [
    {"optionId": "always", "kind": "allow_always"},
    {"optionId": "once", "kind": "allow_once"},
    {"optionId": "never", "kind": "reject_always"},
    {"optionId": "no", "kind": "reject_once"},
]


def hear(dialogue: Acp, message: dict[str, Any]) -> list[Observation]:
    return list(dialogue.receive(json.dumps({"jsonrpc": "2.0", **message}).encode()))


def answer(dialogue: Acp, number: int, result: dict[str, Any]) -> list[Observation]:
    return hear(dialogue, {"id": number, "result": result})


def fail(dialogue: Acp, number: int, error: dict[str, Any]) -> list[Observation]:
    return hear(dialogue, {"id": number, "error": error})


def update(dialogue: Acp, name: str, /, **more: Any) -> list[Observation]:
    params = {"sessionId": "s1", "update": {**more, "sessionUpdate": name}}
    return hear(dialogue, {"method": "session/update", "params": params})


def ask(dialogue: Acp, number: object, call: dict[str, Any], options: object = OPTIONS) -> list[Observation]:
    params = {"sessionId": "s1", "toolCall": call, "options": options}
    return hear(dialogue, {"id": number, "method": "session/request_permission", "params": params})


def written(said: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def methods(said: bytes) -> list[str]:
    return [message["method"] for message in written(said)]


def outcomes(said: bytes) -> list[tuple[object, object]]:
    """Each answer to a permission: the id of the question, and the option or None."""
    answers = [message for message in written(said) if "result" in message]
    return [(message["id"], message["result"]["outcome"].get("optionId")) for message in answers]


def greeted(hello: dict[str, Any] = HELLO, **options: Any) -> Acp:
    dialogue = Acp("/lab", **options)
    dialogue.open()
    assert answer(dialogue, 1, hello) == []
    return dialogue


def started(**options: Any) -> Acp:
    dialogue = greeted(**options)
    assert methods(dialogue.replies()) == ["session/new"]
    assert answer(dialogue, 2, {"sessionId": "s1"}) == [Started("s1", None)]
    return dialogue


def working(**options: Any) -> Acp:
    dialogue = started(**options)
    dialogue.tell("do it")
    return dialogue


def test_it_is_ready_once_the_session_is_there() -> None:
    dialogue = greeted()
    assert not dialogue.ready
    answer(dialogue, 2, {"sessionId": "s1"})
    assert dialogue.ready


def test_a_message_is_given_whole_and_on_one_line() -> None:
    said = started().tell("two\nlines, José \N{SNOWMAN} \ud800")
    assert said.count(b"\n") == 1
    assert said.isascii()
    assert written(said)[0]["params"]["prompt"] == [{"type": "text", "text": "two\nlines, José ☃ \ud800"}]


@pytest.mark.parametrize("version", [2, 0, None, "1", True, {}])
def test_another_version_of_the_protocol_is_refused(version: object) -> None:
    dialogue = Acp("/lab")
    dialogue.open()
    (refused,) = answer(dialogue, 1, {"protocolVersion": version})
    assert isinstance(refused, Refused)
    assert "another release" in refused.words
    assert dialogue.replies() == b""


def test_an_agent_that_nobody_logged_in_is_refused_with_what_to_do() -> None:
    hello = {**HELLO, "authMethods": [{"id": "x", "name": "Login", "description": "Run `agent login`"}]}
    dialogue = greeted(hello)
    (refused,) = fail(dialogue, 2, LOGIN)
    assert isinstance(refused, Refused)
    assert "Run `agent login`" in refused.words
    assert "Authentication required" in refused.words
    assert not dialogue.ready


def test_a_login_that_is_wanted_later_ends_the_turn_and_is_refused() -> None:
    ended, refused = fail(working(), 3, LOGIN)[1:]
    assert ended == TurnEnded(Outcome.FAILED, "Authentication required")
    assert isinstance(refused, Refused)


@pytest.mark.parametrize(("number", "step"), [(1, "to be greeted"), (2, "to begin a session")])
def test_an_agent_that_fails_to_start_is_refused_in_its_own_words(number: int, step: str) -> None:
    dialogue = Acp("/lab")
    dialogue.open()
    if number == 2:
        answer(dialogue, 1, HELLO)
    seen = fail(
        dialogue, number, {"code": -32603, "message": "Internal error", "data": {"details": "no disk"}}
    )
    assert seen == [Refused(f"the agent refuses {step}: Internal error: no disk")]


def test_a_session_without_an_id_is_of_no_use() -> None:
    assert isinstance(answer(greeted(), 2, {"sessionId": 7})[0], Refused)


def test_an_agent_that_loads_nothing_begins_a_new_conversation_and_says_so() -> None:
    dialogue = greeted({"protocolVersion": 1}, conversation="old")
    assert methods(dialogue.replies()) == ["session/new"]
    assert answer(dialogue, 2, {"sessionId": "new"}) == [Started("new", None)]


def test_a_conversation_is_resumed_else_loaded_else_begun_anew() -> None:
    hello = {
        "protocolVersion": 1,
        "agentCapabilities": {"loadSession": True, "sessionCapabilities": {"resume": {}}},
    }
    dialogue = greeted(hello, conversation="old")
    assert methods(dialogue.replies()) == ["session/resume"]
    assert fail(dialogue, 2, {"code": -32601, "message": "Method not found"}) == []
    assert methods(dialogue.replies()) == ["session/load"]
    assert update(dialogue, "agent_message_chunk", content={"type": "text", "text": "of old"}) == []
    assert fail(dialogue, 3, {"code": -32603, "message": "no such session"}) == []
    assert methods(dialogue.replies()) == ["session/new"]
    assert answer(dialogue, 4, {"sessionId": "new"}) == [Started("new", None)]


def test_a_conversation_that_is_loaded_keeps_its_name() -> None:
    dialogue = greeted(conversation="old")
    assert methods(dialogue.replies()) == ["session/load"]
    assert answer(dialogue, 2, {}) == [Started("old", None)]


MODES = {"currentModeId": "auto", "availableModes": [{"id": "auto"}, {"id": "default"}, {"id": "yolo"}]}


@pytest.mark.parametrize(
    ("permissions", "mode"),
    [(Permissions.ASK, "default"), (Permissions.EDITS, "default"), (Permissions.FULL, "yolo")],
)
def test_a_mode_that_the_agent_knows_is_set_before_the_first_message(
    permissions: Permissions, mode: str
) -> None:
    dialogue = greeted(permissions=permissions)
    dialogue.replies()
    assert answer(dialogue, 2, {"sessionId": "s1", "modes": MODES}) == []
    (request,) = written(dialogue.replies())
    assert (request["method"], request["params"]) == ("session/set_mode", {"sessionId": "s1", "modeId": mode})
    assert not dialogue.ready
    assert answer(dialogue, 3, {}) == [Started("s1", None)]
    assert dialogue.ready


@pytest.mark.parametrize(
    ("permissions", "modes"),
    [
        (None, MODES),
        (Permissions.ASK, {**MODES, "currentModeId": "default"}),
        (Permissions.ASK, {"currentModeId": "build", "availableModes": [{"id": "build"}, {"id": ["x"]}]}),
        (Permissions.FULL, "odd"),
    ],
)
def test_a_mode_that_is_not_to_be_set_or_not_known_is_left(
    permissions: Permissions | None, modes: object
) -> None:
    dialogue = greeted(permissions=permissions)
    dialogue.replies()
    assert answer(dialogue, 2, {"sessionId": "s1", "modes": modes}) == [Started("s1", None)]


def test_an_agent_that_does_not_take_its_permissions_is_refused() -> None:
    dialogue = greeted(permissions=Permissions.ASK)
    answer(dialogue, 2, {"sessionId": "s1", "modes": MODES})
    seen = fail(dialogue, 3, {"code": -32603, "message": "untrusted"})
    assert seen == [Refused("the agent refuses the permissions that are configured for it: untrusted")]
    assert not dialogue.ready


def test_a_turn_begins_with_the_first_thing_that_the_agent_does_for_it() -> None:
    dialogue = working()
    assert update(dialogue, "available_commands_update", availableCommands=[]) == []
    assert update(dialogue, "usage_update", used=1, size=2) == []
    assert update(dialogue, "agent_thought_chunk", content={"type": "text", "text": "hm"}) == [TurnStarted()]
    assert update(dialogue, "agent_message_chunk", content={"type": "text", "text": "Hi"}) == [Said("Hi")]
    assert answer(dialogue, 3, {"stopReason": "end_turn"}) == [TurnEnded()]


def test_a_turn_of_which_nothing_was_told_begins_with_its_end() -> None:
    assert answer(working(), 3, {"stopReason": "end_turn"}) == [TurnStarted(), TurnEnded()]


@pytest.mark.parametrize("reason", ["max_tokens", "max_turn_requests", "refusal", "bored", None, 7, ["x"]])
def test_a_turn_that_did_not_end_by_itself_has_failed_and_says_why(reason: object) -> None:
    dialogue = working()
    ended = answer(dialogue, 3, {"stopReason": reason})[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.outcome is Outcome.FAILED
    assert ended.words
    assert dialogue.ready


def test_an_account_at_its_limit_is_told_beside_the_failure() -> None:
    words = "You have exhausted your daily quota on this model."
    seen = fail(dialogue := working(), 3, {"code": 429, "message": words})
    assert seen[-2:] == [UsageLimited(None, words), TurnEnded(Outcome.FAILED, words)]
    assert dialogue.ready


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": -32603, "message": "Internal error", "data": {"details": "429"}}, "Internal error: 429"),
        ({"code": -32603, "message": "Internal error", "data": "boom"}, "Internal error: boom"),
        ({"message": "a\nb" * 3}, "a ba ba b"),
        ({}, "it did not say why"),
        ("odd", "it did not say why"),
    ],
)
def test_a_turn_that_failed_does_so_in_the_agent_s_words(error: Any, words: str) -> None:
    assert fail(working(), 3, error)[-1] == TurnEnded(Outcome.FAILED, words)


@pytest.mark.parametrize("number", ["3", 3.0, True, None, 2, 4, [3]])
def test_an_answer_to_nothing_that_was_asked_means_nothing(number: Any) -> None:
    dialogue = working()
    assert answer(dialogue, number, {"stopReason": "end_turn"}) == [Unknown()]
    assert not dialogue.ready


def test_there_is_nothing_to_interrupt_without_a_turn() -> None:
    assert started().interrupt() == b""
    assert greeted().interrupt() == b""


@pytest.mark.parametrize(
    "end",
    [
        {"result": {"stopReason": "cancelled"}},
        {"result": {"stopReason": "end_turn"}},
        {"error": {"code": -32603, "message": "Request was aborted."}},
    ],
)
def test_an_interrupt_answers_all_questions_and_ends_the_turn(end: dict[str, Any]) -> None:
    dialogue = working()
    ask(dialogue, 7, WRITE)
    said = dialogue.interrupt()
    assert outcomes(said) == [(7, None)]
    assert written(said)[-1]["method"] == "session/cancel"
    assert "id" not in written(said)[-1]
    assert dialogue.decide("7", allow=True, words="") == b""
    ask(dialogue, 8, {"toolCallId": "c2"})
    assert outcomes(dialogue.replies()) == [(8, None)]
    assert methods(dialogue.interrupt()) == ["session/cancel"]
    seen = hear(dialogue, {"id": 3, **end})
    assert seen[-2:] == [AskWithdrawn("7"), TurnEnded(Outcome.CANCELLED)]
    assert dialogue.ready


def test_an_error_that_nobody_caused_by_an_interrupt_is_a_failure() -> None:
    dialogue = working()
    dialogue.interrupt()
    fail(dialogue, 3, {"message": "aborted"})
    dialogue.tell("again")
    assert fail(dialogue, 4, {"message": "aborted"})[-1] == TurnEnded(Outcome.FAILED, "aborted")


@pytest.mark.parametrize("method", ["fs/write_text_file", "fs/read_text_file", "terminal/create", "x" * 999])
def test_nothing_is_read_written_or_run_for_an_agent(method: str) -> None:
    dialogue = working()
    assert hear(dialogue, {"id": "q", "method": method, "params": {"path": "/etc/passwd"}}) == []
    (reply,) = written(dialogue.replies())
    assert (reply["id"], reply["error"]["code"]) == ("q", -32601)
    assert dialogue.replies() == b""


def test_tools_are_shown_when_it_is_known_what_they_do() -> None:
    dialogue = working()
    assert update(dialogue, "tool_call", toolCallId="a", title="bash", kind="execute") == [TurnStarted()]
    seen = update(dialogue, "tool_call_update", toolCallId="a", title="ls -l", status="in_progress")
    assert seen == [ToolStarted("execute", "ls -l")]
    assert update(dialogue, "tool_call_update", toolCallId="a", status="in_progress") == []
    assert update(dialogue, "tool_call_update", toolCallId="a", status="failed") == [
        ToolEnded("execute", False)
    ]
    assert update(dialogue, "tool_call_update", toolCallId="a", status="failed") == []


def test_a_tool_of_which_only_the_end_was_told_has_begun_too() -> None:
    seen = update(working(), "tool_call_update", toolCallId="a", title="t", status="completed")
    assert seen == [TurnStarted(), ToolStarted("t", "t"), ToolEnded("t", True)]


def test_a_tool_that_is_left_at_the_end_of_its_turn_has_ended_somehow() -> None:
    dialogue = working()
    update(dialogue, "tool_call", toolCallId="a", title="ls", kind="execute", status="in_progress")
    update(dialogue, "tool_call", toolCallId="b", title="bash", kind="execute", status="pending")
    assert answer(dialogue, 3, {"stopReason": "end_turn"}) == [ToolEnded("execute", None), TurnEnded()]


def test_what_it_remembers_stays_small_whatever_an_agent_says() -> None:
    dialogue = working()
    for number in range(2000):
        call = {"toolCallId": f"{number}" * 50, "title": "t" * 5000, "kind": "k" * 5000}
        update(dialogue, "tool_call", **call)
        ask(dialogue, f"{number}", call, [{"optionId": "o" * 500, "kind": "allow_once"}])
        update(dialogue, "usage_update", cost={"amount": number, "currency": "USD"})
        dialogue.replies()
    assert len(json.dumps(dialogue.memory())) < 64 * 1024


def test_many_lines_take_no_longer_than_there_are() -> None:
    dialogue = working()
    begin = time.process_time()
    for number in range(20_000):
        update(dialogue, "tool_call", toolCallId=f"{number}", title="t", status="in_progress")
    assert time.process_time() - begin < 10


def test_asked_is_what_the_agent_says_of_it() -> None:
    (begun, tool, asked) = ask(working(), 9, {**WRITE, "rawInput": {"content": "hé"}})
    assert begun == TurnStarted()
    assert tool == ToolStarted("edit", "write /lab/a.txt")
    assert asked == Asked("9", "edit", "write /lab/a.txt", '{"content": "hé"}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = """
id method params result error update sessionUpdate content toolCall options toolCallId title kind status
locations rawInput _meta usage cost amount stopReason sessionId modes availableModes models configOptions
quota model_usage text entries path optionId code data
"""
VALUES = """
session/update session/request_permission agent_message_chunk tool_call tool_call_update usage_update plan
completed in_progress end_turn allow_once edit s1 c1 initialize
"""
KEYS, WORDS = st.sampled_from(NAMES.split()), st.sampled_from(VALUES.split())
LIKELY = st.recursive(
    WORDS | st.integers(1, 4) | JSON,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(KEYS, LIKELY, max_size=5), max_size=6), st.dictionaries(KEYS, LIKELY))
def test_nothing_that_is_said_and_nothing_that_is_remembered_makes_it_raise(
    messages: list[dict[str, Any]], memory: dict[str, Any]
) -> None:
    for dialogue in (Acp("/lab"), greeted(), working(), working(permissions=Permissions.EDITS)):
        for message in messages:
            hear(dialogue, message)
            update(dialogue, "tool_call", **message)
            ask(dialogue, 5, message, message.get("options"))
            dialogue.readable(json.dumps(message).encode())
            written(dialogue.replies())
            new = Acp("/lab")
            new.recall(json.loads(json.dumps(dialogue.memory())))
            assert new.memory() == dialogue.memory()
        dialogue.recall(memory)
        dialogue.recall(
            {**dict.fromkeys(dialogue.memory(), "[1]"), **dict.fromkeys(("asks", "tools"), '{"a": [1]}')}
        )
