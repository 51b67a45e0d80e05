"""What was spent, by day and project, over HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import trio
from quart.typing import TestClientProtocol as HttpClient
from talk import ask, spawn
from trio.testing import MockClock
from turn_taking import TurnWorld

from ennio.supervisor import Project, ProjectId
from ennio.supervisor.ledger import Ledger


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery, model="a-model-without-a-price")


@pytest.fixture
def projects(projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    return {name: replace(project, ledger=Ledger(())) for name, project in projects.items()}


async def test_each_project_has_a_row_for_each_day_on_which_it_spent(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    assert await ask(client, "GET", "/spend") == []
    for project in ("q", "p"):
        session = await spawn(client, project=project)
        await ask(client, "POST", f"{session}/send", json={"message": "cost 0.25"})
    second = await spawn(client, "cost 0.000000001")
    await trio.sleep(30)
    await ask(client, "DELETE", second)
    rows = await ask(client, "GET", "/spend?days=1")

    assert [list(row) for row in rows] == [["day", "project_id", "cost_usd"]] * 2
    today = datetime.now(UTC).date()
    assert {row["day"] for row in rows} <= {str(today), str(today - timedelta(days=1))}
    assert [(row["project_id"], Decimal(row["cost_usd"])) for row in rows] == [
        ("p", Decimal("0.250000001")),
        ("q", Decimal("0.25")),
    ]
    assert "E" not in rows[0]["cost_usd"]
    assert await ask(client, "GET", "/spend?days=366") == rows


async def test_what_a_forgotten_session_has_spent_stays(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "cost 0.5")
    await trio.sleep(30)
    rows = await ask(client, "GET", "/spend")
    await ask(client, "DELETE", session)
    await ask(client, "POST", "/prune", json={"days": 0})

    assert await ask(client, "GET", "/sessions?all=true") == []
    assert await ask(client, "GET", "/spend") == rows != []


@pytest.mark.parametrize("days", ["0", "367", "-1", "1.5", "", "x", "1&days=2"])
async def test_days_are_a_whole_number_of_at_most_a_year(client: HttpClient, days: str) -> None:
    assert "days" in await ask(client, "GET", f"/spend?days={days}", 400)
