"""A typed client of ennio's own REST API, for trio and asyncio alike.

async with Client("http://127.0.0.1:3000", token) as ennio:
    session = await ennio.spawn("my-app", prompt="Fix the login page")
    await ennio.send(session["id"], "And its tests")
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote

import httpx2

from .address import trust
from .shapes import Approval, Budget, Event, Message, Output, Pruned, Session, Why

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


class Client:
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

    async def health(self) -> None:
        """Return when the server answers; it may still be recovering."""
        await self._ask(str, "GET", "/api/v1/health")

    async def ready(self) -> bool:
        """Return whether the server takes work now."""
        try:
            await self._ask(str, "GET", "/ready")
        except Refused as error:
            if error.status == 503:
                return False
            raise
        return True

    async def system(self) -> dict[str, Any]:
        """Return the server's version, containment, agents and limits."""
        return await self._ask(dict[str, Any], "GET", "/api/v1/system")

    async def projects(self) -> list[dict[str, Any]]:
        """Return the configured projects."""
        return await self._ask(list[dict[str, Any]], "GET", "/api/v1/projects")

    async def list_sessions(
        self,
        project_id: str | None = None,
        *,
        ended: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Session]:
        """Return the active sessions, newest first, and with `ended` the others too."""
        asked = _given(project_id=project_id, all="true" if ended else None, limit=limit, after=after)
        return await self._ask(list[Session], "GET", "/api/v1/sessions", params=asked)

    async def get(self, session_id: str) -> Session:
        """Return one session, an ended one too."""
        return await self._ask(Session, "GET", _path(session_id))

    async def spawn(
        self,
        project_id: str,
        *,
        prompt: str | None = None,
        issue_id: str | None = None,
        branch: str | None = None,
        role: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it is the server's to keep
    ) -> Session:
        """Start an agent and return its session. Cancelled: the server undoes the spawn."""
        order = _given(project_id=project_id, issue_id=issue_id, prompt=prompt, branch=branch, role=role)
        return await self._ask(
            Session,
            "POST",
            "/api/v1/sessions",
            json=order,
            params=_given(timeout=timeout),
            headers=_key(idempotency_key),
        )

    async def send(
        self,
        session_id: str,
        message: str,
        *,
        mode: str | None = None,
        wait: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> str | None:
        """Give the agent a message; return its id, None where the server gives none.

        It is stored then, or written to the agent, as its language has it; with `wait`, taken up. `mode` is
        `queue`, `steer` or `interrupt`.
        """
        response = await self._request(
            "POST",
            _path(session_id, "/send"),
            json=_given(message=message, mode=mode),
            params=_given(timeout=timeout, wait="accepted" if wait else None),
            headers=_key(idempotency_key),
        )
        _data(response, self.url)
        return response.headers.get("Ennio-Message-Id")

    async def messages(self, session_id: str) -> list[Message]:
        """Return what a session was sent, oldest first."""
        return await self._ask(list[Message], "GET", _path(session_id, "/messages"))

    async def approvals(self, session_id: str | None = None) -> list[Approval]:
        """Return the permissions that a session's agent waits for, or all agents."""
        path = "/api/v1/approvals" if session_id is None else _path(session_id, "/approvals")
        return await self._ask(list[Approval], "GET", path)

    async def decide(self, session_id: str, approval_id: str, *, allow: bool) -> None:
        """Allow or deny what an agent asks for; return when it was told."""
        body = {"decision": "allow" if allow else "deny"}
        await self._ask(str, "POST", _path(session_id, f"/approvals/{_quoted(approval_id)}"), json=body)

    async def budgets(self) -> list[Budget]:
        """Return the configured budgets, and how they stand."""
        return await self._ask(list[Budget], "GET", "/api/v1/budgets")

    async def why(self, session_id: str) -> Why:
        """Return what speaks for a session's status and activity."""
        return await self._ask(Why, "GET", _path(session_id, "/why"))

    async def kill(self, session_id: str, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """End everything that the agent started; return when nothing of it runs. Idempotent."""
        await self._ask(str, "DELETE", _path(session_id), params=_given(timeout=timeout))

    async def restore(self, session_id: str, prompt: str | None = None) -> Session:
        """Start the agent again in its workspace and return its session."""
        return await self._ask(Session, "POST", _path(session_id, "/restore"), json=_given(prompt=prompt))

    async def output(
        self, session_id: str, after: str | None = None, *, limit: int | None = None, raw: bool = False
    ) -> Output:
        """Return what the agent said after a cursor, or from the oldest kept byte; `limit` is in bytes."""
        asked = _given(after=after, limit=limit, raw="true" if raw else None)
        return await self._ask(Output, "GET", _path(session_id, "/output"), params=asked)

    async def events(self, session_id: str) -> list[Event]:
        """Return a session's history, oldest first."""
        return await self._ask(list[Event], "GET", _path(session_id, "/events"))

    async def prune(self, days: float | None = None) -> Pruned:
        """Forget what ended so many days ago, or as long as is configured; uncommitted work is kept."""
        return await self._ask(Pruned, "POST", "/api/v1/prune", json=_given(days=days))

    async def _ask(self, shape: type[T], method: str, path: str, **request: Any) -> T:
        """Ask and return the answer's `data`, which has this shape."""
        return cast(T, _data(await self._request(method, path, **request), self.url))

    async def _request(self, method: str, path: str, **request: Any) -> httpx2.Response:
        try:
            return await self._http.request(method, path, **request)
        except httpx2.TimeoutException as error:
            raise Unreachable(f"the server at {self.url} did not answer in time") from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise Unreachable(f"no server answers at {self.url} ({_cause(error)})") from error


def _data(response: httpx2.Response, url: str) -> Any:
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


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _key(idempotency_key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}


def _path(session_id: str, rest: str = "") -> str:
    return f"/api/v1/sessions/{_quoted(session_id)}{rest}"


def _quoted(name: str) -> str:
    # dots too: `..` would be taken for a step upward before it is sent
    return quote(name, safe="").replace(".", "%2E")
