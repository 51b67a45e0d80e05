"""A request that is wrong in several ways is refused for one of them, always the same, whatever the call."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from talk import BASE, OWN
from trio.testing import MockClock
from turn_taking import Mute, TurnWorld

from ennio.supervisor import Config, Project, ProjectId, Supervisor
from ennio.supervisor.config import Budget
from ennio.supervisor.ledger import Ledger

TOKEN = {"Authorization": "Bearer s3cret"}
JSON = {"Content-Type": "application/json"}
BUDGET = Budget("project", "daily", Decimal(1), ProjectId("p"))
CALLS = ["/sessions/{}/send", "/sessions/{}/approvals/a1"]
BODIES = {CALLS[0]: b'{"message": "x"}', CALLS[1]: b'{"decision": "allow"}'}


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


@pytest.fixture
def projects(projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    ledger = Ledger((BUDGET,))
    return {name: replace(project, ledger=ledger) for name, project in projects.items()}


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, api_token=SecretStr("s3cret"))


@pytest.mark.parametrize("call", CALLS)
async def test_the_order_of_refusals_before_the_session_is_asked(
    client: HttpClient, supervisor: Supervisor, call: str, autojump_clock: MockClock
) -> None:
    """Each line rights what the one above was refused for, and leaves the rest wrong."""
    session = await _spawned(client, "ask")
    huge, path = b"x" * ((1 << 20) + 1), call.format(session)
    unknown, wrong = call.format("p-nope"), {"Content-Type": "text/plain"}

    async def code(path: str, body: bytes, headers: dict[str, str], method: str = "POST") -> int:
        answer = await client.open(BASE + path, method=method, data=body, headers=headers)
        return int(answer.status_code)

    supervisor.recovering = True
    assert await code(unknown, huge, {"Host": "evil.example", **wrong}) == 403
    assert await code(unknown, huge, {**OWN, **wrong}) == 503
    supervisor.recovering = False
    assert await code(unknown, huge, {**OWN, **wrong}) == 401
    assert await code(unknown, huge, {**OWN, **TOKEN, **wrong}) == 404
    assert await code(path, huge, {**OWN, **TOKEN, **wrong}, "PUT") == 405
    assert await code(path, huge, {**OWN, **TOKEN, **wrong}) == 413
    assert await code(path, b"{", {**OWN, **TOKEN, **wrong}) == 415
    assert await code(path, b"{", {**OWN, **TOKEN, **JSON}) == 400
    assert await code(f"{path}?timeout=x", BODIES[call], {**OWN, **TOKEN, **JSON}) == 400
    assert await code(path, BODIES[call], {**OWN, **TOKEN, **JSON}) == 200


@pytest.mark.parametrize("call", CALLS)
async def test_a_malformed_session_id_comes_after_the_type_of_the_body(client: HttpClient, call: str) -> None:
    path = call.format("a%20b")
    for headers, expected in (({"Content-Type": "text/plain"}, 415), (JSON, 400)):
        answer = await client.post(BASE + path, data=b"{", headers={**OWN, **TOKEN, **headers})
        assert answer.status_code == expected


async def test_an_approval_that_nobody_waits_for_comes_before_a_wrong_body(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await _spawned(client, "ask")
    for name, headers, expected in (
        ("a9", {"Content-Type": "text/plain"}, 404),
        ("a%209", {"Content-Type": "text/plain"}, 415),
        ("a%209", JSON, 400),
    ):
        path = f"{BASE}/sessions/{session}/approvals/{name}"
        answer = await client.post(path, data=b"{", headers={**OWN, **TOKEN, **headers})
        assert answer.status_code == expected


async def test_a_spent_budget_comes_after_a_wrong_body_and_before_a_full_mailbox(
    client: HttpClient, world: TurnWorld, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    """402, 429, 409: what a budget forbids is refused before the mailbox or the agent is looked at."""
    spender = await _spawned(client, "cost 0.5")
    world.speaks = Mute
    session = await _spawned(client, "work")
    for _ in range(255):
        assert await _send(client, session) == 200
    assert await _send(client, session) == 429
    assert await _send(client, spender, "cost 0.75") == 200
    await trio.sleep(5)
    assert await _send(client, session, "") == 400
    assert await _send(client, session) == 402
    world.agents[1].end_all()
    await trio.sleep(1)
    assert await _send(client, session) == 402


async def test_a_shutdown_refuses_whatever_changes_something(
    client: HttpClient, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    session = await _spawned(client, "ask")
    supervisor.closing = True
    for call in CALLS:
        path = BASE + call.format(session)
        answer = await client.post(path, data=BODIES[call], headers={**OWN, **TOKEN, **JSON})
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    for path in ("messages", "approvals", "why"):
        answer = await client.get(f"{BASE}/sessions/{session}/{path}", headers={**OWN, **TOKEN})
        assert answer.status_code == 200


async def _spawned(client: HttpClient, prompt: str) -> str:
    body = {"project_id": "p", "prompt": prompt}
    answer = await client.post(f"{BASE}/sessions", json=body, headers={**OWN, **TOKEN})
    assert answer.status_code == 200
    await trio.sleep(1)
    return str((await answer.get_json())["data"]["id"])


async def _send(client: HttpClient, session: str, text: str = "x") -> int:
    path = f"{BASE}/sessions/{session}/send"
    answer = await client.post(path, json={"message": text}, headers={**OWN, **TOKEN})
    return int(answer.status_code)
