"""A browser's way in: a code that works once, and the token that it is changed for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pydantic import SecretStr
from quart.typing import TestClientProtocol as HttpClient
from talk import OWN, ask

from ennio.http.requests import passes
from ennio.http.requests.passes import CODE_LASTS, PASS_LASTS, Passes
from ennio.supervisor import Config, Supervisor

API_TOKEN = {"Authorization": "Bearer the-operators"}


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> Passes:
    return Passes(clock)


@pytest.fixture
def client(client_of: Callable[[Config], HttpClient], config: Config) -> HttpClient:
    return client_of(replace(config, api_token=SecretStr("the-operators")))


def test_a_code_is_changed_for_a_token_once(kept: Passes, clock: Clock) -> None:
    code, code_ends = kept.new_code()
    assert code_ends == clock.now + CODE_LASTS
    redeemed = kept.redeem(code)
    assert redeemed is not None
    token, ends = redeemed

    assert ends == clock.now + PASS_LASTS
    assert kept.holds(token)
    assert token != code
    assert not kept.holds(code)
    assert kept.redeem(code) is None
    assert kept.redeem(token) is None
    assert kept.holds(token)


@pytest.mark.parametrize(("seconds", "good"), [(CODE_LASTS - 1, True), (CODE_LASTS, False)])
def test_a_code_is_good_for_five_minutes(kept: Passes, clock: Clock, seconds: float, good: bool) -> None:
    code, _ = kept.new_code()
    clock.now += seconds

    assert (kept.redeem(code) is not None) is good


@pytest.mark.parametrize(("seconds", "good"), [(PASS_LASTS - 1, True), (PASS_LASTS, False)])
def test_a_token_is_good_for_half_a_day(kept: Passes, clock: Clock, seconds: float, good: bool) -> None:
    redeemed = kept.redeem(kept.new_code()[0])
    assert redeemed is not None
    clock.now += seconds

    assert kept.holds(redeemed[0]) is good


@pytest.mark.parametrize("wrong", ["", " ", "x", "\ud800", "\xff", "x" * 100_000])
def test_what_was_never_given_out_opens_nothing(kept: Passes, wrong: str) -> None:
    kept.new_code()

    assert kept.redeem(wrong) is None
    assert not kept.holds(wrong)


def test_there_are_no_more_than_so_many_and_the_oldest_go_first(
    kept: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "_MOST", 3)
    codes = [kept.new_code()[0] for _ in range(4)]

    assert [kept.redeem(code) is not None for code in codes] == [False, True, True, True]


def test_what_is_over_makes_room(kept: Passes, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "_MOST", 2)
    lasting = kept.redeem(kept.new_code()[0])
    assert lasting is not None
    kept.new_code()
    clock.now += CODE_LASTS
    codes = [kept.new_code()[0] for _ in range(2)]

    assert all(kept.redeem(code) for code in codes[:1])
    assert kept.holds(lasting[0])


def test_neither_codes_nor_tokens_are_kept_as_they_are(kept: Passes) -> None:
    code, _ = kept.new_code()
    waiting, _ = kept.new_code()
    redeemed = kept.redeem(code)
    assert redeemed is not None

    told = repr(vars(kept))
    assert not [secret for secret in (waiting, redeemed[0]) if secret in told]


# Over HTTP.


async def logged_in(client: HttpClient) -> dict[str, str]:
    """Return the header with which a browser asks."""
    code = (await ask(client, "POST", "/login-codes", headers=API_TOKEN))["code"]
    given = await ask(client, "POST", "/login", json={"code": code})
    assert datetime.fromisoformat(given["expires_at"]).tzinfo is not None
    return {"Authorization": f"Bearer {given['token']}"}


async def test_a_browser_gets_in_without_the_operators_token(client: HttpClient) -> None:
    browser = await logged_in(client)

    assert await ask(client, "GET", "/sessions", headers=browser) == []
    assert await ask(client, "POST", "/login-codes", headers=browser)


async def test_a_code_is_for_those_who_have_a_token_already(client: HttpClient) -> None:
    await ask(client, "POST", "/login-codes", 401)
    code = (await ask(client, "POST", "/login-codes", headers=API_TOKEN))["code"]
    await ask(client, "GET", "/sessions", 401, headers={"Authorization": f"Bearer {code}"})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"code": "wrong"}, 401),
        ({"code": ""}, 400),
        ({"code": 1}, 400),
        ({}, 400),
        ({"code": "x", "more": 1}, 400),
    ],
)
async def test_a_wrong_code_opens_nothing(client: HttpClient, body: dict[str, Any], status: int) -> None:
    assert "token" not in await ask(client, "POST", "/login", status, json=body)


async def test_a_code_that_was_used_is_told_so(client: HttpClient) -> None:
    code = (await ask(client, "POST", "/login-codes", headers=API_TOKEN))["code"]
    await ask(client, "POST", "/login", json={"code": code})

    assert "used already" in await ask(client, "POST", "/login", 401, json={"code": code})


async def test_a_login_keeps_to_the_rules_for_hosts_origins_and_a_server_that_closes(
    client: HttpClient, supervisor: Supervisor
) -> None:
    code = (await ask(client, "POST", "/login-codes", headers=API_TOKEN))["code"]
    for wrong in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        await ask(client, "POST", "/login", 403, json={"code": code}, headers=wrong)
    supervisor.closing = True
    await ask(client, "POST", "/login", 503, json={"code": code})
    supervisor.closing = False
    answer = await client.post("/api/v1/login", headers=OWN, json={"code": code})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
