"""GET /metrics: who gets it, in what form, and how the server stands at that moment."""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import trio
import trio.testing
from fakes import World
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from sampled import Samples, labelled, read, value
from talk import OWN, ask, spawn
from trio.testing import MockClock

from ennio.http.metrics import Metrics, standing
from ennio.http.metrics.lag import LoopLag
from ennio.supervisor import Call, Config, Phase, ProjectId, SessionId, SessionRecord, Supervisor, status
from ennio.supervisor.events import now
from ennio.supervisor.review import RULES
from ennio.supervisor.stores.memory import MemoryStore

Scrape = Callable[[], Awaitable[Samples]]
TOLD = ("NoSuchType", "text/plain", "application/openmetrics-text; version=nonsense", "*/*;q=")


async def test_it_needs_the_token_and_tells_nobody_else_anything(
    client_of: Callable[[Config], HttpClient], config: Config
) -> None:
    client = client_of(replace(config, api_token=SecretStr("secret")))
    assert (await client.get("/metrics", headers=OWN)).status_code == 401
    wrong = {**OWN, "Authorization": "Bearer wrong"}
    assert (await client.get("/metrics", headers=wrong)).status_code == 401
    right = {**OWN, "Authorization": "Bearer secret"}
    assert (await client.get("/metrics", headers=right)).status_code == 200
    foreign = {**right, "Host": "evil.example"}
    assert (await client.get("/metrics", headers=foreign)).status_code == 403


@pytest.mark.parametrize("accepted", TOLD)
async def test_it_is_prometheus_text_whatever_is_asked_for(client: HttpClient, accepted: str) -> None:
    answer = await client.get("/metrics", headers={**OWN, "Accept": accepted})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert read(await answer.get_data(as_text=True))


async def test_how_all_sessions_stand_is_told_at_that_moment(
    client: HttpClient, scrape: Scrape, world: World, autojump_clock: MockClock
) -> None:
    for project in ("p", "p", "q"):
        await spawn(client, project=project)
    world.terminals[0].die(3)
    await trio.sleep(1)
    samples = await scrape()
    active = {
        (labels["project"], labels["status"]): value(samples, "ennio_sessions_active", **labels)
        for labels in labelled(samples, "ennio_sessions_active")
    }
    assert {where: number for where, number in active.items() if number} == {
        ("p", "Working"): 1,
        ("p", "Exited"): 1,
        ("q", "Working"): 1,
    }
    assert {status for _, status in active} == set(standing.STATUSES)
    await ask(client, "DELETE", f"/sessions/{world.terminals[2].launch.hold.session_id}")
    assert value(await scrape(), "ennio_sessions_active", project="q", status="Working") == 0


def test_every_status_of_a_session_that_is_not_ended_is_told() -> None:
    born = SessionRecord(SessionId("p-1"), ProjectId("p"), "fake", now())
    words = {status(replace(born, phase=phase)) for phase in Phase} | {stage for stage, _ in RULES}
    assert set(standing.STATUSES) == words - {"Merged", "Done", "Killed"}
    assert len(standing.STATUSES) == len(set(standing.STATUSES))


async def test_what_this_server_is_is_told(scrape: Scrape) -> None:
    samples = await scrape()
    assert value(samples, "ennio_build_info", version=version("ennio")) == 1
    assert value(samples, "ennio_containment_info", containment="best-effort") == 1
    assert value(samples, "ennio_ready") == 1
    assert value(samples, "ennio_notices_waiting") == 0
    assert value(samples, "ennio_mailbox_depth") == 0
    assert value(samples, "ennio_mailbox_depth_max") == 0


async def test_trouble_with_the_database_is_told(scrape: Scrape, store: MemoryStore) -> None:
    for trouble, told in ((None, 0), ("the disk is full", 1), (None, 0)):
        store.trouble = trouble
        assert value(await scrape(), "ennio_database_trouble") == told


async def test_a_server_that_is_closing_says_so_and_is_still_asked(
    client: HttpClient, scrape: Scrape, supervisor: Supervisor
) -> None:
    await supervisor.close(1)
    assert value(await scrape(), "ennio_ready") == 0
    assert (await client.get("/ready", headers=OWN)).status_code == 503


async def test_while_it_takes_over_there_are_none(client: HttpClient, supervisor: Supervisor) -> None:
    supervisor.recovering = True
    assert (await client.get("/metrics", headers=OWN)).status_code == 503
    assert (await client.get("/ready", headers=OWN)).status_code == 503
    assert (await client.get("/api/v1/health", headers=OWN)).status_code == 200


async def test_calls_of_plugins_are_counted_by_their_end_and_timed_whatever_that_was() -> None:
    measured = Metrics()
    for outcome, seconds in (("ok", 0.5), ("failed", 1.5), ("ok", 1.0)):
        measured.called(Call("scm", "github", "look", seconds, outcome))  # type: ignore[arg-type]
    samples = read((await measured.text()).decode())
    what = {"kind": "scm", "plugin": "github", "method": "look"}
    assert value(samples, "ennio_plugin_calls_total", outcome="ok", **what) == 2
    assert value(samples, "ennio_plugin_calls_total", outcome="failed", **what) == 1
    assert value(samples, "ennio_plugin_call_duration_seconds_sum", **what) == 3
    assert value(samples, "ennio_plugin_call_duration_seconds_count", **what) == 3


async def test_a_loop_that_is_held_up_is_seen_once(nursery: trio.Nursery) -> None:
    registry = CollectorRegistry()
    lag = LoopLag(registry)
    nursery.start_soon(lag.run_forever)
    await trio.testing.wait_all_tasks_blocked()
    time.sleep(0.35)  # noqa: ASYNC251 it is to be held up
    await trio.sleep(0.01)
    name = "ennio_event_loop_lag_max_seconds"
    largest = value(read(generate_latest(registry).decode()), name)
    assert largest is not None
    assert 0.08 < largest < 5
    assert value(read(generate_latest(registry).decode()), name) == 0


async def test_no_series_has_a_second_one_for_when_it_was_made() -> None:
    assert b"_created" not in await Metrics().text()


async def test_every_metric_is_documented_and_no_other(scrape: Scrape, client: HttpClient) -> None:
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()
    rows = re.findall(r"^\| `(ennio_\w+)` \| (\w+) \|([^|]*)\|", page, re.MULTILINE)
    told = {(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    text = await (await client.get("/metrics", headers=OWN)).get_data(as_text=True)
    there = re.findall(r"^# TYPE (ennio_\w+) (\w+)$", text, re.MULTILINE)
    assert {(name, kind) for name, kind, _ in told} == set(there)
    assert len(rows) == len(there)
    labels = {name: labels for name, _, labels in told}
    for name in await scrape():
        family = re.sub(r"_(bucket|sum|count)$", "", name[0])
        if family.startswith("ennio_"):
            assert {label for label, _ in name[1]} - {"le"} == labels[family], family
