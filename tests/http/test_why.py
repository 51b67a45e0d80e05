"""Why a session is said to be what it is, over HTTP."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import trio
from quart.typing import TestClientProtocol as HttpClient
from talk import ask, spawn
from trio.testing import MockClock
from turn_taking import TurnWorld


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def why(client: HttpClient, session: str) -> Any:
    return await ask(client, "GET", f"{session}/why")


async def test_a_session_that_waits_says_for_what_and_what_was_seen(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "ask")
    await trio.sleep(1)
    reasons = await why(client, session)
    assert list(reasons) == ["status", "status_reason", "activity", "activity_reason", "evidence"]
    assert (reasons["status"], reasons["status_reason"]) == ("Working", None)
    assert reasons["activity"] == "WaitingInput"
    assert reasons["activity_reason"] == "waits for approval of Bash: rm -rf q1-0"
    seen = [each["what"] for each in reasons["evidence"]]
    assert "it took a message up" in seen
    assert "it asked for Bash: rm -rf q1-0" in seen
    assert any("was spawned" in what for what in seen), "its history is evidence too"


async def test_evidence_is_in_the_order_in_which_it_was_seen(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    await trio.sleep(10)
    evidence = (await why(client, session))["evidence"]
    assert all(list(each) == ["at", "what"] and each["at"].endswith("Z") for each in evidence)
    moments = [datetime.fromisoformat(each["at"]) for each in evidence]
    assert len(moments) > 3
    assert moments == sorted(moments)


async def test_it_says_the_same_as_the_session_whatever_that_does(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "sleep 1000")
    for _ in range(3):
        await trio.sleep(50)
        shown, reasons = await ask(client, "GET", session), await why(client, session)
        assert reasons["activity"] == shown["activity"]
        assert reasons["activity_reason"] == shown["activity_reason"]
    assert reasons["activity"] == "Blocked"
    assert "has said nothing for 60 s in mid-turn" in reasons["activity_reason"]


async def test_an_end_has_its_reason(client: HttpClient, world: TurnWorld, autojump_clock: MockClock) -> None:
    session = await spawn(client, "die 3")
    await trio.sleep(1)
    world.agents[0].end_all()
    await trio.sleep(1)
    reasons = await why(client, session)
    assert (reasons["status"], reasons["activity"]) == ("Exited", "Exited")
    assert "3" in reasons["status_reason"]


async def test_a_long_history_is_given_in_part(client: HttpClient, autojump_clock: MockClock) -> None:
    session = await spawn(client)
    for _ in range(40):
        await ask(client, "POST", f"{session}/send?wait=accepted", json={"message": "work"})
    assert len(await ask(client, "GET", f"{session}/events")) > 50
    evidence = (await why(client, session))["evidence"]
    assert len(evidence) <= 50 + 64
    assert not any("was spawned" in each["what"] for each in evidence)


async def test_a_killed_session_still_says_why(client: HttpClient, autojump_clock: MockClock) -> None:
    session = await spawn(client)
    await ask(client, "DELETE", session)
    reasons = await why(client, session)
    assert (reasons["status"], reasons["status_reason"]) == ("Killed", "killed by an operator")


@pytest.mark.parametrize(("path", "status"), [("/sessions/p-nope", 404), ("/sessions/a%20b", 400)])
async def test_of_a_session_that_is_not_there_nothing_is_told(
    client: HttpClient, path: str, status: int
) -> None:
    await ask(client, "GET", f"{path}/why", status)
