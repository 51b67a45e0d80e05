"""How notifiers post: within a time limit, without following redirects, and without telling secrets."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2
import trio

from ..errors import NotifierFailed
from ..options import Options

PATIENCE = 10.0
"""Seconds for all of one post, from the look-up of the name to the end of the answer."""
_MOST_WORDS = 1024
"""Bytes of an answer that are read."""
_PASSING = frozenset({408, 425, 429})
"""Of the refusals (RFC 9110, RFC 6585, RFC 8470) those that may be gone at another try."""

# It writes each URL into the log as it is, path and query too; what went wrong is told by our errors.
logging.getLogger("httpx2").setLevel(logging.WARNING)


def url_of(options: Options) -> str:
    """Return the option `url` as it stands, for a slash at its end may count.

    Raises `ConfigError` where it is missing or no http or https URL.
    """
    options.url("url")
    url = options.required("url")
    try:
        httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise options.wrong("url", "is a URL that cannot be used") from error
    return url


class Destination:
    """A URL that takes posts. Its path and query may be secrets: errors name its host alone."""

    def __init__(self, url: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._url = httpx2.URL(url)
        self.host = self._url.host
        self._http = httpx2.AsyncClient(
            headers={"Accept-Encoding": "identity", "User-Agent": "ennio"},  # its beginning must be readable
            timeout=PATIENCE,
            follow_redirects=False,
            transport=transport,
        )

    async def post(
        self, content: bytes, headers: Mapping[str, str], words: Callable[[bytes], str] | None = None
    ) -> None:
        """Post it, and return when a 2xx was answered; of a refusal `words` says what may be told.

        Raises `NotifierFailed`, which is lasting for a redirect and for a refusal that stays.
        """
        with trio.move_on_after(PATIENCE):
            try:
                return await self._post(content, headers, words)
            except httpx2.TimeoutException as error:
                raise self._silent() from error
            except httpx2.RequestError as error:
                raise NotifierFailed(f"{self.host} cannot be reached: {_cause(error)}") from error
        raise self._silent()

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._http.aclose()

    async def _post(
        self, content: bytes, headers: Mapping[str, str], words: Callable[[bytes], str] | None
    ) -> None:
        async with self._http.stream("POST", self._url, content=content, headers=headers) as answer:
            if not answer.is_success:
                raise self._refusal(answer, words(await _beginning(answer)) if words else "")

    def _silent(self) -> NotifierFailed:
        return NotifierFailed(f"{self.host} did not answer within {PATIENCE:g} s")

    def _refusal(self, answer: httpx2.Response, words: str) -> NotifierFailed:
        status = answer.status_code
        said = f"{self.host} answered {status}{_phrase(status)}" + (f": {words}" if words else "")
        if answer.is_redirect:
            said += "; redirects are not followed: the configuration must have the URL where it leads"
        passing = status in _PASSING or status >= 500
        seconds = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC)) if passing else None
        return NotifierFailed(said, lasting=not passing, seconds=seconds)


async def _beginning(answer: httpx2.Response) -> bytes:
    said = b""
    with trio.CancelScope() as enough:
        async for piece in answer.aiter_raw():
            said += piece
            if len(said) >= _MOST_WORDS:
                enough.cancel()  # a `break` would leave the generators below to the garbage collector
    return said[:_MOST_WORDS]


def retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds of a header Retry-After, which has them or a date (RFC 9110, 10.2.3); or None."""
    if header is None:
        return None
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


def _cause(error: BaseException) -> str:
    """Return the words of what lies at the bottom: `[Errno 111] Connection refused`."""
    if isinstance(error, BaseExceptionGroup):
        return _cause(error.exceptions[0])
    deeper = error.__cause__ or error.__context__
    return (_cause(deeper) if deeper else str(error)) or type(error).__name__
