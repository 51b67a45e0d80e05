"""A real agent's model fails in every way that models do: the session says so, and can be told to go on."""

import time

import pytest
from e2e.agents.driving import Driven, Model
from e2e.agents.programs import IDLE_AFTER, Real

pytestmark = pytest.mark.agents

TELL_RETRIES = {"claude", "codex"}
"""The agents that say that they try again; of the others only their silence tells."""


def test_a_model_that_never_answers_blocks_the_agent(ennio: Driven, model: Model) -> None:
    session = ennio.begin("[[hang]]")
    ennio.until(session, lambda _: bool(model.requests()))
    assert ennio.session(session)["activity"] == "Active"

    shown = ennio.activity(session, "Blocked", seconds=IDLE_AFTER + 5)

    assert "said nothing" in shown["activity_reason"]
    assert shown["status"] == "Working"


def test_an_agent_goes_on_when_its_model_answers_at_last(ennio: Driven, model: Model) -> None:
    session = ennio.begin("[[hang]]")
    ennio.activity(session, "Blocked")

    model.release()

    ennio.said(session, "RELEASED")
    ennio.activity(session, "Ready")


def test_an_agent_whose_model_hangs_can_be_killed(ennio: Driven, model: Model) -> None:
    session = ennio.begin("[[hang]]")
    ennio.until(session, lambda _: bool(model.requests()))

    began = time.monotonic()
    assert ennio.data("DELETE", f"/sessions/{session}") == "killed"

    assert time.monotonic() - began < 10
    assert ennio.programs(session) == []


def test_an_agent_that_is_told_to_wait_is_blocked_and_then_goes_on(
    ennio: Driven, model: Model, agent: Real
) -> None:
    session = ennio.begin("[[e429x2]]")

    if agent.program in TELL_RETRIES:
        shown = ennio.activity(session, "Blocked", seconds=15)
        assert "retr" in shown["activity_reason"].lower()
        assert "429" in shown["activity_reason"]
    ennio.said(session, "RECOVERED", seconds=60)

    assert ennio.activity(session, "Ready")["activity_reason"] is None
    assert [asked["status"] for asked in model.requests()] == [429, 429, 200]


@pytest.mark.parametrize("fault", ["e429", "e500", "cut"])
def test_an_agent_whose_model_fails_is_blocked_or_done_and_can_be_told_to_go_on(
    ennio: Driven, model: Model, fault: str
) -> None:
    session = ennio.begin(f"one [[{fault}]]")
    ennio.until(session, lambda _: bool(model.requests()))
    shown = ennio.activity(session, "Blocked", "Ready", "Idle", seconds=IDLE_AFTER + 20)
    assert shown["status"] == "Working"
    assert shown["activity_reason"] or shown["activity"] != "Blocked"

    ennio.tell(session, "two [[echo]]", mode="interrupt")

    ennio.said(session, "user=<two [[echo]]>")
    ennio.activity(session, "Ready")


def test_an_agent_with_a_wrong_key_says_so(ennio: Driven) -> None:
    session = ennio.begin("[[e401]]")

    shown = ennio.activity(session, "Blocked", "Ready", "Idle", "Exited", seconds=IDLE_AFTER + 20)

    said = ennio.text(session) + str(shown["activity_reason"]) + str(shown["reason"])
    assert "401" in said or "uthenticat" in said or "API key" in said


@pytest.mark.parametrize("subscription", [True])
def test_a_model_that_is_too_busy_is_no_limit_of_the_account(
    ennio: Driven, agent: Real, model: Model
) -> None:
    if agent.program == "gemini":
        pytest.skip("gemini 0.61.0 tries again for minutes, and says nothing of it")
    session = ennio.begin("one [[e429]]")
    ennio.until(session, lambda _: bool(model.requests()))
    ennio.activity(session, "Ready", "Idle")

    ennio.tell(session, "two [[echo]]")

    ennio.said(session, "user=<two [[echo]]>")


@pytest.mark.parametrize("subscription", [True])
def test_an_account_at_its_limit_is_left_alone(ennio: Driven, model: Model, agent: Real) -> None:
    if agent.program == "opencode":
        pytest.skip("opencode 1.18.33 tries again and again, and says nothing of it")
    session = ennio.begin("one [[limit]]")
    ennio.until(session, lambda shown: shown["held_until"] is not None)
    ennio.data("POST", f"/sessions/{session}/send", json={"message": "two [[echo]]"})

    shown = ennio.activity(session, "Blocked")

    assert "limit" in shown["activity_reason"]
    time.sleep(2)
    assert ennio.messages(session)[-1] == ("two [[echo]]", "queued")
    assert {asked["status"] for asked in model.requests()} == {429}
