"""Permissions over HTTP: an agent asks, an operator answers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from quart.typing import TestClientProtocol as HttpClient
from talk import ask, spawn
from trio.testing import MockClock
from turn_taking import TurnWorld

from ennio.http.views import ApprovalView
from ennio.supervisor import Project, ProjectId, SessionId, Supervisor
from ennio.supervisor.config import Approvals

FIELDS = ["id", "session_id", "project_id", "tool", "summary", "input", "asked_at", "deadline"]


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def asking(client: HttpClient, number: int = 1) -> tuple[str, list[Any]]:
    """Spawn an agent that asks; return its session and what it asks for."""
    session = await spawn(client, f"ask {number}")
    await trio.sleep(1)
    return session, await ask(client, "GET", f"{session}/approvals")


async def test_a_session_shows_what_its_agent_asks_for(client: HttpClient, autojump_clock: MockClock) -> None:
    session, (one,) = await asking(client)
    assert list(one) == FIELDS
    assert (one["id"], one["tool"], one["summary"], one["input"]) == ("a1", "Bash", "rm -rf q1-0", {})
    assert f"/sessions/{one['session_id']}" == session
    assert one["project_id"] == "p"
    assert one["asked_at"] < one["deadline"]

    shown = await ask(client, "GET", session)
    assert (shown["approvals"], shown["activity"]) == (1, "WaitingInput")
    assert shown["activity_reason"] == "waits for approval of Bash: rm -rf q1-0"


async def test_one_inbox_holds_what_all_agents_ask_for(client: HttpClient, autojump_clock: MockClock) -> None:
    assert await ask(client, "GET", "/approvals") == []
    _, first = await asking(client, 2)
    _, second = await asking(client)
    everything = await ask(client, "GET", "/approvals")
    assert len(everything) == 3
    assert sorted(everything, key=lambda one: one["asked_at"]) == [*first, *second]


@pytest.mark.parametrize(("decision", "word"), [("allow", "allowed"), ("deny", "denied")])
async def test_the_agent_is_told_what_was_decided(
    client: HttpClient, world: TurnWorld, decision: str, word: str, autojump_clock: MockClock
) -> None:
    session, (one,) = await asking(client)
    path = f"{session}/approvals/{one['id']}"
    assert await ask(client, "POST", path, json={"decision": decision}) == word
    assert world.agents[0].answers == {"q1-0": decision}
    assert await ask(client, "GET", f"{session}/approvals") == []
    (event,) = [
        each
        for each in await ask(client, "GET", f"{session}/events")
        if each["event_type"] == "ApprovalResolved"
    ]
    assert event["message"].endswith(f"{decision} by an operator")


async def test_of_two_answers_the_second_finds_nobody_who_waits(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session, (one, two) = await asking(client, 2)
    path = f"{session}/approvals/{one['id']}"
    await ask(client, "POST", path, json={"decision": "allow"})
    for decision in ("allow", "deny"):
        assert "it was answered" in await ask(client, "POST", path, 404, json={"decision": decision})
    assert world.agents[0].answers == {"q1-0": "allow"}
    assert await ask(client, "GET", f"{session}/approvals") == [two]


async def test_what_nobody_answers_is_denied_at_its_deadline(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session, (one,) = await asking(client)
    await trio.sleep(301)
    assert world.agents[0].answers == {"q1-0": "deny"}
    await ask(client, "POST", f"{session}/approvals/{one['id']}", 404, json={"decision": "allow"})


async def test_a_killed_agent_waits_for_nothing(client: HttpClient, autojump_clock: MockClock) -> None:
    session, (one,) = await asking(client)
    await ask(client, "DELETE", session)
    assert await ask(client, "GET", f"{session}/approvals") == await ask(client, "GET", "/approvals") == []
    await ask(client, "POST", f"{session}/approvals/{one['id']}", 404, json={"decision": "allow"})


async def test_an_agent_that_died_before_it_was_told_is_a_conflict(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session, (one,) = await asking(client)
    world.agents[0].die(1)
    words = await ask(client, "POST", f"{session}/approvals/{one['id']}", 409, json={"decision": "allow"})
    assert "reads no more" in words


async def test_an_agent_that_does_not_read_is_waited_for_no_longer_than_asked(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session, (one,) = await asking(client)
    world.reads = False
    path = f"{session}/approvals/{one['id']}"
    assert "a1" in await ask(client, "POST", f"{path}?timeout=1", 504, json={"decision": "allow"})
    assert "already" in await ask(client, "POST", path, 409, json={"decision": "deny"})


@pytest.mark.parametrize(
    "body", [{}, {"decision": "maybe"}, {"decision": "ALLOW"}, {"decision": True}, {"decision": None}]
)
async def test_a_decision_is_to_allow_or_to_deny(
    client: HttpClient, world: TurnWorld, body: dict[str, Any], autojump_clock: MockClock
) -> None:
    session, (one,) = await asking(client)
    await ask(client, "POST", f"{session}/approvals/{one['id']}", 400, json=body)
    more = {"decision": "allow", "words": "x"}
    await ask(client, "POST", f"{session}/approvals/{one['id']}", 400, json=more)
    assert world.agents[0].answers == {}


@pytest.mark.parametrize(
    ("approval", "status"),
    [("a2", 404), ("a", 404), ("A1", 404), ("x" * 65, 400), ("a%201", 400), ("%00", 400), ("a.1", 400)],
)
async def test_an_approval_is_known_malformed_or_not_there(
    client: HttpClient, world: TurnWorld, approval: str, status: int, autojump_clock: MockClock
) -> None:
    session, _ = await asking(client)
    words = await ask(client, "POST", f"{session}/approvals/{approval}", status, json={"decision": "allow"})
    assert "approval" in words
    assert world.agents[0].answers == {}


@pytest.mark.parametrize("approval", ["a1/", "/a1", "", "a1/x"])
async def test_there_is_no_other_route(client: HttpClient, approval: str, autojump_clock: MockClock) -> None:
    session, _ = await asking(client)
    await ask(client, "POST", f"{session}/approvals/{approval}", 404, json={"decision": "deny"})


class TestWithoutAnybody:
    """A project whose rules answer."""

    @pytest.fixture(params=["allow", "deny"])
    def policy(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def projects(self, projects: dict[ProjectId, Project], policy: str) -> dict[ProjectId, Project]:
        def with_policy(project: Project) -> Project:
            return replace(project, config=replace(project.config, approvals=Approvals(policy)))

        return {name: with_policy(project) for name, project in projects.items()}

    async def test_the_policy_answers_at_once(
        self, client: HttpClient, world: TurnWorld, policy: str, autojump_clock: MockClock
    ) -> None:
        _, waiting = await asking(client)
        assert waiting == []
        assert world.agents[0].answers == {"q1-0": policy}


async def test_input_that_was_cut_is_shown_as_text(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    _, (one,) = await asking(client)
    record = supervisor.get(SessionId(one["session_id"]))
    (approval,) = record.approvals
    assert ApprovalView.of(record, replace(approval, input='{"a": "b')).input == '{"a": "b'
