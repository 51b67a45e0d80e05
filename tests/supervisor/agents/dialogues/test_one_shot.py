import json
from collections.abc import Mapping
from typing import Any

import pytest

from ennio.supervisor.agents.dialogues.one_shot import OneShot
from ennio.supervisor.observations import Observation, Outcome, Said, Started, TurnEnded, TurnStarted, Unknown
from ennio.supervisor.protocols import Dialogue, Interruptible

HELLO: dict[str, Any] = {"hello": 1}
BEGUN: dict[str, Any] = {"turn": "started"}


def seen(dialogue: OneShot, *messages: Mapping[str, Any]) -> list[Observation]:
    return [one for message in messages for one in dialogue.receive(json.dumps(message).encode())]


def greeted() -> OneShot:
    dialogue = OneShot()
    seen(dialogue, HELLO)
    return dialogue


def ended(code: int = 0, *, cancelled: bool = False) -> dict[str, Any]:
    return {"turn": "ended", "code": code, "cancelled": cancelled}


def test_it_is_a_dialogue_with_turns_that_can_be_ended() -> None:
    dialogue: Dialogue = OneShot()
    assert dialogue.turns
    assert isinstance(dialogue, Interruptible)
    assert (dialogue.open(), dialogue.replies()) == (b"", b"")


def test_it_is_ready_once_the_program_has_said_hello() -> None:
    dialogue = OneShot(conversation="history.md")
    assert not dialogue.ready
    assert seen(dialogue, HELLO) == [Started(conversation="history.md")]
    assert dialogue.ready


def test_a_message_is_a_line_of_json_whatever_it_holds() -> None:
    text = 'two\nlines, "José" \ud83d'
    told = greeted().tell(text)
    assert told.count(b"\n") == 1
    assert json.loads(told) == {"tell": text}


def test_a_turn_lasts_from_the_message_to_the_end_of_its_process() -> None:
    dialogue = greeted()
    dialogue.tell("Fix it")
    assert not dialogue.ready
    assert seen(dialogue, BEGUN) == [TurnStarted()]
    assert seen(dialogue, {"out": "fixing"}, {"out": ""}) == [Said("fixing\n"), Said("\n")]
    assert not dialogue.ready
    assert seen(dialogue, ended()) == [TurnEnded()]
    assert dialogue.ready


def test_the_pieces_of_a_long_line_are_said_as_one_line() -> None:
    assert seen(greeted(), {"out": "ab", "more": True}, {"out": "c"}) == [Said("ab"), Said("c\n")]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (ended(3), "the agent's program ended with code 3: last words"),
        (ended(-9), "the agent's program ended with SIGKILL: last words"),
        (ended(-999), "the agent's program ended with code -999: last words"),
        ({"turn": "ended"}, "the agent's program ended with no code: last words"),
        ({"turn": "ended", "error": "cannot run x: No such file"}, "cannot run x: No such file"),
    ],
)
def test_a_turn_that_failed_says_why(end: dict[str, Any], words: str) -> None:
    failed = TurnEnded(Outcome.FAILED, words)
    dialogue = greeted()
    assert seen(dialogue, BEGUN, {"out": "last words"}, {"out": ""}, end)[-1] == failed
    assert dialogue.ready


def test_the_words_of_one_turn_are_not_those_of_the_next() -> None:
    dialogue = greeted()
    seen(dialogue, BEGUN, {"out": "first"}, ended())
    failed = TurnEnded(Outcome.FAILED, "the agent's program ended with code 1")
    assert seen(dialogue, BEGUN, ended(1)) == [TurnStarted(), failed]


def test_there_is_something_to_interrupt_from_the_message_to_the_end_of_the_turn() -> None:
    dialogue = greeted()
    assert dialogue.interrupt() == b""
    dialogue.tell("Fix it")
    assert json.loads(dialogue.interrupt()) == {"interrupt": True}
    assert seen(dialogue, BEGUN, ended(-2, cancelled=True))[-1] == TurnEnded(Outcome.CANCELLED)
    assert dialogue.interrupt() == b""


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"Traceback (most recent call last):", b"[]", b"{", b"\xff", b'{"turn": 1}'),
        *(b'{"turn": ["started"]}', b'{"error": "a line was left out"}', b"[" * 100_000),
    ],
)
def test_what_it_does_not_understand_is_unknown(line: bytes) -> None:
    assert tuple(OneShot().receive(line)) == (Unknown(),)


@pytest.mark.parametrize("line", [b'{"out": 3}', b'{"out": null, "more": 1}', b'{"log": {"event": 1}}'])
def test_what_is_half_right_does_no_harm(line: bytes) -> None:
    assert tuple(OneShot().receive(line)) == ()


@pytest.mark.parametrize("cut", range(6))
def test_a_new_dialogue_goes_on_where_the_old_one_was(cut: int) -> None:
    found, dialogue = list[Observation](), OneShot()
    for number, message in enumerate((HELLO, BEGUN, {"out": "last"}, ended(1), BEGUN, ended())):
        if number == 1:
            dialogue.tell("Fix it")
        found += seen(dialogue, message)
        if number == cut:
            ready, memory, dialogue = dialogue.ready, dialogue.memory(), OneShot()
            dialogue.recall(json.loads(json.dumps(memory)))
            assert dialogue.ready is ready
    failed = TurnEnded(Outcome.FAILED, "the agent's program ended with code 1: last")
    assert found == [Started(), TurnStarted(), Said("last\n"), failed, TurnStarted(), TurnEnded()]


def test_what_is_odd_in_a_memory_is_left_out() -> None:
    dialogue = OneShot()
    dialogue.recall({"ready": 1, "turn": "yes", "last": []})
    assert dialogue.memory() == OneShot().memory()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'{"hello":1}', ""),
        (b'{"turn":"started"}', ""),
        (b'{"out":"caf\\u00e9"}', "café\n"),
        (b'{"out":"a piece","more":true}', "a piece"),
        (b'{"log":{"event":"exit"}}', ""),
        (b'{"turn":"ended","code":0,"cancelled":false}', ""),
        (b'{"turn":"ended","error":"cannot run x"}', "cannot run x\n"),
        (b"MemoryError", "MemoryError\n"),
    ],
)
def test_a_person_reads_what_the_agent_printed(line: bytes, text: str) -> None:
    assert OneShot().readable(line) == text
