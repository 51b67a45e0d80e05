"""When a turn begins and ends, and what can be done in it."""

import pytest
from app_server_lines import THREAD, answer, note, opened, over, refusal, running, sent

from ennio.supervisor.agents.dialogues.app_server import AppServer
from ennio.supervisor.observations import Outcome, Said, TurnEnded, TurnStarted


def test_a_message_is_a_turn_and_is_said_as_it_is() -> None:
    dialogue = opened()
    words = 'two\nlines, "quotes" and \u2028'
    (turn,) = sent(dialogue.tell(words))
    assert turn["params"] == {"threadId": THREAD, "input": [{"type": "text", "text": words}]}
    assert not dialogue.ready


def test_a_turn_is_taken_up_once_whatever_says_so_first() -> None:
    for lines in (
        [answer(3, result={"turn": {"id": "t1"}}), note("turn/started", turn={"id": "t1"})],
        [note("turn/started", turn={"id": "t1"}), answer(3, result={"turn": {"id": "t1"}})],
    ):
        dialogue = opened()
        dialogue.tell("words")
        assert [one for line in lines for one in dialogue.receive(line)] == [TurnStarted()]
        assert dialogue.receive(over()) == (TurnEnded(),)
        assert dialogue.ready


def test_a_turn_that_is_over_before_it_is_answered_ends_once() -> None:
    dialogue = opened()
    dialogue.tell("words")
    lines = note("turn/started", turn={"id": "t1"}), over(), answer(3, result={"turn": {"id": "t1"}})
    assert [one for line in lines for one in dialogue.receive(line)] == [TurnStarted(), TurnEnded()]
    assert dialogue.ready


def test_a_message_that_is_not_taken_leaves_it_ready_for_the_next() -> None:
    dialogue = opened()
    dialogue.tell("words")
    assert dialogue.receive(refusal(3, "too long")) == (
        TurnEnded(Outcome.FAILED, "codex took no message: too long"),
    )
    assert dialogue.ready


def test_a_turn_that_codex_begins_by_itself_is_one_and_a_message_may_join_it() -> None:
    dialogue = opened()
    assert dialogue.receive(note("turn/started", turn={"id": "goal"})) == (TurnStarted(),)
    assert not dialogue.ready
    dialogue.tell("words")
    assert dialogue.receive(answer(3, result={"turn": {"id": "goal"}})) == (TurnStarted(),)
    assert dialogue.receive(over("goal")) == (TurnEnded(),)
    assert dialogue.ready


def test_a_message_in_mid_turn_is_for_that_turn_alone() -> None:
    dialogue = running()
    (steer,) = sent(dialogue.steer("more"))
    assert steer["method"] == "turn/steer"
    assert steer["params"]["expectedTurnId"] == "t1"
    assert dialogue.receive(answer(4, result={"turnId": "t1"})) == (), "its model does not know of it yet"
    assert dialogue.receive(given("other words")) == ()
    assert dialogue.receive(given("more")) == (TurnStarted(),)
    assert dialogue.receive(over()) == (TurnEnded(),)
    assert dialogue.ready


@pytest.mark.parametrize("status", ["completed", "interrupted", "failed"])
def test_a_message_in_mid_turn_that_its_model_was_never_given_gets_a_turn_of_its_own(status: str) -> None:
    dialogue = running()
    dialogue.steer("more")
    dialogue.steer("still more")
    dialogue.receive(answer(4, result={"turnId": "t1"}))
    dialogue.receive(answer(5, result={"turnId": "t1"}))
    again = opened()
    again.recall(dialogue.memory())
    again.receive(over(status=status))
    assert not again.ready, "it has something to say first"
    (turn,) = sent(again.replies())
    assert (turn["method"], turn["params"]["input"][0]["text"]) == ("turn/start", "more")
    again.receive(answer(6, result={"turn": {"id": "t2"}}))
    again.receive(over("t2"))
    (turn,) = sent(again.replies())
    assert turn["params"]["input"][0]["text"] == "still more"


def given(words: str) -> bytes:
    """What codex says when a turn's model is given something."""
    item = {"type": "userMessage", "content": [{"type": "text", "text": words}]}
    return note("item/started", turnId="t1", item=item)


def test_without_a_turn_there_is_nothing_to_steer_or_to_interrupt() -> None:
    dialogue = opened()
    assert (dialogue.steer("more"), dialogue.interrupt()) == (b"", b"")
    dialogue.tell("words")
    dialogue.receive(answer(3, result={"turn": {"id": "t1"}}))
    assert dialogue.steer("more") == b"", "codex has named it, and refuses what is for it until it runs"


def test_a_message_that_its_turn_would_not_take_gets_a_turn_of_its_own() -> None:
    dialogue = running()
    dialogue.steer("more")
    dialogue.receive(refusal(4, "this turn cannot be steered"))
    assert dialogue.replies() == b"", "the turn goes on"
    dialogue.receive(over())
    assert not dialogue.ready, "it has something to say first"
    (turn,) = sent(dialogue.replies())
    assert (turn["method"], turn["params"]["input"][0]["text"]) == ("turn/start", "more")


def test_a_turn_that_does_not_run_yet_is_interrupted_as_soon_as_it_does() -> None:
    dialogue = opened()
    dialogue.tell("words")
    assert dialogue.interrupt() == b""
    dialogue.receive(answer(3, result={"turn": {"id": "t1"}}))
    assert dialogue.replies() == b""
    dialogue.receive(note("turn/started", turn={"id": "t1"}))
    (interrupt,) = sent(dialogue.replies())
    assert interrupt["params"] == {"threadId": THREAD, "turnId": "t1"}
    dialogue.receive(note("turn/started", turn={"id": "t1"}))
    assert dialogue.replies() == b""


def test_an_interrupt_is_not_kept_for_the_next_turn() -> None:
    dialogue = opened()
    dialogue.tell("words")
    dialogue.interrupt()
    dialogue.receive(refusal(3, "no"))
    dialogue.tell("other words")
    dialogue.receive(note("turn/started", turn={"id": "t2"}))
    assert dialogue.replies() == b""


@pytest.mark.parametrize(
    ("turn", "end"),
    [
        ({"status": "interrupted"}, TurnEnded(Outcome.CANCELLED)),
        ({"status": "failed", "error": {"message": "no"}}, TurnEnded(Outcome.FAILED, "no")),
        (
            {"status": "failed", "error": {"message": "no", "additionalDetails": "why"}},
            TurnEnded(Outcome.FAILED, "no (why)"),
        ),
        ({"status": "failed", "error": None}, TurnEnded(Outcome.FAILED)),
        ({"status": {"odd": 1}}, TurnEnded(Outcome.FAILED)),
    ],
)
def test_a_turn_ends_as_codex_says(turn: dict[str, object], end: TurnEnded) -> None:
    assert running().receive(note("turn/completed", turn={"id": "t1", **turn})) == (end,)


def test_what_a_thread_of_an_agent_of_its_own_says_is_not_said_by_it() -> None:
    dialogue = running()
    said = {"type": "agentMessage", "text": "from below"}
    assert not dialogue.receive(note("item/completed", threadId="other", item=said))
    assert not dialogue.receive(note("turn/started", threadId="other", turn={"id": "t9"}))
    assert not dialogue.receive(note("turn/completed", threadId="other", turn={"id": "t9"}))
    assert not dialogue.receive(note("error", threadId="other", willRetry=True, error={"message": "1/2"}))
    assert not dialogue.ready
    assert dialogue.receive(note("item/completed", item=said)) == (Said("from below"),)


def test_a_message_that_is_held_outlives_a_restart() -> None:
    dialogue = running()
    dialogue.steer("more")
    memory = dialogue.memory()
    other = AppServer("/w")
    other.recall(memory)
    other.receive(refusal(4, "no"))
    again = AppServer("/w")
    again.recall(other.memory())
    again.receive(over())
    assert sent(again.replies())[0]["params"]["input"][0]["text"] == "more"
