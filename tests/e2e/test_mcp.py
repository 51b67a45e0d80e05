"""Agents that supervise agents, with a real server: what one may do, and by which doors."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from installed import ENNIO, Server, running, settings
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from tool_calls import call, refused

TOKEN = "the-operators"
LEAD = """
import json, os, sys, time, urllib.error, urllib.request

def ask(method, path, body=None):
    url, token = os.environ["ENNIO_URL"], os.environ["ENNIO_TOKEN"]
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]

def say(**what):
    print(json.dumps(what), flush=True)

if "ENNIO_TOKEN" not in os.environ:
    say(token=None, url=os.environ.get("ENNIO_URL"))
else:
    sessions, own = "/api/v1/sessions", os.environ["ENNIO_PROJECT_ID"]
    status, child = ask("POST", sessions, {"project_id": own, "prompt": "help"})
    say(spawned=status, child=child["id"])
    say(sent=ask("POST", f"{sessions}/{child['id']}/send", {"message": "hello"})[0])
    say(elsewhere=ask("POST", sessions, {"project_id": "cat", "prompt": "x"})[0])
    say(itself=ask("DELETE", f"{sessions}/{os.environ['ENNIO_SESSION_ID']}")[0])
    say(all=ask("GET", sessions)[0], events=ask("GET", "/api/v1/events")[0])
for line in sys.stdin:
    say(heard=line)
"""
MAY = "agent_config = { may_supervise = true }"
SUPERVISING = f'[[projects]]\nname = "lead"\npath = "repo"\nagent = "lead"\n{MAY}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    script = folder / "lead.py"
    script.write_text(LEAD)
    top = f'api_token = "{TOKEN}"\n[agents.lead]\ncommand = {json.dumps([sys.executable, "-u", str(script)])}'
    with running(folder, settings(SUPERVISING, top)) as one:
        one.http.headers["Authorization"] = f"Bearer {TOKEN}"
        yield one


def said(server: Server, session: str, last: str) -> dict[str, Any]:
    """Return all that an agent of ours has said, once it has said the last of it."""
    lines = server.wait_for(session, f'"{last}"').splitlines()
    return {name: value for line in lines for name, value in json.loads(line).items()}


def environment(session: dict[str, Any]) -> dict[str, str]:
    """Return the environment that a session's agent was started with."""
    pairs = Path(f"/proc/{session['pid']}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def test_an_agent_spawns_another_in_its_project_and_nowhere_else_and_that_one_may_not(server: Server) -> None:
    lead = server.spawn("lead")
    told = said(server, lead["id"], "events")

    assert (told["spawned"], told["sent"]) == (200, 200)
    assert (told["elsewhere"], told["itself"], told["all"], told["events"]) == (403, 403, 403, 403)
    child = server.data("GET", f"/sessions/{told['child']}")
    assert (child["parent"], child["project_id"]) == (lead["id"], "lead")
    heard = said(server, child["id"], "heard")
    assert (heard["token"], heard["url"]) == (None, None)
    assert not {"ENNIO_TOKEN", "ENNIO_URL"} & environment(child).keys()
    assert lead["parent"] is None
    for session in (lead, child):
        server.data("DELETE", f"/sessions/{session['id']}")


Door = Callable[[Server, dict[str, str]], Any]


@asynccontextmanager
async def over_http(server: Server, env: dict[str, str]) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {env['ENNIO_TOKEN']}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{env['ENNIO_URL']}/mcp", http_client=http)) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(server: Server, env: dict[str, str]) -> AsyncIterator[Client]:
    beside = StdioServerParameters(command=ENNIO, args=["mcp"], env=env, cwd=str(server.folder.parent))
    async with Client(stdio_client(beside)) as client:
        yield client


@pytest.mark.parametrize("door", [over_http, over_stdio])
async def test_an_agent_that_may_supervise_finds_the_tools_by_either_door(server: Server, door: Door) -> None:
    lead = server.spawn("lead")
    async with door(server, environment(lead)) as client:
        child = (await call(client, "spawn", project_id="lead", prompt="one"))["session"]
        seen = await call(client, "wait", session_id=child["id"], until=["Active"], seconds=10)
        assert (seen["reached"], seen["session"]["parent"]) == (True, lead["id"])
        await call(client, "send", session_id=child["id"], message="two")
        server.wait_for(child["id"], "two")
        assert "two" in (await call(client, "read_output", session_id=child["id"]))["text"]
        assert (await refused(client, "kill", session_id=lead["id"]))[0] == 403
        assert (await refused(client, "spawn", project_id="cat", prompt="x"))[0] == 403
        assert await call(client, "kill", session_id=child["id"]) == {"killed": child["id"]}
        assert (await call(client, "get", session_id=child["id"]))["session"]["status"] == "Killed"
    server.data("DELETE", f"/sessions/{lead['id']}")


async def test_an_operator_has_the_tools_over_stdio_from_the_configuration(server: Server) -> None:
    beside = StdioServerParameters(command=ENNIO, args=["--config", str(server.file), "mcp"])
    session = server.spawn("cat")
    async with Client(stdio_client(beside)) as client:
        assert session["id"] in [one["id"] for one in (await call(client, "list"))["sessions"]]
        server.wait_for(session["id"], "heard hello")
        assert "heard hello" in (await call(client, "read_output", session_id=session["id"]))["text"]
        assert await call(client, "kill", session_id=session["id"]) == {"killed": session["id"]}


async def test_without_a_server_each_tool_says_so_and_the_door_stays_open(tmp_path: Path) -> None:
    env = {"ENNIO_URL": "http://127.0.0.1:9", "ENNIO_TOKEN": "x"}
    beside = StdioServerParameters(command=ENNIO, args=["mcp"], env=env, cwd=str(tmp_path))
    async with Client(stdio_client(beside)) as client:
        for _ in range(2):
            result = await client.call_tool("list", {})
            assert result.is_error
            assert isinstance(result.structured_content, dict)
            assert "no server answers at http://127.0.0.1:9" in result.structured_content["error"]


def test_the_token_of_an_agent_is_as_good_with_the_next_server(own: Path) -> None:
    top = f'api_token = "{TOKEN}"'
    with running(own, settings(top=top).replace('agent = "cat"', f'agent = "cat"\n{MAY}')) as server:
        server.http.headers["Authorization"] = f"Bearer {TOKEN}"
        lead = server.spawn("cat")
        env = environment(lead)
        server.kill9()
    with running(own, settings(top=top).replace('agent = "cat"', f'agent = "cat"\n{MAY}')) as server:
        headers = {"Authorization": f"Bearer {env['ENNIO_TOKEN']}"}
        with httpx2.Client(base_url=f"{server.url}/api/v1", headers=headers) as agent:
            assert agent.get(f"/sessions/{lead['id']}").json()["data"]["id"] == lead["id"]
            assert agent.get("/projects").status_code == 403
            spawned = agent.post("/sessions", json={"project_id": "cat", "prompt": "x"}, timeout=60)
            assert spawned.json()["data"]["parent"] == lead["id"]
