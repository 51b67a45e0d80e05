"""How a client asks: one connection to one server, and what its answers mean."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote

import httpx2

from .address import trust

T = TypeVar("T")


class Refused(Exception):
    """The server said no: `status` is its HTTP status, the message its words.

    `retry_after` is when to ask again, in seconds, where the server says so.
    """

    def __init__(self, status: int, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.retry_after = status, retry_after


class Unreachable(Exception):
    """No ennio server answers there; whether it did what was asked of it is not known."""


class Asking:
    """The way to one server.

    `tls_cert` names the PEM file of the server's certificate: then exactly that one is trusted, whoever
    signed it and whatever names it holds. An answer is waited for `patience` seconds at most.
    Each method raises `Refused` or `Unreachable`; making one `OSError` when the certificate cannot be read.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        tls_cert: Path | None = None,
        patience: float = 90,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            verify=trust(self.url, tls_cert),
            timeout=httpx2.Timeout(patience, connect=5),
            trust_env=False,  # a proxy of the environment has no business between us and our own server
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def _ask(self, shape: type[T], method: str, path: str, **request: Any) -> T:
        """Ask and return the answer's `data`, which has this shape."""
        return cast(T, data_of(await self._request(method, path, **request), self.url))

    async def _request(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            return await self._http.request(method, path, **request)
        except httpx2.TimeoutException as error:
            raise Unreachable(f"the server at {self.url} did not answer in time") from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise Unreachable(f"no server answers at {self.url} ({_cause(error)})") from error

    def _refusal(self, response: httpx2.Response) -> Refused | None:
        try:
            data_of(response, self.url)
        except Refused as refused:
            return refused
        except Unreachable:
            return None
        return None


def data_of(response: httpx2.Response, url: str) -> Any:
    """Return an answer's `data`, or raise what it says instead."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    match answer:
        case {"data": data} if response.is_success:
            return data
        case {"error": str(words)} if response.is_error:
            after = response.headers.get("Retry-After", "")
            raise Refused(response.status_code, words, int(after) if after.isdecimal() else None)
    # hypercorn gives these itself, without a body, to what it cannot read
    if response.status_code in {400, 431}:
        raise Refused(response.status_code, f"the server at {url} cannot read the request")
    raise Unreachable(f"what answers at {url} is not ennio (HTTP {response.status_code})")


def _cause(error: BaseException) -> str:
    """Return the words of whatever lies at the bottom: `[Errno 111] Connection refused`."""
    if isinstance(error, BaseExceptionGroup):
        return _cause(error.exceptions[0])
    deeper = error.__cause__ or error.__context__
    return (_cause(deeper) if deeper else str(error)) or type(error).__name__


def given(**values: Any) -> dict[str, Any]:
    """Return those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def key(idempotency_key: str | None) -> dict[str, str]:
    """Return the header by which a request may be repeated."""
    return {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}


def session_path(session_id: str, rest: str = "") -> str:
    """Return where a session is asked."""
    return f"/api/v1/sessions/{quoted(session_id)}{rest}"


def quoted(name: str) -> str:
    """Return a name as a part of a path."""
    # dots too: `..` would be taken for a step upward before it is sent
    return quote(name, safe="").replace(".", "%2E")
