"""Budgets and what sessions cost, over HTTP."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio
from quart.typing import TestClientProtocol as HttpClient
from talk import ask, spawn
from trio.testing import MockClock
from turn_taking import TurnWorld

from ennio.supervisor import Project, ProjectId
from ennio.supervisor.config import Budget
from ennio.supervisor.ledger import Ledger

FIELDS = [
    *("scope", "project_id", "period", "limit_usd", "spent_usd", "held_usd", "remaining_usd"),
    *("period_start", "period_end"),
]
DECIMAL = re.compile(r"\d+(\.\d+)?")
BUDGETS = (
    Budget("global", "monthly", Decimal(100), reserve_usd=Decimal(5)),
    Budget("project", "daily", Decimal("2.50"), ProjectId("p"), reserve_usd=Decimal("0.5")),
    Budget("session", "total", Decimal(1)),
)


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery, model="a-model-without-a-price")


@pytest.fixture
def projects(projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    ledger = Ledger(BUDGETS)
    return {name: replace(project, ledger=ledger) for name, project in projects.items()}


async def spent(client: HttpClient, amount: str) -> str:
    """Have a session spend so much, and return it."""
    session = await spawn(client, f"cost {amount}")
    await trio.sleep(5)
    return session


async def test_a_budget_is_shown_in_decimals_as_strings(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    await spent(client, "0.0000005")
    for budget in await ask(client, "GET", "/budgets"):
        assert list(budget) == FIELDS
        for name, value in budget.items():
            if name.endswith("_usd") and value is not None:
                assert isinstance(value, str)
                assert DECIMAL.fullmatch(value), f"{name} is {value}"


async def test_what_is_spent_counts_wherever_it_belongs(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    await spent(client, "0.25")
    other = await spawn(client, project="q")
    await ask(client, "POST", f"{other}/send", json={"message": "cost 0.5"})
    await trio.sleep(5)
    of_all, of_p, _ = await ask(client, "GET", "/budgets")

    def amounts(budget: dict[str, Any]) -> list[Decimal]:
        return [Decimal(budget[f"{name}_usd"]) for name in ("limit", "spent", "held", "remaining")]

    assert amounts(of_all) == [100, Decimal("0.75"), Decimal("9.25"), Decimal("99.25")]
    assert amounts(of_p) == [Decimal("2.5"), Decimal("0.25"), Decimal("0.25"), Decimal("2.25")]
    assert (of_p["scope"], of_p["project_id"], of_p["period"]) == ("project", "p", "daily")
    assert of_p["period_start"].endswith("T00:00:00Z")
    assert of_p["period_start"] < of_p["period_end"]
    assert (of_all["project_id"], of_all["scope"]) == (None, "global")


async def test_of_a_budget_that_each_session_has_nothing_is_told_together(client: HttpClient) -> None:
    *_, of_each = await ask(client, "GET", "/budgets")
    assert (of_each["scope"], of_each["limit_usd"], of_each["period"]) == ("session", "1", "total")
    absent = ("project_id", "spent_usd", "held_usd", "remaining_usd", "period_start", "period_end")
    assert [of_each[name] for name in absent] == [None] * 6


async def test_a_session_shows_what_it_used_and_cost(client: HttpClient, autojump_clock: MockClock) -> None:
    session = await ask(client, "GET", await spent(client, "0.25"))
    assert DECIMAL.fullmatch(session["cost_usd"])
    assert Decimal(session["cost_usd"]) == Decimal("0.25")
    assert (session["turns"], session["tokens_in"], session["tokens_out"]) == (1, 0, 15)
    assert (session["model"], session["conversation"]) == ("a-model-without-a-price", "c1")
    # The tokens come without a cost, and of a model that nobody has a price for.
    assert (session["cost_is_estimated"], session["cost_is_complete"]) == (False, False)


async def test_a_cost_that_is_reckoned_from_prices_says_so(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    world.model = "claude-opus-4-5"
    session = await spawn(client)
    await trio.sleep(5)
    shown = await ask(client, "GET", session)
    assert Decimal(shown["cost_usd"]) > 0
    assert (shown["cost_is_estimated"], shown["cost_is_complete"]) == (True, True)


async def test_a_session_that_used_nothing_cost_nothing(client: HttpClient) -> None:
    session = await ask(client, "GET", await spawn(client))
    assert Decimal(session["cost_usd"]) == 0
    assert DECIMAL.fullmatch(session["cost_usd"])
    assert (session["tokens_in"], session["cost_is_estimated"], session["cost_is_complete"]) == (
        0,
        False,
        True,
    )


@pytest.mark.parametrize("what", ["spawn", "send", "restore"])
async def test_whatever_would_spend_from_a_spent_budget_is_refused_with_its_limit(
    client: HttpClient, world: TurnWorld, what: str, autojump_clock: MockClock
) -> None:
    other = await spawn(client, "sleep 1000")
    session = await spent(client, "2.75")
    if what == "restore":
        world.agents[1].end_all()
        await trio.sleep(1)
    calls: dict[str, tuple[str, Any]] = {
        "spawn": ("/sessions", {"project_id": "p", "prompt": "x"}),
        "send": (f"{other}/send", {"message": "x"}),
        "restore": (f"{session}/restore", {}),
    }
    path, body = calls[what]
    words = await ask(client, "POST", path, 402, json=body)
    assert "the daily budget of project p is spent: 2.75 of 2.50 USD" in words
    await ask(client, "GET", session)
    await spawn(client, project="q")


async def test_what_is_held_for_those_that_run_is_not_given_to_a_new_one(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    for _ in range(5):
        await spawn(client)
    words = await ask(client, "POST", "/sessions", 402, json={"project_id": "p", "prompt": "x"})
    assert "no room for one more session" in words
    assert len(await ask(client, "GET", "/sessions")) == 5


async def test_budgets_are_only_read(client: HttpClient) -> None:
    await ask(client, "POST", "/budgets", 405, json={})


class TestWithoutBudgets:
    """A configuration that has none."""

    @pytest.fixture
    def projects(self, projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
        ledger = Ledger(())
        return {name: replace(project, ledger=ledger) for name, project in projects.items()}

    async def test_there_are_none_to_show(self, client: HttpClient) -> None:
        assert await ask(client, "GET", "/budgets") == []
