"""A real agent answers, is told more, and works in its worktree alone."""

import pytest
from e2e.agents.driving import Driven, Model
from e2e.agents.programs import Real
from e2e.models.scripts import CONTENT, FILE, MADE, PRINTED
from installed import git

pytestmark = pytest.mark.agents


def test_it_answers_its_prompt(ennio: Driven, model: Model) -> None:
    session = ennio.begin("Say hello [[echo]]")

    ennio.said(session, "ECHO turn=1 user=<Say hello [[echo]]>")
    ennio.activity(session, "Ready")
    assert [asked["user"] for asked in model.requests()] == ["Say hello [[echo]]"]


def test_it_is_asked_for_the_model_that_is_configured(ennio: Driven, model: Model, agent: Real) -> None:
    session = ennio.begin("[[echo]]")

    ennio.said(session, "ECHO turn=1")
    assert {asked["model"] for asked in model.requests()} == {agent.model.rpartition("/")[2]}


def test_a_second_message_goes_on_with_the_conversation(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[echo]]")
    ennio.said(session, "ECHO turn=1")

    ennio.tell(session, "two [[echo]]")

    ennio.said(session, "ECHO turn=2 user=<two [[echo]]>")
    assert model.requests()[-1]["heard"] == ["one [[echo]]", "two [[echo]]"]


def test_messages_that_come_while_it_works_are_taken_up_in_order(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[hang]]")
    ennio.until(session, lambda _: bool(model.requests()))
    for number in ("two", "three"):
        ennio.data("POST", f"/sessions/{session}/send", json={"message": f"{number} [[echo]]"})

    model.release()

    ennio.said(session, "user=<three [[echo]]>")
    ennio.activity(session, "Ready")
    assert ennio.messages(session)[-2:] == [("two [[echo]]", "accepted"), ("three [[echo]]", "accepted")]
    assert model.requests()[-1]["heard"] == ["one [[hang]]", "two [[echo]]", "three [[echo]]"]


def test_what_a_message_holds_arrives_as_it_is(ennio: Driven, model: Model) -> None:
    text = 'two lines\n\tand "quotes", a \\ and $HOME, `sh`, ünïcode, 🦊 [[echo]]'
    session = ennio.begin("one [[echo]]")
    ennio.said(session, "ECHO turn=1")

    ennio.tell(session, text)

    ennio.said(session, "ECHO turn=2")
    assert model.requests()[-1]["user"] == text


def test_it_writes_in_its_worktree_and_nowhere_else(ennio: Driven) -> None:
    session = ennio.begin("[[both]]")

    ennio.said(session, "DONE turn=1")
    workspace = ennio.workspace(session)
    assert (workspace / FILE).read_text() == CONTENT
    assert (workspace / MADE).read_text() == f"{PRINTED}\n"
    assert git(ennio.repository, "status", "--porcelain") == ""
    assert not (ennio.repository / FILE).exists()
    assert not (ennio.repository / MADE).exists()


def test_two_sessions_do_not_meet(ennio: Driven, model: Model) -> None:
    first, second = ennio.begin("first [[write]]"), ennio.begin("second [[shell]]")

    ennio.said(first, "DONE turn=1")
    ennio.said(second, "DONE turn=1")
    assert not (ennio.workspace(first) / MADE).exists()
    assert not (ennio.workspace(second) / FILE).exists()
    assert all(len(asked["heard"]) == 1 for asked in model.requests())


def test_a_message_can_break_off_what_it_does(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[sleep]]")
    ennio.running(session, "tail -f /dev/null")

    ennio.tell(session, "two [[echo]]", mode="interrupt")

    ennio.said(session, "user=<two [[echo]]>", seconds=15)
    ennio.activity(session, "Ready")
    assert model.requests()[-1]["heard"] == ["one [[sleep]]", "two [[echo]]"]


def test_a_message_can_break_off_an_answer_that_does_not_come(ennio: Driven, model: Model) -> None:
    session = ennio.begin("one [[hang]]")
    ennio.until(session, lambda _: bool(model.requests()))

    ennio.tell(session, "two [[echo]]", mode="interrupt")

    ennio.said(session, "user=<two [[echo]]>", seconds=15)
