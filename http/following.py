"""A reader of Server-Sent Events that does not lose its place, for trio and asyncio alike.

After https://html.spec.whatwg.org/multipage/server-sent-events.html; what it says of a browser's
reconnection is done here with waits that grow.
"""

import json
import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2

FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
"""Seconds until a stream that broke off is tried again: at first, and at last."""
SILENCE = 40.0
"""Seconds after which nobody is there: the server says something every 15."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST = 16 * 1024 * 1024
_PASSING = {408, 425, 429}
"""Refusals that are none: try again later."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An event as it was sent; `id` is that of the last event that had one."""

    id: str
    type: str
    data: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event whose data was JSON."""

    id: str
    type: str
    data: Any


@dataclass(frozen=True, slots=True)
class Resync:
    """What happened until now was not told, or not all of it: look anew at how everything is."""

    reason: str


@dataclass(frozen=True, slots=True)
class Live:
    """The stream stands."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream broke off or could not be had, and why; it is tried again in so many seconds."""

    why: str
    seconds: float


class Unreadable(Exception):
    """What came is no stream of events with JSON in them, or has an event that is too long."""


class Parser:
    """Makes events of bytes that may be cut anywhere. Comments are none, nor is what has not ended."""

    def __init__(self) -> None:
        self.id = ""
        """The id of the last event, which goes on counting for those without one."""
        self.retry: int | None = None
        """Milliseconds after which the server wants to be asked again; None as long as it has not said."""
        self._type, self._data = "", list[str]()
        self._line, self._held = list[bytes](), 0
        self._begun = self._after_return = False

    def feed(self, piece: bytes) -> list[Sent]:
        """Take the next bytes and return the events that end in them. Raises `Unreadable`."""
        if not piece:
            return []
        if self._after_return:  # this may be the other half of a line's end
            piece = piece.removeprefix(b"\n")
        self._after_return = piece.endswith(b"\r")
        *ends, rest = _LINE_END.split(piece)
        found = []
        for end in ends:
            sent = self._take(b"".join([*self._line, end]))
            self._line.clear()
            self._held = self._held + len(end) if self._data else 0
            if sent is not None:
                found.append(sent)
        self._line.append(rest)
        self._held += len(rest)
        if self._held > _LONGEST:
            raise Unreadable(f"an event is longer than {_LONGEST >> 20} MiB")
        return found

    def _take(self, line: bytes) -> Sent | None:
        if not self._begun:
            self._begun, line = True, line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._end()
        name, _, value = line.decode(errors="replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self.id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 10:
            self.retry = int(value)
        return None

    def _end(self) -> Sent | None:
        kind, data = self._type, self._data
        self._type, self._data = "", []
        return Sent(self.id, kind or "message", "\n".join(data)) if data else None


async def follow(
    http: httpx2.AsyncClient,
    path: str,
    *,
    refusal: Callable[[httpx2.Response], Exception | None],
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    after: str | None = None,
    state: Callable[[Live | Lost], None] | None = None,
) -> AsyncGenerator[Told | Resync, None]:
    """Yield what a stream tells, after the event with the id `after`, and go on after each cut.

    `Resync` comes when the server has lost the place, and when a stream was cut before there was one. It ends
    for its reader alone (use `aclosing`, since it holds a connection), or raises what `refusal` makes of an
    answer 4xx, which has been read; for None of it, as for all else that goes wrong, it is tried again, which
    `state` hears of.
    """
    wait, stood = FIRST_WAIT, False
    while True:
        parser, begun = Parser(), anyio.current_time()
        why = "the stream ended"
        try:
            async with http.stream(
                "GET",
                path,
                params=params,
                headers=_headers(headers, after),
                timeout=httpx2.Timeout(SILENCE, connect=5),
            ) as response:
                await _insist(response, refusal)
                if state is not None:
                    state(Live())
                if stood and after is None:
                    yield Resync("the stream was cut before it had told anything")
                stood = True
                async with _pieces(response) as pieces:
                    async for piece in pieces:
                        for sent in parser.feed(piece):
                            told = _told(sent)
                            after, wait = sent.id or after, FIRST_WAIT
                            yield told
        except (httpx2.RequestError, httpx2.InvalidURL, Unreadable) as error:
            why = str(error) or type(error).__name__
        if anyio.current_time() - begun > LONGEST_WAIT:
            wait = FIRST_WAIT
        wait = min(max(wait, (parser.retry or 0) / 1000), LONGEST_WAIT)
        seconds = wait * random.uniform(0.75, 1.25)  # not all readers at the same moment
        if state is not None:
            state(Lost(why, seconds))
        await anyio.sleep(seconds)
        wait *= 2


def _headers(headers: Mapping[str, str] | None, after: str | None) -> dict[str, str]:
    """Return what to ask with; the id goes as UTF-8, as the standard has it."""
    asked = {"Accept": "text/event-stream", "Accept-Encoding": "identity", **(headers or {})}
    return {**asked, "Last-Event-ID": after} if after else asked


async def _insist(response: httpx2.Response, refusal: Callable[[httpx2.Response], Exception | None]) -> None:
    """Return when this is a stream. Raises the refusal that it is instead, or `Unreadable`."""
    status = response.status_code
    if status == 200:
        if response.headers.get("Content-Type", "").partition(";")[0].strip() != "text/event-stream":
            raise Unreadable("what answers is no stream of events")
        return
    if 400 <= status < 500 and status not in _PASSING:
        await response.aread()
        refused = refusal(response)
        if refused is not None:
            raise refused
    raise Unreadable(f"HTTP {status}")


@asynccontextmanager
async def _pieces(response: httpx2.Response) -> AsyncIterator[AsyncIterator[bytes]]:
    """Give what comes, and end the reading however it is left.

    The generators below it end with their stream, or cancelled; closed, some are left to the garbage
    collector, of which trio warns.
    """
    async with aclosing(response.aiter_bytes()) as pieces:
        try:
            yield pieces
        finally:
            with suppress(httpx2.RequestError), anyio.CancelScope() as over:
                over.cancel()
                async for _ in pieces:
                    pass


def _told(sent: Sent) -> Told | Resync:
    try:
        data = json.loads(sent.data)
    except ValueError as error:
        raise Unreadable("an event holds no JSON") from error
    if sent.type == "resync":
        return Resync(str(data.get("reason", "")) if isinstance(data, dict) else "")
    return Told(sent.id, sent.type, data)
