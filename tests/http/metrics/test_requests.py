"""How long requests take: by the route's rule, so that nobody can make up labels."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import trio.testing
from fakes import World
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from sampled import Samples, labelled, read, value
from talk import OWN, ask, spawn
from trio.testing import MockClock

from ennio.supervisor import Config, Supervisor

Scrape = Callable[[], Awaitable[Samples]]
COUNT = "ennio_http_request_duration_seconds_count"
SUM = "ennio_http_request_duration_seconds_sum"


async def test_a_request_is_measured_by_the_rule_of_its_route(
    client: HttpClient, scrape: Scrape, world: World, autojump_clock: MockClock
) -> None:
    world.launch_takes = 2.0
    session = await spawn(client)
    for _ in range(3):
        await ask(client, "GET", session)
    samples = await scrape()
    spawned = {"method": "POST", "route": "/api/v1/sessions", "status": "200"}
    assert value(samples, COUNT, **spawned) == 1
    assert value(samples, SUM, **spawned) == pytest.approx(2, abs=0.5)
    assert value(samples, COUNT, method="GET", route="/api/v1/sessions/<session>", status="200") == 3


async def test_what_nobody_knows_makes_no_labels_of_its_own(client: HttpClient, scrape: Scrape) -> None:
    for number in range(20):
        await client.get(f"/api/v1/no-such-{number}", headers=OWN)
        await client.open("/api/v1/sessions", method=f"MADEUP{number}", headers=OWN)
        await ask(client, "GET", f"/sessions/p-{number}", 404)
    samples = await scrape()
    made = [labels for labels in labelled(samples, COUNT) if labels["route"] != "/metrics"]
    assert {labels["method"] for labels in made} == {"GET", "other"}
    assert {labels["route"] for labels in made} == {"none", "/api/v1/sessions/<session>"}
    assert len(made) <= 4


async def test_refusals_of_the_gate_are_measured_too(
    client_of: Callable[[Config], HttpClient], config: Config
) -> None:
    client = client_of(replace(config, api_token=SecretStr("secret")))
    assert (await client.get("/api/v1/sessions", headers=OWN)).status_code == 401
    token: dict[str, Any] = {**OWN, "Authorization": "Bearer secret"}
    samples = read(await (await client.get("/metrics", headers=token)).get_data(as_text=True))
    assert value(samples, COUNT, method="GET", route="/api/v1/sessions", status="401") == 1


async def test_how_long_a_stream_is_open_is_no_latency(
    client: HttpClient, scrape: Scrape, supervisor: Supervisor
) -> None:
    async with client.request("/api/v1/events", headers=OWN) as stream:
        await stream.send_complete()
        assert await stream.receive()
        await trio.testing.wait_all_tasks_blocked()
        assert value(await scrape(), "ennio_feed_readers") == 1
        supervisor.feed.close()
    samples = await scrape()
    assert "/api/v1/events" not in {labels["route"] for labels in labelled(samples, COUNT)}
