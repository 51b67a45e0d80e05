"""The end of a text, to which a host may send us elsewhere."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from canned_github import API, TOKEN, Host

from ennio.supervisor.errors import ForgeFailed, NotFound
from ennio.supervisor.forges import web as module
from ennio.supervisor.forges.web import Web

ELSEWHERE = "https://logs.example/1?sig=permission"


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def web(host: Host) -> AsyncIterator[Web]:
    headers = {"Authorization": f"Bearer {TOKEN}", "PRIVATE-TOKEN": TOKEN}
    web = Web("github o/r", API, headers, transport=host.transport)
    yield web
    await web.aclose()


async def test_the_token_does_not_go_where_a_host_sends_us(host: Host, web: Web) -> None:
    host.told["GET /log"] = httpx2.Response(302, headers={"Location": ELSEWHERE})
    host.told["GET /1"] = httpx2.Response(200, text="the log")
    assert await web.tail("/log", 100) == "the log"
    there = host.requests[-1]
    assert there.url == ELSEWHERE
    assert TOKEN in str(host.requests[0].headers.multi_items())
    assert TOKEN not in str(there.headers.multi_items())


async def test_only_the_end_is_kept_and_no_character_is_broken(host: Host, web: Web) -> None:
    host.told["GET /log"] = httpx2.Response(200, text="a" * 1000 + "ä" * 10)
    assert await web.tail("/log", 7) == "äää"
    assert await web.tail("/log", 20) == "ä" * 10
    assert await web.tail("/log", 5000) == "a" * 1000 + "ä" * 10
    host.told["GET /log"] = httpx2.Response(200, content=b"a\xffb\0c")
    assert await web.tail("/log", 100) == "a\N{REPLACEMENT CHARACTER}bc"


async def test_a_log_without_end_is_given_up(host: Host, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT", 10 << 20)
    host.told["GET /log"] = httpx2.Response(200, content=b"." * ((10 << 20) + 1))
    with pytest.raises(ForgeFailed, match="more than 10 MiB"):
        await web.tail("/log", 100)


@pytest.mark.parametrize(
    "where", ["http://logs.example/1", "file:///etc/passwd", "https://logs.example:port/1"]
)
async def test_not_everywhere_is_followed(host: Host, web: Web, where: str) -> None:
    host.told["GET /log"] = httpx2.Response(302, headers={"Location": where})
    with pytest.raises(ForgeFailed):
        await web.tail("/log", 100)
    assert len(host.requests) == 1


async def test_a_failure_elsewhere_says_nothing_of_our_token_nor_of_the_address(host: Host, web: Web) -> None:
    host.told["GET /log"] = httpx2.Response(302, headers={"Location": ELSEWHERE})
    host.refuse("GET /1", 403, "expired")
    with pytest.raises(ForgeFailed, match="sent us elsewhere for GET /log, and there is HTTP 403") as caught:
        await web.tail("/log", 100)
    assert "permission" not in str(caught.value)
    assert type(caught.value) is ForgeFailed
    host.refuse("GET /log", 410, "Gone")
    with pytest.raises(NotFound):
        await web.tail("/log", 100)
