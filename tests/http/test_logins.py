"""Getting in with a browser, over HTTP: how long that holds, and who cannot have it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import trio
from fakes import World
from granting import begin, granting, hold
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from talk import ask

from ennio.http.requests.passes import Passes
from ennio.supervisor import Config, Project, ProjectId, Supervisor, Timeouts
from ennio.supervisor.stores.memory import MemoryStore

API_TOKEN = {"Authorization": "Bearer the-operators"}
ClientOf = Callable[[Config], HttpClient]


class Clock:
    """A clock that a test sets; it begins at the first of the year."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("ennio.http.app.Passes", partial(Passes, clock))
    return clock


@pytest.fixture
def projects(projects: dict[ProjectId, Project]) -> dict[ProjectId, Project]:
    return granting(projects)


@pytest.fixture
async def supervisor(
    nursery: trio.Nursery, projects: dict[ProjectId, Project], store: MemoryStore, timeouts: Timeouts
) -> Supervisor:
    return await begin(nursery, projects, store, timeouts)


@pytest.fixture
def client(clock: Clock, client_of: ClientOf, config: Config) -> HttpClient:
    return client_of(replace(config, api_token=SecretStr("the-operators")))


async def code_of(client: HttpClient) -> str:
    made = await ask(client, "POST", "/login-codes", headers=API_TOKEN)
    return str(made["code"])


async def test_a_code_lasts_five_minutes_and_its_token_half_a_day(client: HttpClient, clock: Clock) -> None:
    made = await ask(client, "POST", "/login-codes", headers=API_TOKEN)
    assert (set(made), made["expires_at"]) == ({"code", "expires_at"}, "2026-01-01T00:05:00Z")
    clock.now += 299
    given = await ask(client, "POST", "/login", json={"code": made["code"]})
    assert (set(given), given["expires_at"]) == ({"token", "expires_at"}, "2026-01-01T12:04:59Z")

    browser = {"Authorization": f"Bearer {given['token']}"}
    clock.now += 12 * 3600 - 1
    await ask(client, "GET", "/sessions", headers=browser)
    clock.now += 1
    await ask(client, "GET", "/sessions", 401, headers=browser)


async def test_a_code_that_is_too_old_opens_nothing(client: HttpClient, clock: Clock) -> None:
    code = await code_of(client)
    clock.now += 300

    words = await ask(client, "POST", "/login", 401, json={"code": code})
    assert "`ennio dashboard` makes a new one" in words


async def test_a_code_opens_once_for_one_of_many(client: HttpClient) -> None:
    code, statuses = await code_of(client), list[int]()

    async def try_it() -> None:
        answer = await client.post("/api/v1/login", json={"code": code}, headers={"Host": "localhost"})
        statuses.append(answer.status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(try_it)
    assert sorted(statuses) == [200, 401, 401, 401, 401]


async def test_the_next_server_knows_neither_codes_nor_tokens(
    client: HttpClient, client_of: ClientOf, config: Config
) -> None:
    code, other = await code_of(client), await code_of(client)
    token = (await ask(client, "POST", "/login", json={"code": code}))["token"]
    next_one = client_of(replace(config, api_token=SecretStr("the-operators")))

    await ask(next_one, "POST", "/login", 401, json={"code": other})
    await ask(next_one, "GET", "/sessions", 401, headers={"Authorization": f"Bearer {token}"})


async def test_an_agent_with_a_token_of_its_own_lets_no_browser_in(
    supervisor: Supervisor, world: World, client: HttpClient
) -> None:
    holder = await hold(supervisor, world, client)

    assert "not for agents" in await holder.gets(403, "POST", "/login-codes")


async def test_a_server_without_a_token_lets_browsers_in_all_the_same(
    client_of: ClientOf, config: Config
) -> None:
    client = client_of(config)
    code = (await ask(client, "POST", "/login-codes"))["code"]

    assert (await ask(client, "POST", "/login", json={"code": code}))["token"]


@pytest.mark.parametrize("path", ["/login", "/login-codes"])
async def test_codes_are_not_to_be_had_by_a_link(client: HttpClient, path: str) -> None:
    await ask(client, "GET", path, 405, headers=API_TOKEN)
