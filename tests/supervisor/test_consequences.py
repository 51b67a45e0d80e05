"""From what an agent shows to what happened; and what of it is stored, however much it says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ennio.supervisor import observations as o
from ennio.supervisor.bounds import bounded
from ennio.supervisor.consequences import Facts, follow
from ennio.supervisor.draft import Draft
from ennio.supervisor.events import now
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.outbox import Letter
from ennio.supervisor.project import Project
from ennio.supervisor.protocols import Step
from ennio.supervisor.records import MessageState, Phase, SessionRecord, Tokens

RECORD = SessionRecord(
    SessionId("p-1"), ProjectId("p"), "fake", datetime(2026, 1, 1, tzinfo=UTC), phase=Phase.RUNNING
)


@pytest.fixture
def project(projects: dict[ProjectId, Project]) -> Project:
    return projects[ProjectId("p")]


def letters(*texts: str, record: SessionRecord = RECORD) -> tuple[list[Letter], SessionRecord]:
    """Return letters that the agent was given, and the record that counts them."""
    draft, given = Draft(record), [Letter(text) for text in texts]
    for letter in given:
        draft.take(letter, awaits=True)
        letter.begin()
        draft.move(letter, MessageState.WRITTEN)
    return given, draft.record


def step(
    project: Project, *seen: o.Observation, record: SessionRecord = RECORD, told: list[Letter] | None = None
) -> Step:
    draft = Draft(record)
    for one in seen:
        follow(bounded(one), draft, Facts(project, told or []))
    return draft.step()


def types(step: Step) -> list[str]:
    return [event.event_type for event in step.events]


def states(given: list[Letter]) -> list[MessageState]:
    return [letter.message.state for letter in given if letter.message]


def test_a_turn_takes_up_the_oldest_message_that_the_agent_has(project: Project) -> None:
    told, record = letters("one", "two")
    done = step(project, o.TurnStarted(), record=record, told=told)
    assert types(done) == ["TurnBegan", "MessageMoved"]
    assert states(told) == [MessageState.ACCEPTED, MessageState.WRITTEN]
    assert (done.record.turns, done.record.in_turn) == (1, True)


def test_what_was_not_given_to_it_yet_is_not_taken_up(project: Project) -> None:
    draft, letter = Draft(RECORD), Letter("on its way")
    draft.take(letter, awaits=True)
    done = step(project, o.TurnStarted(), o.TurnEnded(), record=draft.record, told=[letter])
    assert types(done) == ["TurnBegan", "TurnOver"]
    assert states([letter]) == [MessageState.QUEUED]


def test_what_is_taken_up_within_a_turn_begins_no_other(project: Project) -> None:
    told, record = letters("one", "by the way")
    done = step(project, o.TurnStarted(), o.TurnStarted(), record=record, told=told)
    assert types(done) == ["TurnBegan", "MessageMoved", "MessageMoved"]
    assert done.record.turns == 1


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (o.Outcome.FAILED, MessageState.FAILED),
        (o.Outcome.OK, MessageState.ACCEPTED),
        (o.Outcome.CANCELLED, MessageState.ACCEPTED),
    ],
)
def test_a_turn_that_ends_without_a_beginning_is_that_of_the_oldest_message(
    project: Project, outcome: o.Outcome, state: MessageState
) -> None:
    told, record = letters("one", "two")
    done = step(project, o.TurnEnded(outcome, "so"), record=record, told=told)
    assert types(done) == ["MessageMoved", "TurnOver"]
    assert states(told) == [state, MessageState.WRITTEN]
    assert not done.record.in_turn


def test_a_turn_that_nobody_began_and_no_message_began_changes_nothing(project: Project) -> None:
    done = step(project, o.TurnEnded(), o.TurnEnded())
    assert types(done) == ["TurnOver", "TurnOver"]
    assert replace(done.record) == RECORD


def test_a_message_whose_turn_fails_was_accepted_all_the_same(project: Project) -> None:
    told, record = letters("one")
    step(project, o.TurnStarted(), o.TurnEnded(o.Outcome.FAILED, "overloaded"), record=record, told=told)
    assert states(told) == [MessageState.ACCEPTED]


def test_who_it_is_is_news_once(project: Project) -> None:
    done = step(
        project, o.Started("c1", "opus"), o.Started("c1", "opus"), o.Started(None, None), o.Started("c1")
    )
    assert types(done) == ["ConversationKnown"]
    done = step(project, o.Started(None, "haiku"), record=done.record)
    assert (done.record.conversation, done.record.model) == ("c1", "haiku")


def test_an_agent_that_knows_no_such_conversation_loses_it(project: Project) -> None:
    record = replace(RECORD, conversation="c1")
    done = step(project, o.Refused("no such conversation", forgotten=True), record=record)
    assert types(done) == ["ConversationLost"]
    assert done.record.conversation is None
    assert types(step(project, o.Refused("no such conversation", forgotten=True))) == [], "there was none"


def test_an_agent_that_cannot_be_talked_to_keeps_the_name_of_its_conversation(project: Project) -> None:
    record = replace(RECORD, conversation="c1")
    assert step(project, o.Refused("log in first"), record=record).record.conversation == "c1"


def test_an_agent_that_begins_another_conversation_than_it_was_to_says_so(project: Project) -> None:
    resumed = replace(RECORD, conversation="c1")
    after = step(project, o.Started("c2", None), record=resumed)
    assert [event.event_type for event in after.events] == ["ConversationLost", "ConversationKnown"]
    assert after.record.conversation == "c2"
    later = step(project, o.Started("c2", None), record=replace(resumed, turns=1))
    assert [event.event_type for event in later.events] == ["ConversationKnown"]


def test_what_it_used_is_added_up_with_its_own_price_or_that_of_the_table_or_none(project: Project) -> None:
    million = Tokens(input=1_000_000)
    done = step(
        project,
        o.Started("c1", "claude-opus-4-5"),
        o.Spent(million, Decimal("1.25")),
        o.Spent(million),
        o.Spent(million, model="nobody-knows-it"),
    )
    assert done.record.tokens == Tokens(input=3_000_000)
    assert done.record.cost_usd == Decimal("6.25"), "5 dollars by the table"
    assert [spend.cost_usd for spend in done.spends] == [Decimal("1.25"), Decimal(5)]
    assert (done.record.cost_is_estimated, done.record.unpriced) == (True, True)


def test_a_permission_has_a_deadline_and_ends_with_its_turn(project: Project) -> None:
    done = step(project, o.TurnStarted(), o.Asked("q1", "Bash", "rm", "{}"), o.Asked("q2", "Edit", "x", "{}"))
    first, second = done.record.approvals
    assert (first.id, second.id) == ("a1", "a2")
    assert first.deadline - first.asked_at == timedelta(seconds=300)
    done = step(project, o.AskWithdrawn("q1"), o.AskWithdrawn("q9"), record=done.record)
    assert done.record.approvals == (second,)
    done = step(project, o.TurnEnded(), record=done.record)
    assert done.record.approvals == ()
    assert types(done) == ["TurnOver", "ApprovalResolved"]


def test_a_permission_that_is_asked_for_twice_is_one(project: Project) -> None:
    ask = o.Asked("q1", "Bash", "rm", "{}")
    assert len(step(project, ask, ask).record.approvals) == 1


def test_only_so_many_permissions_are_waited_for_at_once(project: Project) -> None:
    done = step(project, *(o.Asked(f"q{n}", "Bash", "rm", "{}") for n in range(1000)))
    assert len(done.record.approvals) == 64


def test_while_it_is_being_ended_nothing_is_asked_any_more_and_all_else_still_counts(
    project: Project,
) -> None:
    for record in (
        replace(RECORD, phase=Phase.STOPPING),
        replace(RECORD, phase=Phase.STOPPING, stop_reason="the server was shut down"),
    ):
        done = step(
            project, o.Asked("q1", "Bash", "rm", "{}"), o.Spent(Tokens(1)), o.TurnEnded(), record=record
        )
        assert types(done) == ["UsageCounted", "TurnOver"]


def test_a_usage_limit_has_an_end_even_if_nobody_says_which(project: Project) -> None:
    said = now() + timedelta(hours=3)
    assert step(project, o.UsageLimited(said, "later")).record.held_until == said
    unsaid = step(project, o.UsageLimited(None, "later")).record.held_until
    assert unsaid is not None
    assert timedelta(minutes=29) < unsaid - now() <= timedelta(minutes=30)


# However much it says.

HUGE = "x\n\x1b[31m\x00" * 200_000


@pytest.mark.parametrize(
    "seen",
    [
        o.Asked("q1", HUGE, HUGE, "y" * 2_000_000),
        o.Started(HUGE, HUGE),
        o.Started("c\n1", "opus"),
        o.TurnEnded(o.Outcome.FAILED, HUGE),
        o.Refused(HUGE),
        o.UsageLimited(None, HUGE),
        o.ToolStarted(HUGE, HUGE),
        o.Retrying(words=HUGE),
        o.Asked(HUGE, "Bash", "rm", "{}"),
    ],
    ids=lambda seen: type(seen).__name__,
)
def test_what_is_stored_of_its_words_is_short_and_on_one_line(project: Project, seen: o.Observation) -> None:
    record = replace(RECORD, conversation="c0")
    told, record = letters("one", record=record)
    done = step(project, seen, record=record, told=told)
    shown = f"{done.events} {done.messages} {done.record} {bounded(seen)}"
    assert len(shown) < 20_000
    assert "\\n" not in shown.replace('"', "")
    assert "\\x1b" not in shown
    for event in done.events:
        assert event.message().isprintable()


def test_a_conversation_whose_name_cannot_be_kept_is_not_known_by_a_part_of_it(project: Project) -> None:
    done = step(project, o.Started("c" * 1_000_000, "opus"))
    assert (done.record.conversation, done.record.model) == (None, "opus")


@pytest.mark.parametrize(
    "cost",
    [
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal(-1),
        Decimal("1E+1000"),
        Decimal("1E-1000"),
    ],
)
def test_a_cost_that_nobody_can_have_had_is_not_known(project: Project, cost: Decimal) -> None:
    done = step(project, o.Spent(Tokens(output=1), cost))
    assert done.record.tokens == Tokens(output=1)
    assert done.record.cost_usd == 0
    assert done.spends == ()


def test_tokens_beyond_all_sense_overflow_nothing(project: Project) -> None:
    done = step(project, o.Spent(Tokens(10**40, -5, 0, 10**5000), None))
    assert done.record.tokens == Tokens(10**12, 0, 0, 10**12)
    assert done.events[0].message()
