"""What ennio promises of every agent, shown with real ones: budgets, limits, the mailbox, and reasons."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from e2e.agents.driving import Driven, Model, running
from e2e.agents.programs import Real, configuration, environment

pytestmark = pytest.mark.agents

Serve = Callable[[str], Driven]


@pytest.fixture
def serve(agent: Real, model: Model, tmp_path: Path, subscription: bool) -> Iterator[Serve]:
    """Start a server whose configuration says something more."""
    env = environment(agent, tmp_path / "home", model.url, subscription=subscription)
    with ExitStack() as stack:
        config = configuration(agent, env)
        yield lambda more: stack.enter_context(running(Driven(tmp_path, f"{config}\n\n{more}\n", agent)))


def budget(scope: str, limit: str) -> str:
    return f'[[budgets]]\nscope = "{scope}"\nperiod = "total"\nlimit_usd = {limit}'


# Budgets.


def test_a_session_that_has_spent_its_budget_is_ended_and_says_so(serve: Serve) -> None:
    ennio = serve(budget("session", "0.00001"))
    session = ennio.begin("[[echo]]")

    shown = ennio.until(session, lambda shown: shown["status"] == "Exited")

    assert "budget" in shown["reason"]
    assert float(shown["cost_usd"]) > 0.00001
    happened = [event["event_type"] for event in ennio.data("GET", f"/sessions/{session}/events")]
    assert "BudgetExceeded" in happened
    answer = ennio.http.post(f"/sessions/{session}/restore")
    assert (answer.status_code, answer.json()["code"]) == (402, 402)


def test_a_budget_that_all_share_stops_the_next_spawn_and_the_next_message(serve: Serve) -> None:
    ennio = serve(budget("global", "0.00001"))
    session = ennio.begin("[[echo]]")
    ennio.until(session, lambda shown: shown["status"] == "Exited")

    spawn = ennio.http.post("/sessions", json={"project_id": "full", "prompt": "[[echo]]"})

    assert spawn.status_code == 402
    assert "0.00001" in spawn.json()["error"]
    (standing,) = ennio.data("GET", "/budgets")
    assert standing["scope"] == "global"
    assert float(standing["spent_usd"]) == float(ennio.session(session)["cost_usd"])
    assert standing["remaining_usd"] == "0"


def test_what_was_spent_is_remembered_by_the_next_server(serve: Serve) -> None:
    ennio = serve(budget("global", "100"))
    session = ennio.begin("[[echo]]")
    ennio.said(session, "ECHO")
    ennio.activity(session, "Ready")
    before = ennio.data("GET", "/budgets")

    with ennio.another() as later:
        assert later.data("GET", "/budgets")[0]["spent_usd"] == before[0]["spent_usd"] != "0"


# The account's limit.


@pytest.mark.parametrize("subscription", [True])
def test_an_account_that_may_be_used_again_is_gone_on_with(ennio: Driven, model: Model, agent: Real) -> None:
    if agent.program in {"opencode", "gemini"}:
        pytest.skip(f"{agent.program} does not say when its account may be used again")
    session = ennio.begin("one [[brieflimit]]")
    held = ennio.until(session, lambda shown: shown["held_until"] is not None)
    ennio.data("POST", f"/sessions/{session}/send", json={"message": "two [[echo]]"})
    assert "limit" in str(ennio.activity(session, "Blocked")["activity_reason"])

    ennio.said(session, "user=<two [[echo]]>")

    shown = ennio.session(session)
    assert (held["held_until"], shown["held_until"]) != (None, held["held_until"])
    texts = [text for text, _ in ennio.messages(session)]
    assert texts[0] == "one [[brieflimit]]"
    assert sorted(texts[1:]) == sorted(["two [[echo]]", "The usage limit is over. Go on where you left off."])


# The mailbox.


def test_messages_that_wait_for_a_busy_agent_outlive_the_server_and_come_once(
    ennio: Driven, model: Model
) -> None:
    session = ennio.begin("one [[hang]]")
    ennio.until(session, lambda _: bool(model.requests()))
    for text in ("two [[echo]]", "three [[echo]]"):
        ennio.data("POST", f"/sessions/{session}/send", json={"message": text})
    assert [state for _, state in ennio.messages(session)][1:] == ["queued", "queued"]

    with ennio.another() as later:
        model.release()
        later.said(session, "user=<three [[echo]]>")
        later.activity(session, "Ready")
        assert [state for _, state in later.messages(session)] == ["accepted"] * 3

    heard = model.requests()[-1]["heard"]
    assert heard == ["one [[hang]]", "two [[echo]]", "three [[echo]]"]


def test_messages_that_wait_come_after_the_agent_was_stopped_and_restored(
    ennio: Driven, model: Model, agent: Real
) -> None:
    session = ennio.begin("one [[hang]]")
    ennio.until(session, lambda _: bool(model.requests()))
    ennio.data("POST", f"/sessions/{session}/send", json={"message": "two [[echo]]"})
    ennio.stop(30)

    with ennio.another() as later:
        assert later.session(session)["status"] == "Exited"
        later.data("POST", f"/sessions/{session}/restore")
        later.said(session, "user=<two [[echo]]>")

        assert later.messages(session)[-1] == ("two [[echo]]", "accepted")


# Permissions and reasons.


def test_a_permission_that_is_asked_for_when_the_server_dies_is_denied_with_a_word(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")
    ennio.approval(session)

    with ennio.another() as later:
        later.until(session, lambda shown: shown["approvals"] == 0)
        happened = later.data("GET", f"/sessions/{session}/events")
        resolved = [one["data"] for one in happened if one["event_type"] == "ApprovalResolved"]
        assert [(one["decision"], one["by"]) for one in resolved] == [("deny", "a restart of the server")]
        later.activity(session, "Ready", "Idle")


def test_a_permission_that_nobody_answers_is_denied(serve: Serve) -> None:
    ennio = serve("[approvals]\ndeadline = 1")
    session = ennio.begin("[[ask]]", "ask")

    ennio.until(session, lambda shown: shown["turns"] == 1)
    ennio.activity(session, "Ready", "Idle")

    happened = ennio.data("GET", f"/sessions/{session}/events")
    assert [one["data"]["by"] for one in happened if one["event_type"] == "ApprovalResolved"] == [
        "its deadline"
    ]
    assert not (ennio.workspace(session) / "shell.txt").exists()


def test_what_it_waits_for_can_be_explained(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")
    ennio.approval(session)
    ennio.activity(session, "WaitingInput")

    why = ennio.data("GET", f"/sessions/{session}/why")

    assert (why["status"], why["activity"]) == ("Working", "WaitingInput")
    assert "approval" in why["activity_reason"]
    said = [one["what"] for one in why["evidence"]]
    assert any("asked for" in one for one in said)
    assert [one["at"] for one in why["evidence"]] == sorted(one["at"] for one in why["evidence"])
