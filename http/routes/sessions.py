"""Sessions over HTTP: each call becomes one message to a session, or one look at what is known of it."""

from dataclasses import replace
from functools import partial

from quart import Blueprint, Response, request

from ennio.supervisor import Config, Evidence, NotFound, ProjectId, SessionId, Supervisor, status

from ..requests import asked
from ..requests.bodies import RestoreBody, SpawnBody, fingerprint, read_as
from ..requests.existing import must_exist, project_must_exist
from ..requests.idempotency import GivenAnswers
from ..requests.narrow import owned, parent_of
from ..requests.strict_json import parse
from ..responses import all_rendered, data, rendered, view, views
from ..views import EventView, EvidenceView, OutputView, RenderedSessions, WhyView

_OUTPUT = 1 << 20
_MOST_OUTPUT = 1 << 22
"""Bytes in one answer; longer ones would hold up everyone else while they are written."""
_LEAST_OUTPUT = 4
_EVIDENCE = 50
"""Of what happened, so much is given as evidence."""


def sessions(supervisor: Supervisor, config: Config, given: GivenAnswers) -> Blueprint:
    """Return the routes of everything that is about sessions."""
    routes = Blueprint("sessions", __name__, url_prefix="/api/v1/sessions")
    shown = RenderedSessions(partial(_attach, supervisor))
    limits = config.timeouts

    @routes.get("")
    async def list_sessions() -> Response:
        project_id, after = asked.parameter("project_id"), asked.parameter("after")
        project_must_exist(supervisor, project_id)
        must_exist(supervisor, after)
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
        parent = parent_of(content.get("project_id"))
        project_must_exist(supervisor, content.get("project_id"))
        wanted, seconds = read_as(SpawnBody, content), asked.timeout(limits.spawn)

        key = asked.idempotency_key()

        async def act() -> bytes:
            order = replace(wanted.order(), key=key, parent=parent)
            return shown.of(await supervisor.spawn(order, seconds=seconds))

        done = partial(_spawned_under, supervisor, shown, key, parent)
        return rendered(
            await given.once(owned(request.path), key, fingerprint(wanted), seconds, act, done=done)
        )

    @routes.delete("/<session>")
    async def kill(session: str) -> Response:
        must_exist(supervisor, session)
        await supervisor.kill(SessionId.parse(session), seconds=asked.timeout(limits.kill))
        return data("killed")

    @routes.post("/<session>/restore")
    async def restore(session: str) -> Response:
        must_exist(supervisor, session)
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

    @routes.get("/<session>/why")
    async def why(session: str) -> Response:
        session_id = SessionId.parse(session)
        record = supervisor.get(session_id)
        happened = [
            Evidence(event.timestamp, event.message()) for event in await supervisor.history(session_id)
        ]
        seen = sorted([*happened[-_EVIDENCE:], *supervisor.evidence(session_id)], key=lambda one: one.at)
        return view(
            WhyView(
                status=status(record),
                status_reason=record.reason or record.stop_reason,
                activity=record.activity,
                activity_reason=record.activity_reason,
                evidence=list(map(EvidenceView.of, seen)),
            )
        )

    @routes.get("/<session>/events")
    async def events(session: str) -> Response:
        history = await supervisor.history(SessionId.parse(session))
        return views(map(EventView.of, history))


def _spawned_under(
    supervisor: Supervisor, shown: RenderedSessions, key: str | None, parent: SessionId | None
) -> bytes | None:
    """Return the session that was spawned under a key by a server which was killed before it said so."""
    record = supervisor.spawned_under(key, parent) if key else None
    return shown.of(record) if record else None


def _attach(supervisor: Supervisor, session_id: SessionId) -> tuple[str, ...] | None:
    """Return what to run to get to an agent's terminal, if it has one."""
    try:
        return supervisor.attach(session_id)
    except NotFound:  # the session may just have been forgotten
        return None
