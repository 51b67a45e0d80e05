"""Keeping to a host's limits."""

from collections.abc import AsyncIterator
from email.utils import formatdate

import pytest
import trio
from canned_github import API, TOKEN, Host
from trio.testing import MockClock

from ennio.supervisor.errors import ForgeRefused, Throttled
from ennio.supervisor.forges.web import Web

NOW = 1_750_000_000.0


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def web(host: Host) -> AsyncIterator[Web]:
    web = Web("github o/r", API, {"Authorization": TOKEN}, transport=host.transport, clock=lambda: NOW)
    yield web
    await web.aclose()


def limits(
    remaining: object, reset: object, limit: object = 5000, family: str = "x-ratelimit"
) -> dict[str, str]:
    return {
        f"{family}-limit": str(limit),
        f"{family}-remaining": str(remaining),
        f"{family}-reset": str(reset),
    }


async def throttled(web: Web) -> float:
    with pytest.raises(Throttled) as caught:
        await web.get("/x")
    return caught.value.seconds


@pytest.mark.parametrize(
    ("status", "message", "headers", "seconds"),
    [
        (403, "API rate limit exceeded", limits(0, int(NOW) + 120), 120),
        (429, "", limits(0, int(NOW) + 120), 120),
        (429, "", limits(0, int(NOW) + 120, family="ratelimit"), 120),
        (429, "", limits(0, 90, family="ratelimit"), 90),
        (429, "", limits(0, (int(NOW) + 120) * 1000, family="x-ratelimit-requests"), 120),
        (429, "", {"retry-after": "17"}, 17),
        (403, "", {"retry-after": "17"}, 17),
        (429, "", {"retry-after": formatdate(NOW + 40, usegmt=True)}, 40),
        (403, "You have exceeded a secondary rate limit", limits(4000, int(NOW) + 120), 60),
        (429, "", {}, 30),
        (429, "", {"retry-after": "soon"}, 30),
        (403, "API rate limit exceeded", limits(0, int(NOW) - 5), 60),
        (429, "", {"retry-after": "0"}, 1),
        (429, "", {"retry-after": "99999999"}, 3600),
        (403, "rate limit", limits(0, int(NOW) + 10**7), 3600),
        (403, "rate limit", limits(0, int(NOW) + 120) | {"date": formatdate(NOW + 60, usegmt=True)}, 60),
    ],
)
async def test_who_has_had_enough_is_left_in_peace_for_as_long_as_it_says(
    host: Host,
    web: Web,
    autojump_clock: MockClock,
    status: int,
    message: str,
    headers: dict[str, str],
    seconds: float,
) -> None:
    host.refuse("GET /x", status, message, **headers)
    assert await throttled(web) == pytest.approx(seconds, abs=0.01)
    assert web.wait == pytest.approx(seconds, abs=0.01)
    assert web.asked == 1
    await trio.sleep(seconds / 2)
    assert await throttled(web) == pytest.approx(seconds / 2, abs=0.01)
    assert web.asked == 1
    host.say("GET /x", 1)
    await trio.sleep(seconds / 2 + 0.1)
    assert web.wait == 0
    assert await web.get("/x") == 1


async def test_a_403_that_is_about_something_else_closes_nothing(host: Host, web: Web) -> None:
    host.refuse("GET /x", 403, "Must have admin rights", **limits(4000, int(NOW) + 60))
    with pytest.raises(ForgeRefused):
        await web.get("/x")
    assert web.wait == 0


async def test_the_last_requests_are_for_what_is_needed(
    host: Host, web: Web, autojump_clock: MockClock
) -> None:
    host.say("GET /x", 1)
    host.headers = limits(501, int(NOW) + 600)
    await web.get("/x")
    assert web.wait == 0
    host.headers = limits(499, int(NOW) + 600)
    await web.get("/x")
    assert web.wait == pytest.approx(600)
    assert await web.get("/x") == 1
    await trio.sleep(601)
    assert web.wait == 0
    host.headers = limits(499, int(NOW) + 600)
    await web.get("/x")
    host.headers = limits(5000, int(NOW) + 3600)
    await web.get("/x")
    assert web.wait == 0


async def test_after_the_last_allowed_request_there_is_none(
    host: Host, web: Web, autojump_clock: MockClock
) -> None:
    host.say("GET /x", 1)
    host.headers = limits(0, int(NOW) + 60)
    assert await web.get("/x") == 1
    assert await throttled(web) == pytest.approx(60)
    assert web.asked == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        limits("", ""),
        limits("many", int(NOW) + 60),
        limits(-3, int(NOW) + 60),
        limits(0, "tomorrow"),
        limits(0, int(NOW) - 60),
        limits("9" * 5000, "9" * 5000),
        limits(40, int(NOW) + 60, limit=60),
    ],
)
async def test_what_makes_no_sense_is_no_limit(host: Host, web: Web, headers: dict[str, str]) -> None:
    host.say("GET /x", 1)
    host.headers = headers
    assert [await web.get("/x"), await web.get("/x")] == [1, 1]
    assert web.wait == 0
