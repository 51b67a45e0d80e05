"""What the token of an agent is good for, and all that it is not good for."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import trio
import trio.testing
from asking import Q
from fakes import World
from granting import Holder, begin, end, granting, hold
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from trio.testing import MockClock

from ennio.supervisor import Config, Project, ProjectId, Supervisor, Timeouts
from ennio.supervisor.records import Order
from ennio.supervisor.stores.memory import MemoryStore

API_TOKEN = "the-operators"
ClientOf = Callable[[Config], HttpClient]


@pytest.fixture
def projects(projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    return granting(projects)


@pytest.fixture
async def supervisor(
    nursery: trio.Nursery, projects: dict[ProjectId, Project], store: MemoryStore, timeouts: Timeouts
) -> Supervisor:
    return await begin(nursery, projects, store, timeouts)


@pytest.fixture(params=[API_TOKEN, None], ids=["with-api-token", "without"])
def guarded(request: pytest.FixtureRequest, client_of: ClientOf, config: Config) -> HttpClient:
    token = SecretStr(request.param) if request.param else None
    return client_of(replace(config, api_token=token))


@pytest.fixture
async def holder(supervisor: Supervisor, world: World, guarded: HttpClient) -> Holder:
    return await hold(supervisor, world, guarded)


# What it may do.


async def test_an_agent_spawns_in_its_project_and_steers_what_it_spawned(
    holder: Holder, world: World, autojump_clock: MockClock
) -> None:
    child = await holder.spawns(role="helper")

    session = await holder.gets(200, "GET", child)
    assert (session["parent"], session["project_id"], session["role"]) == (holder.id, "p", "helper")
    assert await holder.gets(200, "POST", f"{child}/send", json={"message": "go"}) == "sent"
    assert world.terminals[-1].heard[-1] == b"go\n"
    told = await holder.asks(
        "POST", f"/api/v1{child}/agentapi/message", json={"content": "on", "type": "user"}
    )
    assert (told.status_code, world.terminals[-1].heard[-1]) == (200, b"on\n")
    await end(world.terminals[-1], 1)
    assert (await holder.gets(200, "POST", f"{child}/restore", json={}))["status"] == "Working"
    assert await holder.gets(404, "POST", f"{child}/approvals/a1", json={"decision": "allow"})
    assert await holder.gets(200, "DELETE", child) == "killed"


async def test_an_agent_reads_what_is_in_its_project(holder: Holder, supervisor: Supervisor) -> None:
    sibling = (await supervisor.spawn(Order(holder.record.project_id, prompt="x"))).id
    for session in (sibling, holder.id):
        for rest in ("", "/output", "/messages", "/events", "/why", "/approvals"):
            for method in ("GET", "HEAD"):
                await holder.gets(200, method, f"/sessions/{session}{rest}")
        assert (await holder.asks("GET", f"/api/v1/sessions/{session}/agentapi/status")).status_code == 200
    listed = await holder.gets(200, "GET", "/sessions?project_id=p&all=true")
    assert {one["id"] for one in listed} == {sibling, holder.id}
    assert "has no tracker" in await holder.gets(400, "GET", "/projects/p/issues")


async def test_what_an_agent_spawned_gets_no_token(holder: Holder, world: World) -> None:
    await holder.spawns()

    assert not {"ENNIO_TOKEN", "ENNIO_URL"} & world.terminals[-1].launch.env.keys()


# What it may not.


@pytest.mark.parametrize("rest", ["", "/send", "/restore", "/approvals/a1", "/agentapi/message"])
async def test_an_agent_changes_neither_itself_nor_its_siblings_nor_others(
    holder: Holder, supervisor: Supervisor, world: World, rest: str
) -> None:
    sibling = await supervisor.spawn(Order(holder.record.project_id, prompt="x"))
    cousin = await (await hold(supervisor, world, holder.client)).spawns()
    stranger = await supervisor.spawn(Order(Q, prompt="x"))
    sessions = [f"/sessions/{one}" for one in (holder.id, sibling.id, stranger.id)]
    await trio.testing.wait_all_tasks_blocked()
    heard = [terminal.heard.copy() for terminal in world.terminals]

    for session in [*sessions, cousin]:
        method = "POST" if rest else "DELETE"
        words = await holder.gets(403, method, f"{session}{rest}", json={"message": "x", "decision": "allow"})
        assert "not for this agent" in words
    assert [terminal.heard for terminal in world.terminals] == heard
    assert {record.phase for record in supervisor.list()} == {"Running"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "rest",
    ["", "/output", "/output/stream", "/messages", "/events", "/why", "/approvals", "/agentapi/events"],
)
async def test_an_agent_reads_nothing_of_another_project(
    holder: Holder, supervisor: Supervisor, method: str, rest: str
) -> None:
    stranger = await supervisor.spawn(Order(Q, prompt="x"))

    await holder.gets(403, method, f"/sessions/{stranger.id}{rest}")


@pytest.mark.parametrize(
    "query",
    ["", "?project_id=q", "?project_id=nope", "?all=true", "?project_id=q&project_id=p", "?project_id="],
)
async def test_a_list_is_of_its_own_project_alone(holder: Holder, query: str) -> None:
    for method in ("GET", "HEAD"):
        await holder.gets(403, method, f"/sessions{query}")


async def test_a_list_of_two_projects_is_none(holder: Holder) -> None:
    assert "2 times" in await holder.gets(400, "GET", "/sessions?project_id=p&project_id=q")


async def test_an_agent_spawns_nowhere_else(holder: Holder, supervisor: Supervisor) -> None:
    words = await holder.gets(403, "POST", "/sessions", json={"project_id": "q", "prompt": "x"})

    assert "name the project p" in words
    assert len(supervisor.list(ended=True)) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/projects"),
        ("GET", "/api/v1/projects/q/issues"),
        ("GET", "/api/v1/system"),
        ("GET", "/api/v1/budgets"),
        ("GET", "/api/v1/spend"),
        ("GET", "/api/v1/approvals"),
        ("GET", "/api/v1/notifiers"),
        ("POST", "/api/v1/notifiers/n/test"),
        ("POST", "/api/v1/login-codes"),
        ("POST", "/api/v1/prune"),
        ("POST", "/api/v1/projects/p/issues"),
        ("GET", "/metrics"),
        ("GET", "/nope"),
        ("OPTIONS", "/api/v1/sessions"),
        ("OPTIONS", "/api/v1/login-codes"),
        ("PUT", "/api/v1/sessions"),
        ("DELETE", "/api/v1/sessions"),
    ],
)
async def test_everything_else_is_for_operators(holder: Holder, method: str, path: str) -> None:
    assert (await holder.asks(method, path)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/events",
        "/api/v1//events",
        "/api/v1/sessions/../events",
        "/api/v1/sessions/%2e%2e/events",
        "/api/v1/sessions%2F..%2Fevents",
        "/api/v1/sessions/{own}/../../events",
        "/api/v1/sessions/{own}%2F..%2F{other}",
        "/api/v1/sessions/{own}/../{other}",
        "/api/v1/sessions/{other}%2Foutput",
        "/api/v1/sessions/{other}/",
        "/api/v1/sessions/{other}%00",
        "/api/v1/sessions/{other}%0A",
        "/api/v1/sessions/{other};{own}",
        "/API/v1/sessions/{other}",
        "/mcp/../api/v1/events",
        "/mcp/",
    ],
)
async def test_no_way_of_writing_a_path_leads_elsewhere(
    holder: Holder, supervisor: Supervisor, path: str
) -> None:
    other = await supervisor.spawn(Order(Q, prompt="x"))
    path = path.format(own=holder.id, other=other.id)

    for method in ("GET", "HEAD", "POST", "DELETE"):
        answer = await holder.asks(method, path)
        assert answer.status_code in {400, 403, 404, 405}, (method, path)
    assert supervisor.get(other.id).phase == "Running"


# Keys of others.


async def test_what_another_project_was_answered_under_a_key_is_not_given_out(
    holder: Holder, supervisor: Supervisor, world: World
) -> None:
    key, order = {"Idempotency-Key": "k"}, {"project_id": "q", "prompt": "x"}
    stranger = await hold(supervisor, world, holder.client, Q)
    await stranger.gets(200, "POST", "/sessions", json=order, headers=key)

    await holder.gets(403, "POST", "/sessions", json=order, headers=key)
    own = await holder.gets(200, "POST", "/sessions", json={**order, "project_id": "p"}, headers=key)
    assert own["project_id"] == "p"
