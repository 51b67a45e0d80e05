"""A step of a session: thought out first, and then stored whole."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ennio.supervisor import events as e
from ennio.supervisor.draft import Draft
from ennio.supervisor.errors import IllegalTransition
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.outbox import Letter
from ennio.supervisor.records import Activity, Mark, MessageState, Phase, SessionRecord, Tokens

RECORD = SessionRecord(
    SessionId("p-1"), ProjectId("p"), "fake", datetime(2026, 1, 1, tzinfo=UTC), phase=Phase.RUNNING
)


def spent(cost: Decimal | None) -> dict[str, object]:
    return {
        "tokens": Tokens(1),
        "cost": cost,
        "estimated": False,
        "totals": Tokens(1),
        "total_cost": cost or Decimal(0),
    }


def test_what_happens_in_it_is_in_order_and_the_record_is_as_the_last_of_it_leaves_it() -> None:
    draft = Draft(RECORD)
    draft.let(e.TurnBegan, turns=1)
    draft.let(e.ConversationKnown, conversation="c1", model=None)
    draft.took_in(Mark(7, {"a": 1}))
    step = draft.step()
    assert [event.event_type for event in step.events] == ["TurnBegan", "ConversationKnown"]
    assert (step.record.turns, step.record.in_turn, step.record.conversation) == (1, True, "c1")
    assert step.record.mark == Mark(7, {"a": 1})
    assert RECORD.turns == 0


def test_what_may_not_happen_leaves_it_as_it_was() -> None:
    draft = Draft(RECORD)
    with pytest.raises(IllegalTransition, match="SessionSpawned cannot happen to p-1 while it is Running"):
        draft.let(e.SessionSpawned, agent_name="fake")
    assert draft.step().events == ()
    assert draft.record is RECORD


def test_messages_are_numbered_and_each_is_stored_as_it_is_last() -> None:
    draft, letters = Draft(RECORD), [Letter("one"), Letter("two")]
    for letter in letters:
        draft.take(letter, awaits=True)
    draft.move(letters[0], MessageState.WRITTEN)
    draft.move(letters[0], MessageState.ACCEPTED)
    first, second = draft.step().messages
    assert (first.id, first.state, first.text) == ("m1", MessageState.ACCEPTED, "one")
    assert (second.id, second.state) == ("m2", MessageState.QUEUED)
    assert draft.record.messages == 2
    assert letters[0].message == first


@pytest.mark.parametrize("end", [MessageState.ACCEPTED, MessageState.FAILED])
def test_a_message_of_which_no_more_becomes_is_never_moved_again(end: MessageState) -> None:
    draft, letter = Draft(RECORD), Letter("one")
    draft.take(letter, awaits=True)
    draft.move(letter, end, "so it was")
    events = len(draft.step().events)
    draft.move(letter, MessageState.WRITTEN)
    draft.move(letter, MessageState.FAILED, "too late")
    assert len(draft.step().events) == events
    assert letter.message is not None
    assert (letter.message.state, letter.message.reason) == (end, "so it was")


def test_without_turns_written_is_the_end() -> None:
    draft, letter = Draft(RECORD), Letter("one")
    draft.take(letter, awaits=False)
    draft.move(letter, MessageState.WRITTEN)
    draft.move(letter, MessageState.FAILED, "too late")
    assert letter.message is not None
    assert letter.message.state is MessageState.WRITTEN


def test_a_letter_that_is_no_message_yet_is_not_moved() -> None:
    draft = Draft(RECORD)
    draft.move(Letter("one"), MessageState.FAILED)
    assert draft.step().events == ()


def test_money_goes_with_the_event_that_counted_it_and_nothing_costs_nothing() -> None:
    draft = Draft(RECORD)
    for cost in (Decimal("0.5"), None, Decimal(0)):
        draft.let(e.UsageCounted, **spent(cost))
    step = draft.step()
    (spend,) = step.spends
    assert (spend.id, spend.cost_usd, spend.at) == (
        step.events[0].id,
        Decimal("0.5"),
        step.events[0].timestamp,
    )
    assert step.record.unpriced


def test_a_draft_in_which_nothing_happened_is_empty() -> None:
    assert Draft(RECORD).empty
    draft = Draft(RECORD)
    draft.took_in(Mark(7))
    assert not draft.empty
    draft = Draft(RECORD)
    draft.let(e.ActivityChanged, activity=Activity.IDLE)
    assert not draft.empty
