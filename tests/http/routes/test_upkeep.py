"""Forgetting ended sessions, over a real supervisor on fakes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
from asking import spawn
from fakes import World
from quart.typing import TestClientProtocol as HttpClient
from trio.testing import MockClock

from ennio.supervisor import Config, SessionId, Supervisor
from ennio.supervisor.protocols import Removal

OWN = {"Host": "localhost"}
PRUNE = "/api/v1/prune"


@pytest.fixture
async def ended(supervisor: Supervisor, world: World, autojump_clock: MockClock) -> SessionId:
    """A session whose agent has finished, just now."""
    record = await spawn(supervisor)
    world.terminals[-1].die(0)
    await trio.sleep(1)
    return record.id


async def ask(client: HttpClient, status: int = 200, **body: Any) -> Any:
    answer = await client.post(PRUNE, headers=OWN, **body)
    content = await answer.get_json()
    assert answer.status_code == status, content
    return content["data" if status == 200 else "error"]


async def test_what_ended_is_forgotten_and_what_runs_is_not(
    client: HttpClient, supervisor: Supervisor, ended: SessionId
) -> None:
    running = await spawn(supervisor)

    assert await ask(client, json={"days": 0}) == {"pruned": [ended], "kept": []}

    assert [record.id for record in supervisor.list(ended=True)] == [running.id]
    gone = await client.get(f"/api/v1/sessions/{ended}", headers=OWN)
    assert gone.status_code == 404


async def test_work_that_nobody_committed_is_kept_with_its_session(
    client: HttpClient, supervisor: Supervisor, world: World, ended: SessionId
) -> None:
    world.removal = Removal(kept="2 files are uncommitted")

    assert await ask(client, json={"days": 0}) == {"pruned": [], "kept": [ended]}

    assert supervisor.get(ended).tree is not None


@pytest.mark.parametrize("days", [1, 0.5, 1e300, 10**99])
async def test_what_ended_later_than_that_stays(client: HttpClient, ended: SessionId, days: float) -> None:
    assert await ask(client, json={"days": days}) == {"pruned": [], "kept": []}


@pytest.fixture
def asked_before(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moments of all prunings; nothing is pruned."""
    moments: list[datetime] = []
    prune = supervisor.prune

    async def note(before: datetime) -> Any:
        moments.append(before)
        return await prune(datetime.min.replace(tzinfo=UTC))

    monkeypatch.setattr(supervisor, "prune", note)
    return moments


@pytest.mark.parametrize("body", [{}, {"json": {}}])
async def test_without_days_those_of_the_configuration_count(
    client_of: Callable[[Config], HttpClient],
    config: Config,
    asked_before: list[datetime],
    body: dict[str, Any],
) -> None:
    client = client_of(replace(config, retention_days=30))
    for more, days in ((body, 30), ({"json": {"days": 2}}, 2), ({"json": {"days": 0}}, 0)):
        await ask(client, **more)
        ago = datetime.now(UTC) - asked_before[-1]
        assert timedelta(0) <= ago - timedelta(days=days) < timedelta(minutes=1)


async def test_without_any_days_it_is_refused_and_nothing_is_forgotten(
    client: HttpClient, supervisor: Supervisor, ended: SessionId
) -> None:
    assert "[retention] days" in await ask(client, 400)
    assert supervisor.get(ended)


@pytest.mark.parametrize("days", ["-1", "-0.001", '"1"', "true", "null", "NaN", "1e999", "[]"])
async def test_days_are_a_number_of_0_or_more(
    client_of: Callable[[Config], HttpClient], config: Config, asked_before: list[datetime], days: str
) -> None:
    client = client_of(replace(config, retention_days=30))
    body = {"data": f'{{"days": {days}}}', "headers": {**OWN, "Content-Type": "application/json"}}
    answer = await client.post(PRUNE, **body)
    assert answer.status_code == 400
    assert asked_before == []


async def test_other_fields_and_other_kinds_are_refused(client: HttpClient) -> None:
    assert "there are: days" in await ask(client, 400, json={"days": 1, "force": True})
    await ask(client, 415, data=b"days=1")
