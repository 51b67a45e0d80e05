import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import httpx2
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from ennio.http.following import LONGEST_WAIT, Live, Lost, Parser, Resync, Sent, Told, Unreadable, follow

NAMES = ["data", "event", "id", "retry", "", "other", "data "]
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
VALUES = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=8)
FIELDS = st.tuples(st.sampled_from(NAMES), st.sampled_from(["", ":", ": "]), VALUES).map("".join)
LINES = st.lists(st.tuples(FIELDS | st.just(""), ENDS), max_size=20)


def parsed(*pieces: bytes) -> list[Sent]:
    parser = Parser()
    return [sent for piece in pieces for sent in parser.feed(piece)]


@given(LINES, st.lists(st.integers(min_value=0, max_value=200), max_size=12), st.booleans())
def test_bytes_cut_anywhere_make_the_events_that_they_make_in_one(
    lines: list[tuple[str, str]], cuts: list[int], mark: bool
) -> None:
    whole = (b"\xef\xbb\xbf" if mark else b"") + "".join(map("".join, lines)).encode()
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})

    pieces = [whole[start:end] for start, end in pairwise(places)]

    assert parsed(*pieces) == parsed(whole) == parsed(*(bytes([byte]) for byte in whole))


@given(st.lists(st.tuples(VALUES.filter(lambda text: "\0" not in text), VALUES, ENDS), max_size=8))
def test_what_is_written_by_the_book_is_read_as_it_was_meant(events: list[tuple[str, str, str]]) -> None:
    text = "".join(f"id: {id}{end}data: {data}{end}{end}" for id, data, end in events)

    assert parsed(text.encode()) == [Sent(id, "message", data) for id, data, _ in events]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        # the examples of the standard
        ("data: YHOO\ndata: +2\ndata: 10\n\n", [Sent("", "message", "YHOO\n+2\n10")]),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            [Sent("1", "message", "first event"), Sent("", "message", "second event")],
        ),
        ("data\n\ndata\ndata\n\ndata:", [Sent("", "message", ""), Sent("", "message", "\n")]),
        ("data:test\n\ndata: test\n\n", [Sent("", "message", "test"), Sent("", "message", "test")]),
        # what it says in words
        ("event: add\ndata: 1\n\ndata: 2\n\n", [Sent("", "add", "1"), Sent("", "message", "2")]),
        ("event: add\n\ndata: 2\n\n", [Sent("", "message", "2")]),
        ("id: 7\n\ndata: 2\n\n", [Sent("7", "message", "2")]),
        ("id: a\nid: b\0c\ndata: 2\n\n", [Sent("a", "message", "2")]),
        ("DATA: 1\n\ndata : 1\n\n data: 1\n\n", []),
        ("data: a:b\n\n", [Sent("", "message", "a:b")]),
        ("data: 1\r\rdata: 2\r\n\r\n", [Sent("", "message", "1"), Sent("", "message", "2")]),
    ],
)
def test_fields_mean_what_the_standard_says(text: str, events: list[Sent]) -> None:
    assert parsed(text.encode()) == events


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert parsed(b"data: \xff\xe2\n\n") == [Sent("", "message", "\ufffd\ufffd")]


def test_the_wish_of_a_server_to_be_left_alone_is_a_number() -> None:
    parser = Parser()
    parser.feed(b"retry: 1000\nretry: -1\nretry: 1e3\nretry:\nretry: 99999999999999\n\n")

    assert parser.retry == 1000


@pytest.mark.parametrize("piece", [b"x" * 65536, b"data: " + b"x" * 65536 + b"\n"])
def test_an_event_without_an_end_does_not_fill_the_memory(piece: bytes) -> None:
    with pytest.raises(Unreadable, match="longer than 16 MiB"):
        parsed(*[piece] * 300)


@pytest.mark.parametrize("piece", [b": " + b"x" * 65536 + b"\n", b"\n\ndata: " + b"x" * 65536 + b"\ndata: 1"])
def test_a_stream_without_an_end_is_read_for_ever(piece: bytes) -> None:
    parser = Parser()
    for _ in range(300):
        parser.feed(piece)


# Following.


class Cut(httpx2.AsyncByteStream):
    """What a server sends until it breaks off, or is silent."""

    def __init__(self, *texts: str, breaks: bool = False, stays: bool = False) -> None:
        self.texts, self.breaks, self.stays, self.closed = texts, breaks, stays, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for text in self.texts:
            yield text.encode()
        if self.stays:
            await trio.sleep_forever()
        if self.breaks:
            raise httpx2.ReadError("Connection reset by peer")

    async def aclose(self) -> None:
        self.closed = True


def stream(*texts: str, breaks: bool = False) -> httpx2.Response:
    return answer(Cut(*texts, breaks=breaks))


def answer(stream: Cut) -> httpx2.Response:
    return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=stream)


def event(id: str, value: Any = 1, type: str = "Seen") -> str:
    return f"id: {id}\nevent: {type}\ndata: {json.dumps(value)}\n\n"


class Refusal(Exception):
    pass


def refusal(response: httpx2.Response) -> Refusal | None:
    return Refusal(response.text) if response.text else None


class Server:
    """Gives one answer after the other, and remembers what it was asked and what the reader heard."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers: Iterator[httpx2.Response | Exception] = iter(answers)
        self.asked: list[httpx2.Request] = []
        self.heard: list[Live | Lost] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def places(self) -> list[str | None]:
        return [request.headers.get("Last-Event-ID") for request in self.asked]

    @property
    def waits(self) -> list[float]:
        return [each.seconds for each in self.heard if isinstance(each, Lost)]

    async def tell(self, count: int, **how: Any) -> list[Told | Resync]:
        """Follow until so many things were told."""
        http = httpx2.AsyncClient(base_url="http://ennio", transport=httpx2.MockTransport(self))
        told = list[Told | Resync]()
        async with (
            http,
            aclosing(follow(http, "/events", refusal=refusal, state=self.heard.append, **how)) as found,
        ):
            async for each in found:
                told.append(each)
                if len(told) == count:
                    break
        return told


async def test_a_stream_that_is_cut_is_taken_up_after_the_last_event(autojump_clock: object) -> None:
    server = Server(
        stream(event("1"), event("2"), "id: 3\ndata: unfini", breaks=True),
        httpx2.ConnectError("All connection attempts failed"),
        stream(": still there\n\n", event("3", {"a": "ü"})),
    )

    assert await server.tell(3) == [Told("1", "Seen", 1), Told("2", "Seen", 1), Told("3", "Seen", {"a": "ü"})]
    assert server.places == [None, "2", "2"]
    assert [type(each) for each in server.heard] == [Live, Lost, Lost, Live]
    assert [each.why for each in server.heard if isinstance(each, Lost)] == [
        "Connection reset by peer",
        "All connection attempts failed",
    ]


async def test_it_can_begin_after_an_event(autojump_clock: object) -> None:
    server = Server(stream(event("8")))

    await server.tell(1, after="7", params={"raw": "true"}, headers={"Via": "x"})

    [request] = server.asked
    assert (request.url.query, request.headers["Via"]) == (b"raw=true", "x")
    assert (request.headers["Last-Event-ID"], request.headers["Accept"]) == ("7", "text/event-stream")


async def test_what_was_missed_before_there_was_a_place_is_said_to_be_missing(autojump_clock: object) -> None:
    server = Server(httpx2.Response(503), stream(breaks=True), stream(event("1")), stream(event("2")))

    told = await server.tell(3)

    assert [type(each) for each in told] == [Resync, Told, Told]
    assert server.places == [None, None, None, "1"]


async def test_a_place_that_the_server_has_lost_is_told(autojump_clock: object) -> None:
    lost = 'event: resync\ndata: {"reason": "too slow"}\n\n'
    server = Server(stream(event("1"), lost), stream(event("9")))

    assert await server.tell(3) == [Told("1", "Seen", 1), Resync("too slow"), Told("9", "Seen", 1)]
    assert server.places == [None, "1"]


async def test_waits_grow_from_half_a_second_to_ten_and_differ(autojump_clock: object) -> None:
    server = Server(*[httpx2.Response(503) for _ in range(12)], stream(event("1")), stream(event("2")))

    await server.tell(2)

    for wait, meant in zip(server.waits, [0.5, 1, 2, 4, 8, *[LONGEST_WAIT] * 7, 0.5], strict=True):
        assert 0.75 * meant <= wait <= 1.25 * meant
    assert len(set(server.waits)) == 13


async def test_a_server_that_lets_in_and_hangs_up_is_not_asked_again_and_again(
    autojump_clock: object,
) -> None:
    server = Server(*[stream("retry: 1000\n\n") for _ in range(6)], stream(event("1")))

    await server.tell(1, after="0")

    assert [round(wait / meant) for wait, meant in zip(server.waits, [1, 2, 4, 8, 10, 10], strict=True)] == [
        1
    ] * 6


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_ends_it(status: int, autojump_clock: object) -> None:
    server = Server(stream(event("1")), httpx2.Response(status, text="no"))

    with pytest.raises(Refusal, match="no"):
        await server.tell(2)


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(429, text="later"),
        httpx2.Response(404),  # not of ennio: of a proxy before it
        httpx2.Response(500, text="oh"),
        httpx2.Response(302, headers={"Location": "http://elsewhere"}),
        httpx2.Response(200, json={"data": "ok"}),
        stream("data: no JSON\n\n"),
        httpx2.ReadTimeout("silence"),
    ],
)
async def test_whatever_else_goes_wrong_is_tried_again(
    answer: httpx2.Response | Exception, autojump_clock: object
) -> None:
    server = Server(answer, stream(event("1")))

    assert await server.tell(1, after="0") == [Told("1", "Seen", 1)]


async def test_whoever_has_heard_enough_leaves_nothing_open(autojump_clock: object) -> None:
    cut = Cut(event("1"), stays=True)

    await Server(answer(cut)).tell(1)

    assert cut.closed


async def test_it_can_be_cancelled_while_it_waits(autojump_clock: object) -> None:
    server = Server(httpx2.Response(503), httpx2.Response(503), httpx2.Response(503))

    with trio.move_on_after(1):
        await server.tell(1)

    assert 1 <= len(server.asked) <= 2


def test_it_works_under_asyncio_too() -> None:
    server = Server(httpx2.Response(503), stream(event("1")))

    run: Callable[..., Any] = asyncio.run
    assert run(server.tell(1)) == [Told("1", "Seen", 1)]
