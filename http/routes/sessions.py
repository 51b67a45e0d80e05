"""Sessions over HTTP: each call becomes one message to a session, or one look at what is known of it."""

import hashlib
from dataclasses import replace
from functools import partial
from typing import TypeVar

from quart import Blueprint, Response, request

from ennio.supervisor import Config, Invalid, Letter, NotFound, ProjectId, SessionId, Supervisor

from ..requests import asked
from ..requests.bodies import Body, RestoreBody, SendBody, SpawnBody, read_as
from ..requests.idempotency import GivenAnswers
from ..requests.strict_json import parse
from ..responses import all_rendered, data, rendered, view, views
from ..views import EventView, OutputView, RenderedSessions

_OUTPUT = 1 << 20
_MOST_OUTPUT = 1 << 22
"""Bytes in one answer; longer ones would hold up everyone else while they are written."""
_LEAST_OUTPUT = 4

AnyId = TypeVar("AnyId", ProjectId, SessionId)


def sessions(supervisor: Supervisor, config: Config) -> Blueprint:
    """Return the routes of everything that is about sessions."""
    routes = Blueprint("sessions", __name__, url_prefix="/api/v1/sessions")
    shown, given = RenderedSessions(partial(_attach, supervisor)), GivenAnswers(supervisor.answers)
    limits = config.timeouts

    def must_exist(text: str | None) -> None:
        """Raise `NotFound` for a session that nobody knows; a malformed id is complained of later, since
        413 and 415 come between 404 and 400."""
        if (session_id := _well_formed(SessionId, text)) is not None:
            supervisor.get(session_id)

    def project_must_exist(text: object) -> None:
        if (project_id := _well_formed(ProjectId, text)) is not None:
            supervisor.project(project_id)

    @routes.get("")
    async def list_sessions() -> Response:
        project_id, after = asked.parameter("project_id"), asked.parameter("after")
        project_must_exist(project_id)
        must_exist(after)
        records = supervisor.list(
            project_id=None if project_id is None else ProjectId.parse(project_id),
            ended=asked.flag("all"),
            limit=asked.number("limit", least=1),
            after=None if after is None else SessionId.parse(after),
        )
        return all_rendered(map(shown.of, records))

    @routes.get("/<session>")
    async def get_session(session: str) -> Response:
        return rendered(shown.of(supervisor.get(SessionId.parse(session))))

    @routes.post("")
    async def spawn() -> Response:
        content = parse(await asked.body())
        project_must_exist(content.get("project_id"))
        wanted, seconds = read_as(SpawnBody, content), asked.timeout(limits.spawn)

        key = asked.idempotency_key()

        async def act() -> bytes:
            order = replace(wanted.order(), key=key)
            return shown.of(await supervisor.spawn(order, seconds=seconds))

        done = partial(_spawned_under, supervisor, shown, key)
        return rendered(await given.once(request.path, key, _fingerprint(wanted), seconds, act, done=done))

    @routes.post("/<session>/send")
    async def send(session: str) -> Response:
        must_exist(session)
        content = await asked.body()
        session_id = SessionId.parse(session)
        wanted, seconds = read_as(SendBody, parse(content)), asked.timeout(limits.send)

        letter = Letter(wanted.message)

        async def act() -> bytes:
            await supervisor.send(session_id, letter, seconds=seconds)
            return b'"sent"'

        async def see_it_through() -> bytes:
            await letter.reply.take()
            return b'"sent"'

        key, left = asked.idempotency_key(), (lambda: letter.begun, see_it_through)
        return rendered(await given.once(request.path, key, _fingerprint(wanted), seconds, act, *left))

    @routes.delete("/<session>")
    async def kill(session: str) -> Response:
        must_exist(session)
        await supervisor.kill(SessionId.parse(session), seconds=asked.timeout(limits.kill))
        return data("killed")

    @routes.post("/<session>/restore")
    async def restore(session: str) -> Response:
        must_exist(session)
        content = await asked.body(optional=True)
        session_id = SessionId.parse(session)
        wanted = read_as(RestoreBody, parse(content) if content else {})
        seconds = asked.timeout(limits.spawn)
        record = await supervisor.restore(session_id, prompt=wanted.prompt or None, seconds=seconds)
        return rendered(shown.of(record))

    _add_what_it_said(routes, supervisor)
    return routes


def _add_what_it_said(routes: Blueprint, supervisor: Supervisor) -> None:
    @routes.get("/<session>/output")
    async def output(session: str) -> Response:
        session_id = SessionId.parse(session)
        supervisor.get(session_id)
        limit = asked.number("limit", least=_LEAST_OUTPUT) or _OUTPUT
        excerpt = supervisor.output(
            session_id,
            after=asked.parameter("after"),
            limit=min(limit, _MOST_OUTPUT),
            raw=asked.flag("raw"),
        )
        return view(OutputView.of(excerpt))

    @routes.get("/<session>/events")
    async def events(session: str) -> Response:
        history = await supervisor.history(SessionId.parse(session))
        return views(map(EventView.of, history))


def _spawned_under(supervisor: Supervisor, shown: RenderedSessions, key: str | None) -> bytes | None:
    """Return the session that was spawned under a key by a server which was killed before it said so."""
    record = supervisor.spawned_under(key) if key else None
    return shown.of(record) if record else None


def _attach(supervisor: Supervisor, session_id: SessionId) -> tuple[str, ...] | None:
    """Return what to run to get to an agent's terminal, if it has one."""
    try:
        return supervisor.attach(session_id)
    except NotFound:  # the session may just have been forgotten
        return None


def _well_formed(kind: type[AnyId], text: object) -> AnyId | None:
    try:
        return kind.parse(text) if isinstance(text, str) else None
    except Invalid:
        return None


def _fingerprint(wanted: Body) -> bytes:
    return hashlib.sha256(wanted.model_dump_json().encode()).digest()
