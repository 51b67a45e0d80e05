"""What becomes of a post: what may be tried again, and what is told of it."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import trio
from trio.testing import MockClock

from ennio.supervisor.errors import NotifierFailed
from ennio.supervisor.notifiers.posting import Destination, retry_after

URL = "http://hooks.example:8080/services/s3cret?key=s3cret"
Answer = httpx2.Response | Exception


@dataclass
class Endless(httpx2.AsyncByteStream):
    """A body that never ends."""

    piece: bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await trio.sleep(1)
            yield self.piece


@asynccontextmanager
async def destination(answer: Answer) -> AsyncIterator[Destination]:
    def give(request: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    there = Destination(URL, httpx2.MockTransport(give))
    yield there
    await there.aclose()


async def failure(answer: Answer) -> NotifierFailed:
    async with destination(answer) as there:
        with pytest.raises(NotifierFailed) as error:
            await there.post(b"{}", {})
    assert "s3cret" not in str(error.value)
    assert "hooks.example" in str(error.value)
    return error.value


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_a_delivery(status: int) -> None:
    async with destination(httpx2.Response(status)) as there:
        await there.post(b"{}", {})


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_what_may_pass_may_be_tried_again(status: int) -> None:
    error = await failure(httpx2.Response(status, content=b"no /services/s3cret"))
    assert not error.lasting
    assert f"answered {status}" in str(error)
    assert error.seconds is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
async def test_other_refusals_stay(status: int) -> None:
    error = await failure(httpx2.Response(status, headers={"Retry-After": "5"}))
    assert error.lasting
    assert (f"answered {status}" in str(error), error.seconds) == (True, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    error = await failure(httpx2.Response(status, headers={"Location": "https://elsewhere/s3cret"}))
    assert error.lasting
    assert "redirects are not followed" in str(error)


async def test_it_may_be_said_when_to_try_again() -> None:
    error = await failure(httpx2.Response(429, headers={"Retry-After": "30"}))
    assert error.seconds == 30


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("9" * 400, 999999999),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30),
        ("Fri, 02 Jan 2026 03:04:35 -0000", 30),
        ("Thu, 01 Jan 2026 03:04:35 GMT", 0),
        ("Fri, 02 Jan 99999999999 03:04:35 GMT", None),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError("no route"),
        httpx2.ReadError("reset"),
        httpx2.RemoteProtocolError("nonsense"),
        httpx2.ReadTimeout(""),
    ],
)
async def test_a_server_that_cannot_be_reached_may_be_tried_again(error: Exception) -> None:
    assert not (await failure(error)).lasting


async def test_nobody_at_the_port_is_told_in_the_words_of_the_system() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    there = Destination(f"http://127.0.0.1:{port}/s3cret")
    with pytest.raises(NotifierFailed, match=r"^127\.0\.0\.1 cannot be reached: .*refused$") as error:
        await there.post(b"{}", {})
    assert not error.value.lasting
    await there.aclose()


async def test_an_answer_is_waited_for_and_read_for_ten_seconds(autojump_clock: MockClock) -> None:
    start = trio.current_time()
    async with destination(httpx2.Response(400, stream=Endless(b"."))) as there:
        with pytest.raises(NotifierFailed, match="did not answer within 10 s") as error:
            await there.post(b"{}", {}, lambda said: said.decode())
    assert not error.value.lasting
    assert trio.current_time() - start == pytest.approx(10)


async def test_of_an_answer_no_more_is_read_than_a_beginning(autojump_clock: MockClock) -> None:
    async with destination(httpx2.Response(400, stream=Endless(b"x" * 1000))) as there:
        with pytest.raises(NotifierFailed, match=r"\(Bad Request\): 1024$"):
            await there.post(b"{}", {}, lambda said: str(len(said)))


async def test_a_long_answer_of_a_real_server_is_left_unread(server: Any) -> None:
    server.answers = [(400, {}, b"x" * 10_000_000)] * 2
    there = Destination(server.url)
    for _ in range(2):
        with pytest.raises(NotifierFailed, match=r": 1024$"):
            await there.post(b"{}", {}, lambda said: str(len(said)))
    await there.aclose()
    gc.collect()


async def test_a_post_can_be_cancelled_and_the_next_one_works(server: Any) -> None:
    there = Destination(server.url)
    with trio.move_on_after(0) as scope:
        await there.post(b"1", {})
    assert scope.cancelled_caught
    await there.post(b"2", {})
    assert [taken.body for taken in server.taken][-1] == b"2"
    await there.aclose()


async def test_no_url_gets_into_the_log(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    there = Destination(f"{server.url}/s3cret")
    await there.post(b"{}", {})
    await there.aclose()
    assert "s3cret" not in caplog.text
