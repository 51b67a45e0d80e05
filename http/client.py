"""A typed client of ennio's own REST API, for trio and asyncio alike.

async with Client("http://127.0.0.1:3000", token) as ennio:
    session = await ennio.spawn("my-app", prompt="Fix the login page")
    await ennio.send(session["id"], "And its tests")
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast

from .asking import Asking, Refused, Unreachable, data_of, given, key, quoted, session_path
from .following import Live, Lost, Resync, follow
from .shapes import (
    Approval,
    Budget,
    Event,
    Issue,
    LoginCode,
    Message,
    Notifier,
    Output,
    Pruned,
    Session,
    Spend,
    Why,
)

__all__ = ["Client", "Refused", "Unreachable"]


class Client(Asking):
    """What an ennio server can be asked; how it is asked is `Asking`'s matter.

    Each method raises `Refused` or `Unreachable`.
    """

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

    async def issues(
        self,
        project_id: str,
        *,
        limit: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - it is the server's to keep
    ) -> list[Issue]:
        """Return the open issues of a project's tracker, newest first."""
        path = f"/api/v1/projects/{quoted(project_id)}/issues"
        return await self._ask(list[Issue], "GET", path, params=given(limit=limit, timeout=timeout))

    async def notifiers(self) -> list[Notifier]:
        """Return the configured notifiers."""
        return await self._ask(list[Notifier], "GET", "/api/v1/notifiers")

    async def test_notifier(self, name: str) -> None:
        """Have a notifier deliver a test; return when it did."""
        await self._ask(str, "POST", f"/api/v1/notifiers/{quoted(name)}/test")

    async def list_sessions(
        self,
        project_id: str | None = None,
        *,
        ended: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Session]:
        """Return the active sessions, newest first, and with `ended` the others too."""
        asked = given(project_id=project_id, all="true" if ended else None, limit=limit, after=after)
        return await self._ask(list[Session], "GET", "/api/v1/sessions", params=asked)

    async def get(self, session_id: str) -> Session:
        """Return one session, an ended one too."""
        return await self._ask(Session, "GET", session_path(session_id))

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
        order = given(project_id=project_id, issue_id=issue_id, prompt=prompt, branch=branch, role=role)
        return await self._ask(
            Session,
            "POST",
            "/api/v1/sessions",
            json=order,
            params=given(timeout=timeout),
            headers=key(idempotency_key),
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
            session_path(session_id, "/send"),
            json=given(message=message, mode=mode),
            params=given(timeout=timeout, wait="accepted" if wait else None),
            headers=key(idempotency_key),
        )
        data_of(response, self.url)
        return response.headers.get("Ennio-Message-Id")

    async def messages(self, session_id: str) -> list[Message]:
        """Return what a session was sent, oldest first."""
        return await self._ask(list[Message], "GET", session_path(session_id, "/messages"))

    async def approvals(self, session_id: str | None = None) -> list[Approval]:
        """Return the permissions that a session's agent waits for, or all agents."""
        path = "/api/v1/approvals" if session_id is None else session_path(session_id, "/approvals")
        return await self._ask(list[Approval], "GET", path)

    async def decide(self, session_id: str, approval_id: str, *, allow: bool) -> None:
        """Allow or deny what an agent asks for; return when it was told."""
        body = {"decision": "allow" if allow else "deny"}
        await self._ask(str, "POST", session_path(session_id, f"/approvals/{quoted(approval_id)}"), json=body)

    async def budgets(self) -> list[Budget]:
        """Return the configured budgets, and how they stand."""
        return await self._ask(list[Budget], "GET", "/api/v1/budgets")

    async def spend(self, days: int | None = None) -> list[Spend]:
        """Return what each project has spent on each of the last days."""
        return await self._ask(list[Spend], "GET", "/api/v1/spend", params=given(days=days))

    async def login_code(self) -> LoginCode:
        """Return a code that lets a browser in once, within minutes."""
        return await self._ask(LoginCode, "POST", "/api/v1/login-codes")

    async def why(self, session_id: str) -> Why:
        """Return what speaks for a session's status and activity."""
        return await self._ask(Why, "GET", session_path(session_id, "/why"))

    async def kill(self, session_id: str, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """End everything that the agent started; return when nothing of it runs. Idempotent."""
        await self._ask(str, "DELETE", session_path(session_id), params=given(timeout=timeout))

    async def restore(self, session_id: str, prompt: str | None = None) -> Session:
        """Start the agent again in its workspace and return its session."""
        return await self._ask(
            Session, "POST", session_path(session_id, "/restore"), json=given(prompt=prompt)
        )

    async def output(
        self, session_id: str, after: str | None = None, *, limit: int | None = None, raw: bool = False
    ) -> Output:
        """Return what the agent said after a cursor, or from the oldest kept byte; `limit` is in bytes."""
        asked = given(after=after, limit=limit, raw="true" if raw else None)
        return await self._ask(Output, "GET", session_path(session_id, "/output"), params=asked)

    async def follow_events(
        self, after: str | None = None, *, state: Callable[[Live | Lost], None] | None = None
    ) -> AsyncGenerator[Event | None, None]:
        """Yield what happens to all sessions, from now on or after an event, through cuts of the connection.

        None: something was not told; look anew at how everything is. `state` hears whether the stream
        stands. Use `contextlib.aclosing`.
        """
        told = follow(self._http, "/api/v1/events", refusal=self._refusal, after=after, state=state)
        async with aclosing(told) as happening:
            async for one in happening:
                yield None if isinstance(one, Resync) else cast(Event, one.data)

    async def follow_output(
        self, session_id: str, after: str | None = None, *, raw: bool = False
    ) -> AsyncGenerator[Output, None]:
        """Yield what an agent said and goes on to say, through cuts. Use `contextlib.aclosing`."""
        path, params = session_path(session_id, "/output/stream"), {"raw": "true"} if raw else None
        told = follow(self._http, path, refusal=self._refusal, params=params, after=after)
        async with aclosing(told) as said:
            async for one in said:
                if not isinstance(one, Resync):
                    yield cast(Output, one.data)

    async def events(self, session_id: str) -> list[Event]:
        """Return a session's history, oldest first."""
        return await self._ask(list[Event], "GET", session_path(session_id, "/events"))

    async def prune(self, days: float | None = None) -> Pruned:
        """Forget what ended so many days ago, or as long as is configured; uncommitted work is kept."""
        return await self._ask(Pruned, "POST", "/api/v1/prune", json=given(days=days))
