"""Messages over HTTP, to agents that take turns and to those that do not."""

from pathlib import Path
from typing import Any

import pytest
import trio
from fakes import World
from quart.typing import TestClientProtocol as HttpClient
from talk import ask, asked, spawn
from trio.testing import MockClock
from turn_taking import Mute, TurnWorld

FIELDS = ["id", "text", "mode", "state", "reason", "created_at"]


@pytest.fixture
def world(nursery: trio.Nursery, tmp_path: Path) -> TurnWorld:
    return TurnWorld(folder=str(tmp_path), life=nursery)


async def send(client: HttpClient, session: str, text: str = "hi", query: str = "", **more: Any) -> str:
    """Send a message and return its id."""
    headers = more.pop("headers", {})
    body = {"message": text, **more}
    answer = await asked(client, "POST", f"{session}/send{query}", json=body, headers=headers)
    assert (await answer.get_json())["data"] == "sent"
    return answer.headers["Ennio-Message-Id"]


async def sent(client: HttpClient, session: str) -> list[Any]:
    """Return the messages of a session after its prompt, which is the first."""
    _, *rest = await ask(client, "GET", f"{session}/messages")
    return rest


async def states(client: HttpClient, session: str) -> list[str]:
    return [message["state"] for message in await sent(client, session)]


async def test_a_message_has_a_receipt_that_comes_further(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    await trio.sleep(0.5)  # it is in its first turn
    one = await send(client, session, "And its\ntests")

    (message,) = await sent(client, session)
    assert list(message) == FIELDS
    assert (message["id"], message["text"], message["mode"]) == (one, "And its\ntests", "queue")
    assert (message["state"], message["reason"]) == ("queued", None)
    assert message["created_at"].endswith("Z")

    await trio.sleep(10)
    assert await states(client, session) == ["accepted"]


async def test_waiting_for_acceptance_answers_when_the_agent_has_taken_it_up(
    client: HttpClient, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    await trio.sleep(0.5)
    await send(client, session, query="?wait=accepted")
    assert await states(client, session) == ["accepted"]


async def test_a_message_that_is_not_taken_up_in_time_stays(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    world.speaks = Mute
    session = await spawn(client)
    words = await ask(client, "POST", f"{session}/send?wait=accepted&timeout=2", 504, json={"message": "hi"})
    assert "it is queued as m2, and will be given to the agent" in words
    assert await states(client, session) == ["queued"]


@pytest.mark.parametrize("wait", ["", "true", "written", "ACCEPTED", "accepted&wait=accepted"])
async def test_nothing_else_can_be_waited_for(client: HttpClient, wait: str) -> None:
    session = await spawn(client)
    words = await ask(client, "POST", f"{session}/send?wait={wait}", 400, json={"message": "hi"})
    assert "wait" in words
    assert await states(client, session) == []


@pytest.mark.parametrize(
    "body",
    [
        {"message": "x", "mode": "shout"},
        {"message": "x", "mode": ""},
        {"message": "x", "mode": None},
        {"message": " "},
        {"mode": "steer"},
        {"message": "x", "wait": "accepted"},
    ],
)
async def test_a_wrong_body_sends_nothing(client: HttpClient, body: dict[str, Any]) -> None:
    session = await spawn(client)
    await ask(client, "POST", f"{session}/send", 400, json=body)
    assert await states(client, session) == []


async def test_a_steering_message_overtakes_what_waits(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "sleep 5")
    await trio.sleep(1)
    await send(client, session, "after")
    await send(client, session, "within", mode="steer")
    await trio.sleep(1)
    assert world.agents[0].steered == ["within"]
    assert [message["mode"] for message in await sent(client, session)] == ["queue", "steer"]


async def test_an_interrupting_message_breaks_the_turn_off(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "sleep 1000")
    await trio.sleep(1)
    await send(client, session, "no, this", query="?wait=accepted", mode="interrupt")
    assert world.agents[0].told == ["sleep 1000", "no, this"]


async def test_a_repeated_key_has_the_first_receipt_and_sends_nothing_twice(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session = await spawn(client)
    key = {"Idempotency-Key": "k1"}
    first = await send(client, session, "once", headers=key)
    assert await send(client, session, "another") != first
    for query in ("", "?wait=accepted"):
        assert await send(client, session, "once", query, headers=key) == first
    await ask(client, "POST", f"{session}/send", 409, json={"message": "other"}, headers=key)
    await ask(client, "POST", f"{session}/send", 409, json={"message": "once", "mode": "steer"}, headers=key)
    await trio.sleep(10)
    assert world.told == {"work": 1, "once": 1, "another": 1}


async def test_a_full_mailbox_says_when_to_ask_again(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    world.speaks = Mute
    session = await spawn(client)
    for _ in range(255):  # its prompt waits too
        await send(client, session)
    answer = await asked(client, "POST", f"{session}/send", 429, json={"message": "x"})
    assert int(answer.headers["Retry-After"]) > 0
    assert len(await states(client, session)) == 255


async def test_of_a_killed_session_nothing_waits_any_more(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    world.speaks = Mute
    session = await spawn(client)
    await send(client, session)
    await ask(client, "DELETE", session)
    (message,) = await sent(client, session)
    assert message["state"] == "failed"
    assert message["reason"]
    assert "Killed" in await ask(client, "POST", f"{session}/send", 409, json={"message": "hi"})


async def test_what_waits_when_the_agent_ends_is_given_to_its_next_run(
    client: HttpClient, world: TurnWorld, autojump_clock: MockClock
) -> None:
    session = await spawn(client, "sleep 5")
    await trio.sleep(1)
    await send(client, session, "still wanted")
    world.agents[0].end_all()
    await trio.sleep(1)
    assert await states(client, session) == ["queued"]
    await ask(client, "POST", f"{session}/send", 409, json={"message": "more"})

    await ask(client, "POST", f"{session}/restore")
    await trio.sleep(5)
    assert await states(client, session) == ["accepted"]
    assert world.agents[1].told == ["still wanted"]


@pytest.mark.parametrize(("path", "status"), [("/sessions/p-nope", 404), ("/sessions/a%20b", 400)])
async def test_messages_are_those_of_a_session_that_is_known(
    client: HttpClient, path: str, status: int
) -> None:
    await ask(client, "GET", f"{path}/messages", status)
    await ask(client, "POST", f"{path}/send", status, json={"message": "x"})


class TestWithoutTurns:
    """An agent that speaks plain lines."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return World(folder=str(tmp_path))

    async def test_a_message_is_sent_when_it_is_written_and_no_more_will_be_known(
        self, client: HttpClient, world: World
    ) -> None:
        session = await spawn(client)
        for query in ("", "?wait=accepted"):
            await send(client, session, "hi", query)
        assert await states(client, session) == ["written", "written"]
        assert world.terminals[0].heard[-1] == b"hi\n"

    @pytest.mark.parametrize("mode", ["steer", "interrupt"])
    async def test_it_has_no_turn_to_get_into(self, client: HttpClient, mode: str) -> None:
        session = await spawn(client)
        words = await ask(client, "POST", f"{session}/send", 400, json={"message": "x", "mode": mode})
        assert "mode queue" in words
