"""One request and its answer on the network: its time limit, where it is sent on to, what goes wrong."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
import trio

from .pace import Pace
from .refusals import Refusals

BODY_LIMIT = 20 * 1024 * 1024
"""Bytes after which an answer is read no further."""

STEP, WHOLE = 10.0, 30.0
"""Seconds for one step on the network, and for a request with all its redirects and its body."""

_REDIRECTS = 5
_KEEP_METHOD = frozenset({307, 308})
_CUT = (httpx2.ReadError, httpx2.WriteError, httpx2.CloseError, httpx2.RemoteProtocolError)

logging.getLogger("httpx2").setLevel(logging.WARNING)
"""It would log each address, and where a log is fetched the address itself is the permission."""


def pieces(response: httpx2.Response) -> aclosing[AsyncGenerator[bytes, None]]:
    """Give the body as it comes. The library's generator is closed also by who stops in the midst of it."""
    return aclosing(response.aiter_bytes())


class Exchange:
    """Sends requests to the origin of `base`, with `headers`, which no other origin ever gets."""

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        refusals: Refusals,
        pace: Pace,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self.asked = 0
        self._origin = httpx2.URL(base).origin
        self._headers, self._refusals, self._pace, self._transport = dict(headers), refusals, pace, transport
        self._client: httpx2.AsyncClient | None = None

    def ours(self, url: httpx2.URL) -> bool:
        """Whether a URL is at the origin of `base`."""
        return url.is_absolute_url and url.origin == self._origin

    @asynccontextmanager
    async def answer(
        self,
        method: str,
        url: httpx2.URL,
        doing: str,
        *,
        content: Any = None,
        more: Mapping[str, str] | None = None,
        away: bool = False,
    ) -> AsyncIterator[httpx2.Response]:
        """Give the answer, its body unread, within `WHOLE` seconds in all.

        A redirect is followed at the same origin, and with `away` to another one, without our headers.
        """
        try:
            with trio.move_on_after(WHOLE) as scope:
                response = await self._following(method, url, doing, content, more or {}, away)
                try:
                    yield response
                finally:
                    await response.aclose()
        except httpx2.TimeoutException as error:
            raise self._refusals.failed(f"did not answer {doing} in time") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            why = self._refusals.said(str(error)) or type(error).__name__
            raise self._refusals.failed(f"could not be asked for {doing}: {why}") from error
        if scope.cancelled_caught:
            raise self._refusals.failed(f"did not answer {doing} within {WHOLE:g} s")

    async def body(self, response: httpx2.Response, doing: str) -> bytes:
        """Return the whole body."""
        body = bytearray()
        async with pieces(response) as coming:
            async for piece in coming:
                body += piece
                if len(body) > BODY_LIMIT:
                    raise self._refusals.failed(f"answered {doing} with more than {BODY_LIMIT >> 20} MiB")
        return bytes(body)

    async def aclose(self) -> None:
        """Let go of all connections. A request after that makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _following(
        self, method: str, url: httpx2.URL, doing: str, content: Any, more: Mapping[str, str], away: bool
    ) -> httpx2.Response:
        for _ in range(_REDIRECTS + 1):
            response = await self._sent(method, url, content, more)
            if not response.has_redirect_location:
                return response
            await response.aclose()
            if method != "GET" and response.status_code not in _KEEP_METHOD:
                raise self._refusals.failed(f"sends us elsewhere for {doing}; has it moved?")
            url = url.join(response.headers["location"])
            safe = bool(url.host) and url.scheme in {self._origin.scheme, "https"}
            if not self.ours(url) and not (away and safe):
                raise self._refusals.failed(f"sends us to another host for {doing}, which is not followed")
        raise self._refusals.failed(f"sends us on and on for {doing}")

    async def _sent(
        self, method: str, url: httpx2.URL, content: Any, more: Mapping[str, str]
    ) -> httpx2.Response:
        """Send one request; a GET once more when the connection turns out to be closed already."""
        self._refusals.check_pace()
        client = self._opened()
        headers = {**self._headers, **more} if self.ours(url) else {}
        request = client.build_request(method, url, headers=headers, json=content)
        self.asked += 1
        try:
            response = await client.send(request, stream=True)
        except _CUT:
            if method != "GET":
                raise
            self.asked += 1
            response = await client.send(request, stream=True)
        if self.ours(url):
            self._pace.note(response.headers)
        return response

    def _opened(self) -> httpx2.AsyncClient:
        """Return the client, which is made late: it reads the certificates of this machine."""
        if self._client is None:
            self._client = httpx2.AsyncClient(
                headers={"User-Agent": "ennio"},
                timeout=STEP,
                transport=self._transport,
                limits=httpx2.Limits(max_connections=10, keepalive_expiry=60.0),
            )
        return self._client
