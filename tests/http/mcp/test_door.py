"""The server's own door: nobody gets to it past the gate, and who has passed has no more rights inside."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import trio
from asking import Q
from fakes import World
from granting import OWN, begin, granting, hold
from mcp.client import Client
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from tool_calls import call, refused
from trio.testing import MockClock
from werkzeug.datastructures import Headers

from ennio.http.app import create_app
from ennio.supervisor import Config, Project, ProjectId, Supervisor, Timeouts
from ennio.supervisor.records import Order
from ennio.supervisor.stores.memory import MemoryStore

TOKEN = "s3cret-t\u00f6ken"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list", "arguments": {}}}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
JSON = {"Accept": "application/json, text/event-stream"}


@pytest.fixture
def projects(projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    return granting(projects)


@pytest.fixture
async def supervisor(
    nursery: trio.Nursery, projects: dict[ProjectId, Project], store: MemoryStore, timeouts: Timeouts
) -> Supervisor:
    return await begin(nursery, projects, store, timeouts)


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, api_token=SecretStr(TOKEN))


@pytest.fixture
def http(supervisor: Supervisor, config: Config) -> HttpClient:
    return create_app(supervisor, config).test_client()


async def asked(http: HttpClient, status: int, headers: Any = None, method: str = "POST", **more: Any) -> Any:
    """Ask at the door, insist on the status, and return the answer's content."""
    given = headers if isinstance(headers, Headers) else {**OWN, **JSON, **(headers or {})}
    more = more or ({"json": LIST} if method == "POST" else {})
    answer = await http.open("/mcp", method=method, headers=given, **more)
    content = await answer.get_data(as_text=True)
    assert answer.status_code == status, content
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return json.loads(content) if content else None


def never(*_: object) -> None:
    raise AssertionError("the gate was passed")


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets past the gate fails the test."""
    monkeypatch.setattr("ennio.http.routes.mcp._door", never)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {}),
        (401, {"Authorization": "Bearer wrong"}),
        (401, {"Authorization": f"Basic {TOKEN}"}),
        (403, {**BEARER, "Host": "evil.example"}),
        (403, {**BEARER, "Origin": "https://evil.example"}),
        (403, {**BEARER, "Sec-Fetch-Site": "cross-site"}),
    ],
)
async def test_who_may_not_use_the_api_may_not_use_the_tools(
    http: HttpClient, status: int, headers: dict[str, str]
) -> None:
    content = await asked(http, status, headers)

    assert (set(content), content["code"]) == ({"error", "code"}, status)


@pytest.mark.usefixtures("closed")
async def test_a_token_given_twice_is_none(http: HttpClient) -> None:
    twice = Headers([*OWN.items(), *JSON.items(), *[("Authorization", f"Bearer {TOKEN}")] * 2])

    await asked(http, 401, twice)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("state", ["closing", "recovering"])
async def test_a_server_that_begins_or_ends_answers_no_tool(
    http: HttpClient, supervisor: Supervisor, state: str
) -> None:
    setattr(supervisor, state, True)

    await asked(http, 503, BEARER)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
async def test_nothing_but_post_is_taken(http: HttpClient, method: str) -> None:
    await asked(http, 401, method=method)
    await asked(http, 405, BEARER, method=method)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("path", ["/mcp/", "//mcp", "/mcp//", "/MCP", "/api/v1/mcp", "/mcp/x"])
async def test_it_has_one_way_of_writing_its_path(http: HttpClient, path: str) -> None:
    assert (await http.post(path, headers=OWN, json=LIST)).status_code == 401
    assert (await http.post(path, headers={**OWN, **BEARER}, json=LIST)).status_code == 404


@pytest.mark.usefixtures("closed")
async def test_a_body_keeps_to_the_rules_of_the_api(http: HttpClient) -> None:
    await asked(http, 413, {**BEARER, "Content-Type": "application/json"}, data=b"x" * (1 << 21))
    await asked(http, 415, {**BEARER, "Content-Type": "text/plain"}, data=b"{}")


async def test_what_is_no_call_is_refused_in_the_words_of_the_protocol(http: HttpClient) -> None:
    kind = {**BEARER, "Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"{}", b'{"jsonrpc":"2.0","id":1}', b"\xff", b"[" * 5000):
        content = await asked(http, 400, kind, data=body)
        assert content["jsonrpc"] == "2.0"
        assert "Traceback" not in content["error"]["message"]


async def test_with_the_token_of_the_api_everything_is_seen(http: HttpClient, supervisor: Supervisor) -> None:
    session = await supervisor.spawn(Order(Q, prompt="x"))

    answer = await asked(http, 200, BEARER)
    assert [one["id"] for one in answer["result"]["structuredContent"]["sessions"]] == [session.id]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_narrow_token_is_as_narrow_inside(
    connect: Callable[..., Any], http: HttpClient, supervisor: Supervisor, world: World, mode: str
) -> None:
    holder = await hold(supervisor, world, http)
    stranger = await supervisor.spawn(Order(Q, prompt="x"))
    async with connect(mode, Authorization=f"Bearer {holder.token}") as client:
        child = (await call(client, "spawn", project_id="p", prompt="help"))["session"]
        assert child["parent"] == holder.id
        assert (await call(client, "get", session_id=child["id"]))["session"]["parent"] == holder.id

        assert (await refused(client, "list"))[0] == 403
        assert (await refused(client, "spawn", project_id="q", prompt="x"))[0] == 403
        for session in (holder.id, stranger.id):
            assert (await refused(client, "kill", session_id=session))[0] == 403
            assert (await refused(client, "send", session_id=session, message="x"))[0] == 403
            answer = {"session_id": session, "approval_id": "a1", "decision": "allow"}
            assert (await refused(client, "approve", **answer))[0] == 403
        for tool in ("get", "read_output", "wait"):
            assert (await refused(client, tool, session_id=stranger.id))[0] == 403
        assert await call(client, "kill", session_id=child["id"]) == {"killed": child["id"]}
    assert {record.id for record in supervisor.list()} == {holder.id, stranger.id}


async def test_without_the_extra_it_says_how_to_get_it(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("mcp.", "ennio.http.mcp"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("ennio.http.mcp", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)

    await asked(http, 401)
    content = await asked(http, 404, BEARER)
    assert "pip install 'ennio[mcp]'" in content["error"]


async def test_a_client_that_leaves_undoes_its_spawn(
    connect: Callable[..., Any], supervisor: Supervisor, world: World, autojump_clock: MockClock
) -> None:
    world.launch_takes = 20
    client: Client
    with trio.move_on_after(5) as patience:
        async with connect(**BEARER) as client:
            await call(client, "spawn", project_id="p", prompt="x")
    await trio.sleep(30)

    assert patience.cancelled_caught
    assert supervisor.list(ended=True) == []


async def test_one_that_waits_holds_up_nobody(
    connect: Callable[..., Any], supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    session = (await supervisor.spawn(Order(ProjectId("p"), prompt="x"))).id
    async with connect(**BEARER) as client, trio.open_nursery() as nursery:
        begun = trio.current_time()
        for _ in range(20):
            nursery.start_soon(lambda: call(client, "wait", session_id=session, until=["Merged"], seconds=30))
        await trio.sleep(5)
        assert len((await call(client, "list"))["sessions"]) == 1
        assert trio.current_time() - begun == 5
    assert trio.current_time() - begun == 30
