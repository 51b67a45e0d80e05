"""The tools, by way of the server's own door: what they give, and that the API's words come back."""

import json
from pathlib import Path
from typing import Any

import pytest
import trio
from mcp.client import Client
from mcp_types import TextContent
from tool_calls import call, refused
from trio.testing import MockClock
from turn_taking import TurnWorld

from ennio.supervisor import Project, ProjectId, SessionId, Supervisor
from ennio.supervisor.output import OutputLog

NAMES = ["spawn", "list", "get", "read_output", "send", "wait", "approve", "kill"]
READING = {"list", "get", "read_output", "wait"}
P = ProjectId("p")


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def spawn(client: Client, prompt: str = "work", project: str = "p", **more: Any) -> str:
    """Spawn a session and return its id."""
    session: str = (await call(client, "spawn", project_id=project, prompt=prompt, **more))["session"]["id"]
    return session


async def test_each_tool_says_what_it_does_and_what_it_takes(client: Client) -> None:
    offered = (await client.list_tools()).tools

    assert [tool.name for tool in offered] == NAMES
    for tool in offered:
        assert tool.description
        assert tool.description.splitlines()[0].endswith(".") or len(tool.description.splitlines()) > 1
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        for argument in tool.input_schema["properties"].values():
            assert argument["description"]
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (tool.name in READING)
        assert tool.annotations.destructive_hint is (tool.name == "kill")


async def test_the_words_of_an_answer_are_its_content(client: Client) -> None:
    result = await client.call_tool("list", {})

    (text,) = result.content
    assert isinstance(text, TextContent)
    assert json.loads(text.text) == result.structured_content == {"sessions": []}


async def test_an_agent_is_spawned_and_found(client: Client, supervisor: Supervisor) -> None:
    started = await call(client, "spawn", project_id="p", prompt="x", branch="feat/x", role="helper")
    session = started["session"]
    assert (session["status"], session["branch"], session["role"]) == ("Working", "feat/x", "helper")
    assert SessionId(session["id"]) in {record.id for record in supervisor.list()}

    (listed,) = (await call(client, "list", project_id="p"))["sessions"]
    assert listed["id"] == session["id"]
    assert listed.items() <= (await call(client, "get", session_id=session["id"]))["session"].items()


async def test_ended_sessions_are_listed_on_demand(client: Client, autojump_clock: MockClock) -> None:
    session = await spawn(client)
    other = await spawn(client, project="q")
    assert await call(client, "kill", session_id=session) == {"killed": session}

    async def listed(**arguments: Any) -> list[str]:
        return [one["id"] for one in (await call(client, "list", **arguments))["sessions"]]

    assert await listed() == [other]
    assert await listed(all=True) == [other, session]
    assert await listed(all=True, limit=1) == [other]
    assert await listed(project_id="p") == []
    status = (await call(client, "get", session_id=session))["session"]["status"]
    assert status == "Killed"


@pytest.mark.parametrize("mode", [None, "queue", "steer", "interrupt"])
async def test_an_agent_is_told_something(
    client: Client, world: TurnWorld, mode: str | None, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    await trio.sleep(30)
    sent = await call(client, "send", session_id=session, message="more", mode=mode)
    await trio.sleep(5)

    assert sent == {"sent": "m2"}
    assert "more" in world.agents[0].told


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_a_permission_is_seen_and_answered(
    client: Client, world: TurnWorld, decision: str, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "ask")
    seen = await call(client, "wait", session_id=session)
    (approval,) = seen["approvals"]
    assert (seen["reached"], seen["session"]["activity"]) == (True, "WaitingInput")
    assert (approval["tool"], approval["summary"]) == ("Bash", "rm -rf q1-0")
    assert (await call(client, "get", session_id=session))["approvals"] == [approval]

    answer = {"session_id": session, "approval_id": approval["id"], "decision": decision}
    assert await call(client, "approve", **answer) == {"decided": decision}
    assert world.agents[0].answers == {"q1-0": decision}
    code, words = await refused(client, "approve", **answer)
    assert (code, "waits for no approval" in words) == (404, True)


async def test_output_is_read_on_from_where_the_last_answer_ended(
    client: Client, projects: dict[ProjectId, Project]
) -> None:
    session = await spawn(client)
    log = OutputLog(projects[P].output(SessionId(session)), 1 << 20)
    log.append(b"one\ntwo\n")

    first = await call(client, "read_output", session_id=session, limit=4)
    second = await call(client, "read_output", session_id=session, after=first["cursor"])
    assert first["text"] + second["text"] == "onetwo"  # the language of this agent drops newlines
    end = await call(client, "read_output", session_id=session, after=second["cursor"])
    assert (end["text"], end["cursor"], end["truncated"]) == ("", second["cursor"], False)
    log.append("é\n".encode())
    assert (await call(client, "read_output", session_id=session, after=end["cursor"]))["text"] == "é"
    log.close()


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "words"),
    [
        ("spawn", {"project_id": "nope", "prompt": "x"}, 404, "there is no project nope"),
        ("spawn", {"project_id": "p"}, 400, "one of issue_id and prompt is needed"),
        ("spawn", {"project_id": "p", "prompt": " "}, 400, "must not be blank"),
        ("spawn", {"project_id": "p", "prompt": "\0"}, 400, "NUL"),
        ("spawn", {"project_id": "p", "prompt": "x", "branch": "-x"}, 400, "branch"),
        ("spawn", {"project_id": "p", "issue_id": "7"}, 400, "has no tracker"),
        ("get", {"session_id": "p-none"}, 404, "p-none"),
        ("read_output", {"session_id": "p-none"}, 404, "p-none"),
        ("send", {"session_id": "p-none", "message": "x"}, 404, "p-none"),
        ("wait", {"session_id": "p-none"}, 404, "p-none"),
        ("approve", {"session_id": "p-none", "approval_id": "a1", "decision": "allow"}, 404, "p-none"),
        ("kill", {"session_id": "p-none"}, 404, "p-none"),
    ],
)
async def test_what_the_api_refuses_comes_back_in_its_words_with_its_code(
    client: Client, tool: str, arguments: dict[str, Any], code: int, words: str
) -> None:
    got = await refused(client, tool, **arguments)

    assert got[0] == code
    assert words in got[1]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("nope", {}, "there is no tool 'nope'; there are: spawn, list"),
        ("spawn", {}, "project_id: Field required. The arguments of spawn are: project_id, prompt"),
        ("spawn", {"project_id": 1, "prompt": "x"}, "project_id: Input should be a valid string"),
        ("spawn", {"project_id": "p", "prompt": "x", "more": 1}, "more: Extra inputs are not permitted"),
        ("list", {"project_id": "no/pe"}, "project_id: String should match pattern"),
        ("get", {"session_id": "p-1/why"}, "session_id: String should match pattern"),
        ("get", {"session_id": "p-1\n"}, "session_id: String should match pattern"),
        ("kill", {"session_id": ""}, "session_id: String should match pattern"),
        ("send", {"session_id": "p-1/approvals", "message": "x"}, "session_id"),
        ("approve", {"session_id": "p-1", "approval_id": "../send", "decision": "allow"}, "approval_id"),
        ("list", {"limit": "5"}, "limit"),
        ("list", {"limit": 0}, "limit"),
        ("read_output", {"session_id": "p-1", "limit": 3}, "limit"),
        ("send", {"session_id": "p-1", "message": "x", "mode": "shout"}, "mode"),
        ("wait", {"session_id": "p-1", "seconds": 601}, "seconds"),
        ("wait", {"session_id": "p-1", "seconds": 0}, "seconds"),
        ("wait", {"session_id": "p-1", "until": []}, "until"),
        ("wait", {"session_id": "p-1", "until": ["Sleeping"]}, "until.0"),
        ("approve", {"session_id": "p-1", "approval_id": "a1", "decision": "yes"}, "decision"),
    ],
)
async def test_arguments_of_another_kind_are_refused_with_a_word_for_each(
    client: Client, tool: str, arguments: dict[str, Any], words: str
) -> None:
    code, said = await refused(client, tool, **arguments)

    assert code == (404 if tool == "nope" else 400)
    assert words in said


async def test_a_project_that_is_full_says_when_to_try_again(client: Client) -> None:
    for _ in range(2):
        await spawn(client, project="q")
    result = await client.call_tool("spawn", {"project_id": "q", "prompt": "x"})

    assert result.is_error
    assert isinstance(result.structured_content, dict)
    assert result.structured_content["code"] == 429
    assert result.structured_content["retry_after"] > 0


async def test_a_bug_of_ours_is_told_without_its_particulars(
    client: Client, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(supervisor, "get", fail)
    code, words = await refused(client, "get", session_id="p-1")

    assert (code, "secret" in words) == (500, False)
