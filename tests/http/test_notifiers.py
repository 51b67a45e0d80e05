"""Notifiers over HTTP, above a supervisor that has two of them and no sessions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import trio
from quart.typing import TestClientProtocol as HttpClient
from quart_trio import QuartTrio
from talk import ask, asked
from trio.testing import MockClock

from ennio.http.errors import register_errors
from ennio.http.routes.notifiers import notifiers
from ennio.supervisor import NotFound, NotifierFailed, Supervisor
from ennio.supervisor.config import PluginConfig


@dataclass
class FakeSupervisor:
    """Has notifiers; one of them does as a test says."""

    failure: Exception | None = None
    slow: float = 0
    tested: list[str] = field(default_factory=list)

    def notifiers(self) -> Mapping[str, PluginConfig]:
        secret = {"url": "https://hooks.example/s3cret"}
        return {
            "ops": PluginConfig("slack", secret, "notifiers[0].config"),
            "desk": PluginConfig("desktop", {}, "notifiers[1].config"),
        }

    async def test_notifier(self, name: str) -> None:
        if name not in self.notifiers():
            raise NotFound(f"there is no notifier {name!a}; there are: ops, desk")
        await trio.sleep(self.slow)
        if self.failure:
            raise self.failure
        self.tested.append(name)


@pytest.fixture
def supervisor() -> FakeSupervisor:
    return FakeSupervisor()


@pytest.fixture
def client(supervisor: FakeSupervisor) -> HttpClient:
    app = QuartTrio(__name__)
    register_errors(app)
    app.register_blueprint(notifiers(cast(Supervisor, supervisor)))
    return app.test_client()


async def test_they_are_listed_without_what_they_are_configured_with(client: HttpClient) -> None:
    there = await ask(client, "GET", "/notifiers")
    assert there == [{"name": "ops", "plugin": "slack"}, {"name": "desk", "plugin": "desktop"}]


async def test_a_test_is_sent_by_the_one_that_is_named(
    client: HttpClient, supervisor: FakeSupervisor
) -> None:
    assert await ask(client, "POST", "/notifiers/desk/test") == "sent"
    assert supervisor.tested == ["desk"]


@pytest.mark.parametrize(("name", "shown"), [("nobody", "'nobody'"), ("a%0Ab", r"'a\nb'")])
async def test_a_test_of_an_unknown_one_is_not_found(client: HttpClient, name: str, shown: str) -> None:
    words = await ask(client, "POST", f"/notifiers/{name}/test", 404)
    assert words == f"there is no notifier {shown}; there are: ops, desk"


async def test_what_fails_beyond_the_server_is_answered_in_its_words(
    client: HttpClient, supervisor: FakeSupervisor
) -> None:
    supervisor.failure = NotifierFailed("hooks.example answered 404 (Not Found): no_service", lasting=True)
    answer = await asked(client, "POST", "/notifiers/ops/test", 502)
    assert (await answer.get_json())["error"] == "hooks.example answered 404 (Not Found): no_service"
    assert "Retry-After" not in answer.headers


async def test_a_notifier_may_say_when_to_try_again(client: HttpClient, supervisor: FakeSupervisor) -> None:
    supervisor.failure = NotifierFailed("too many", seconds=29.5)
    answer = await asked(client, "POST", "/notifiers/ops/test", 502)
    assert answer.headers["Retry-After"] == "30"


@pytest.mark.parametrize(("asked_for", "seconds"), [("", 30), ("?timeout=2.5", 2.5)])
async def test_a_test_is_waited_for_so_long(
    client: HttpClient, supervisor: FakeSupervisor, asked_for: str, seconds: float, autojump_clock: MockClock
) -> None:
    supervisor.slow = math.inf
    words = await ask(client, "POST", f"/notifiers/ops/test{asked_for}", 504)
    assert words == f"testing the notifier ops took longer than {seconds:g} s"
    assert trio.current_time() == pytest.approx(seconds)


@pytest.mark.parametrize("limit", ["0", "31", "soon", "-1", "inf"])
async def test_a_limit_that_is_none_is_refused(
    client: HttpClient, supervisor: FakeSupervisor, limit: str
) -> None:
    await ask(client, "POST", f"/notifiers/ops/test?timeout={limit}", 400)
    assert supervisor.tested == []


@pytest.mark.parametrize(("method", "path"), [("POST", "/notifiers"), ("GET", "/notifiers/ops/test")])
async def test_other_methods_are_not_allowed(client: HttpClient, method: str, path: str) -> None:
    more: dict[str, Any] = {"json": {}} if method == "POST" else {}
    await ask(client, method, path, 405, **more)
