"""Who holds the token of an agent, and for how long."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import trio
from asking import Q
from fakes import World
from granting import KEY, OWN, Holder, begin, end, granting, hold
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from trio.testing import MockClock
from werkzeug.datastructures import Headers

from ennio.http.app import create_app
from ennio.supervisor import Config, Project, ProjectId, SessionId, Supervisor, Timeouts
from ennio.supervisor.grants import Grants
from ennio.supervisor.records import Order
from ennio.supervisor.stores.memory import MemoryStore

API_TOKEN = "the-operators"


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, api_token=SecretStr(API_TOKEN))


@pytest.fixture
def projects(projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    return granting(projects)


@pytest.fixture
async def supervisor(
    nursery: trio.Nursery, projects: dict[ProjectId, Project], store: MemoryStore, timeouts: Timeouts
) -> Supervisor:
    return await begin(nursery, projects, store, timeouts)


@pytest.fixture
async def holder(supervisor: Supervisor, world: World, client: HttpClient) -> Holder:
    return await hold(supervisor, world, client)


@pytest.fixture
def heir(
    holder: Holder,
    config: Config,
    projects: dict[ProjectId, Project],
    store: MemoryStore,
    timeouts: Timeouts,
    nursery: trio.Nursery,
) -> Callable[[bool], Awaitable[Holder]]:
    """Start the next server, whose agents may supervise others or not; return the same holder before it."""

    async def start(may: bool) -> Holder:
        server = await begin(nursery, granting(projects, may=may), store, timeouts)
        return replace(holder, client=create_app(server, config).test_client())

    return start


async def test_it_ends_when_its_session_is_killed_and_what_it_spawned_goes_on(
    holder: Holder, supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    child = await holder.spawns()
    await supervisor.kill(holder.id)

    for method, path in (("GET", child), ("DELETE", child), ("GET", "/sessions?project_id=p")):
        assert "wrong" in await holder.gets(401, method, path)
    await holder.gets(401, "POST", "/sessions", json={"project_id": "p", "prompt": "x"})
    operator = replace(holder, token=API_TOKEN)
    session = await operator.gets(200, "GET", child)
    assert (session["parent"], session["status"]) == (holder.id, "Working")


async def test_it_ends_when_its_session_is_done_and_is_good_again_when_that_is_restored(
    holder: Holder, supervisor: Supervisor, world: World, autojump_clock: MockClock
) -> None:
    child = await holder.spawns()
    await end(world.terminals[0], 0)
    assert supervisor.get(holder.id).phase == "Done"
    await holder.gets(401, "GET", child)

    await supervisor.restore(holder.id)
    assert world.terminals[-1].launch.env["ENNIO_TOKEN"] == holder.token
    assert (await holder.gets(200, "GET", child))["parent"] == holder.id
    assert await holder.gets(200, "DELETE", child) == "killed"


async def test_it_stays_while_its_session_can_be_restored(
    holder: Holder, supervisor: Supervisor, world: World, autojump_clock: MockClock
) -> None:
    await end(world.terminals[0], 1)
    assert supervisor.get(holder.id).phase == "Exited"

    assert await holder.gets(200, "GET", f"/sessions/{holder.id}")


async def test_what_was_spawned_gets_none_when_it_is_restored_either(
    holder: Holder, supervisor: Supervisor, world: World, autojump_clock: MockClock
) -> None:
    child = SessionId((await holder.spawns()).rpartition("/")[2])
    await end(world.terminals[-1], 1)
    await supervisor.restore(child)

    assert not {"ENNIO_TOKEN", "ENNIO_URL"} & world.terminals[-1].launch.env.keys()


async def test_it_is_as_good_and_as_narrow_with_the_next_server(
    holder: Holder, heir: Callable[[bool], Awaitable[Holder]]
) -> None:
    child = await holder.spawns()

    later = await heir(True)
    assert (await later.gets(200, "GET", child))["parent"] == holder.id
    await later.gets(403, "GET", "/events")
    await later.gets(403, "DELETE", f"/sessions/{holder.id}")


async def test_it_is_none_once_its_project_does_not_let_agents_supervise(
    holder: Holder, heir: Callable[[bool], Awaitable[Holder]]
) -> None:
    await (await heir(False)).gets(401, "GET", f"/sessions/{holder.id}")


async def test_one_that_we_did_not_make_is_none(holder: Holder, supervisor: Supervisor) -> None:
    other = await supervisor.spawn(Order(Q, prompt="x"))
    proof = holder.token.rpartition(".")[2]
    forged = [
        f"ennio-{other.id}.{proof}",
        f"ennio-{holder.id}.",
        f"ennio-{holder.id}",
        f"{holder.id}.{proof}",
        holder.token[:-1],
        f"{holder.token}0",
        holder.token.upper(),
        Grants(b"x" * 32).token_of(holder.id),
        Grants(KEY).token_of(SessionId("p-nobody")),
        f"ennio-{holder.id}.{proof}.{proof}",
        "ennio-\xff.x",
    ]
    for token in forged:
        await replace(holder, token=token).gets(401, "GET", f"/sessions/{holder.id}")


async def test_two_at_once_are_none(holder: Holder) -> None:
    for tokens in ((holder.token, API_TOKEN), (API_TOKEN, holder.token), (holder.token, holder.token)):
        twice = [("Authorization", f"Bearer {token}") for token in tokens]
        answer = await holder.client.get("/api/v1/sessions", headers=Headers([*OWN.items(), *twice]))
        assert answer.status_code == 401


async def test_it_opens_health_and_ready_as_none_does(holder: Holder) -> None:
    for path in ("/api/v1/health", "/ready"):
        assert (await holder.asks("GET", path)).status_code == 200


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_it_is_no_way_around_the_rules_for_hosts_and_origins(
    holder: Holder, header: dict[str, str], supervisor: Supervisor
) -> None:
    order = {"project_id": "p", "prompt": "x"}
    await holder.gets(403, "POST", "/sessions", json=order, headers=header)
    supervisor.closing = True
    await holder.gets(503, "POST", "/sessions", json=order)
    supervisor.recovering = True
    await holder.gets(503, "GET", f"/sessions/{holder.id}")
    assert len(supervisor.list(ended=True)) == 1
