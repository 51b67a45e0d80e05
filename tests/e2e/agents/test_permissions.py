"""A real agent asks, waits, and does what it was allowed, and nothing else."""

import json

import httpx2
import pytest
from e2e.agents.driving import Driven
from e2e.models.scripts import MADE, PRINTED

pytestmark = pytest.mark.agents


def test_it_asks_before_it_runs_a_command(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")

    asked = ennio.approval(session)

    assert f"tee {MADE}" in asked["summary"] + json.dumps(asked["input"])
    assert asked["asked_at"] < asked["deadline"]
    shown = ennio.activity(session, "WaitingInput")
    assert asked["tool"] in shown["activity_reason"]
    assert not (ennio.workspace(session) / MADE).exists()


def test_what_is_allowed_is_done(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")

    ennio.decide(session, ennio.approval(session), "allow")

    ennio.said(session, "DONE turn=1")
    assert (ennio.workspace(session) / MADE).read_text() == f"{PRINTED}\n"
    assert ennio.data("GET", f"/sessions/{session}/approvals") == []
    ennio.activity(session, "Ready")


def test_what_is_denied_is_not_done_and_the_session_goes_on(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")

    ennio.decide(session, ennio.approval(session), "deny")

    ennio.activity(session, "Ready")
    assert not (ennio.workspace(session) / MADE).exists()
    assert ennio.data("GET", f"/sessions/{session}/approvals") == []
    ennio.tell(session, "go on [[echo]]")
    ennio.said(session, "user=<go on [[echo]]>")


def test_a_permission_is_answered_once(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")
    asked = ennio.approval(session)
    ennio.decide(session, asked, "deny")

    path = f"/sessions/{session}/approvals/{asked['id']}"
    again: httpx2.Response = ennio.http.post(path, json={"decision": "allow"})

    assert again.status_code in (404, 409)
    ennio.activity(session, "Ready")
    assert not (ennio.workspace(session) / MADE).exists()


def test_breaking_off_withdraws_what_it_asks_for(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")
    ennio.approval(session)

    ennio.tell(session, "two [[echo]]", mode="interrupt")

    ennio.said(session, "user=<two [[echo]]>")
    assert ennio.data("GET", f"/sessions/{session}/approvals") == []
    assert not (ennio.workspace(session) / MADE).exists()


def test_with_full_permissions_it_asks_for_nothing(ennio: Driven) -> None:
    session = ennio.begin("[[both]]", "full")

    ennio.said(session, "DONE turn=1")
    events = ennio.data("GET", f"/sessions/{session}/events")
    assert not [event for event in events if "Approval" in event["event_type"]]


def test_a_killed_session_asks_for_nothing_any_more(ennio: Driven) -> None:
    session = ennio.begin("[[ask]]", "ask")
    asked = ennio.approval(session)

    ennio.data("DELETE", f"/sessions/{session}")

    path = f"/sessions/{session}/approvals/{asked['id']}"
    assert ennio.http.post(path, json={"decision": "allow"}).status_code in (404, 409)
