"""The nursery of sessions: one task each, and the end of one is not the end of another."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice

import structlog
import trio

from . import messages as m
from .config import ProjectConfig, Timeouts
from .errors import (
    Conflict,
    DeadlineExceeded,
    NotFound,
    SessionOver,
    Survived,
    TooMany,
    Unavailable,
    deadline,
)
from .events import Event, now
from .ids import ProjectId, SessionId
from .journal import Journal, JournalFailed
from .outbox import Letter
from .output import OutputLog
from .project import Project
from .records import Order, Phase, SessionRecord
from .roster import Roster
from .session import Session
from .transcript import Excerpt, excerpt

_log = structlog.get_logger()


class Supervisor:
    """Start sessions, reach them, end them.

    What takes long is bounded by `seconds`, or else by the configured limit, and raises
    `DeadlineExceeded` past it. An id that nobody knows raises `NotFound`.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        projects: Mapping[ProjectId, Project],
        journal: Journal,
        timeouts: Timeouts,
    ) -> None:
        self.closing = False
        self._nursery, self._projects, self._journal, self._timeouts = nursery, projects, journal, timeouts
        self._roster = Roster()

    # Reading.

    @property
    def containment(self) -> str:
        """How surely a tree of processes can be ended here: the least sure of the runtimes in use."""
        ranks = ("best-effort", "shim+marker", "cgroup+shim")
        used = {project.runtime.containment for project in self._projects.values()}
        return min(used, key=ranks.index, default=ranks[0])

    def projects(self) -> list[ProjectConfig]:
        """Return the configured projects, in the configuration's order."""
        return [project.config for project in self._projects.values()]

    def project(self, project_id: ProjectId) -> Project:
        """Return one project."""
        try:
            return self._projects[project_id]
        except KeyError:
            known = ", ".join(self._projects) or "none"
            raise NotFound(f"there is no project {project_id}; the configuration has: {known}") from None

    def get(self, session_id: SessionId) -> SessionRecord:
        """Return one session, ended ones too."""
        return self._roster.find(session_id).record

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        ended: bool = False,
        limit: int | None = None,
        after: SessionId | None = None,
    ) -> list[SessionRecord]:
        """Return the active sessions, newest first, at most `limit`; with `ended` the ended ones too.

        `after` leaves out everything up to and with that session.
        """
        if project_id is not None:
            self.project(project_id)
        return list(islice(self._roster.records(project_id=project_id, ended=ended, after=after), limit))

    def output(self, session_id: SessionId, *, after: str | None, limit: int, raw: bool) -> Excerpt:
        """Return what the agent said after a cursor; see `transcript.excerpt`."""
        record = self.get(session_id)
        project = self.project(record.project_id)
        log = OutputLog(project.output(session_id), project.config.output_bytes)
        return excerpt(log, after=after, limit=limit, raw=raw, complete=record.handle is None)

    async def history(self, session_id: SessionId) -> Sequence[Event]:
        """Return what happened to a session, oldest first."""
        self._roster.find(session_id)
        return await self._journal.history(session_id)

    # Changing.

    async def spawn(self, order: Order, *, seconds: float | None = None) -> SessionRecord:
        """Start an agent on an order; all or nothing.

        On any failure, time-out or cancellation there is no process, no workspace, no new branch and no
        session when this ends. Raises what `Project.check` and the ports raise, `TooMany` when the
        project is full, `Conflict` when it was killed meanwhile.
        """
        project = self.project(order.project_id)
        project.check(order)
        self._admit(project)
        start = m.Spawn()
        session = Session(_new_record(project, order), project, self._journal, start)
        self._roster.put(session)
        self._nursery.start_soon(self._watch, session)
        return await self._start(session, start, "spawning", seconds)

    async def restore(
        self, session_id: SessionId, *, prompt: str | None = None, seconds: float | None = None
    ) -> SessionRecord:
        """Start a session's agent again in its workspace; raises `Conflict` where that cannot be."""
        session = self._living(session_id)
        project = self.project(session.record.project_id)
        project.check(Order(project.config.id))
        if session.record.phase is Phase.DONE:
            self._admit(project)
        return await self._start(session, m.Restore(prompt), "restoring", seconds)

    async def send(self, session_id: SessionId, letter: Letter, *, seconds: float | None = None) -> None:
        """Give the agent a message, whole and in order; returns when it is written.

        Past the limit, or when the caller is cancelled, the letter is withdrawn, unless it was `begun`:
        then it is completed before any other, the error says so, and `letter.reply` still comes.
        """
        session = self._living(session_id)
        try:
            with deadline(f"sending to {session_id}", seconds or self._timeouts.send):
                async with session.door:
                    await session.mailbox.ask(m.Send(letter))
                    await letter.reply.take()
        except DeadlineExceeded as late:
            begun = "its beginning was written already, so it will be completed before any other message"
            fate = begun if letter.begun else "the message was withdrawn"
            raise DeadlineExceeded(f"{late}: the agent does not read its input; {fate}") from late
        finally:
            letter.withdraw()

    async def kill(self, session_id: SessionId, *, seconds: float | None = None) -> None:
        """End everything that the agent started, for good; returns when nothing of it runs.

        A second kill joins the first. `seconds` bounds the waiting, not the kill: past it this raises
        `Survived`, which names what is left, and the kill goes on.
        """
        session = self._roster.find(session_id)
        try:
            with deadline(f"killing {session_id}", seconds or self._timeouts.kill), suppress(SessionOver):
                await session.mailbox.ask(m.Kill())
        except DeadlineExceeded as late:
            left = session.survivors()
            names = ", ".join(map(str, left)) or "nothing that can be seen"
            raise Survived(f"{late}; still there: {names}; ennio goes on trying", left) from late

    async def close(self, seconds: float) -> None:
        """Stop every agent within `seconds`, to be restored later; new work is refused from now on."""
        self.closing = True
        grace = min(seconds / 2, self._timeouts.kill_grace)
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                for session in self._roster.all():
                    nursery.start_soon(_stop, session, grace)

    # The tasks.

    def _living(self, session_id: SessionId) -> Session:
        session = self._roster.find(session_id)
        if session.record.phase is Phase.KILLED:
            raise Conflict(f"{session_id} is Killed: spawn a new session")
        return session

    def _admit(self, project: Project) -> None:
        if self.closing:
            raise Unavailable("the server is shutting down")
        most = project.config.max_sessions
        if most is not None and len(self.list(project_id=project.config.id)) >= most:
            raise TooMany(f"project {project.config.id} has its {most} sessions; kill one, or wait")

    async def _start(
        self, session: Session, message: m.Spawn | m.Restore, doing: str, seconds: float | None
    ) -> SessionRecord:
        """Ask for a start; whoever stops waiting for it first sees it undone."""
        limit, started = seconds or self._timeouts.spawn, False
        try:
            with deadline(f"{doing} {session.record.id}", limit):
                record: SessionRecord = await session.mailbox.ask(message)
            started = True
        except DeadlineExceeded as late:
            raise DeadlineExceeded(f"{late}; it was waiting for {session.waits_for}") from late
        finally:
            if not started:
                with trio.CancelScope(shield=True), suppress(SessionOver):
                    await session.mailbox.ask(m.Abandon(message))
        return record

    async def _watch(self, session: Session) -> None:
        """Run one session. A nursery is one for all; this makes it one for one."""
        try:
            await session.run()
        except Exception as error:
            if _stops_the_server(error):
                raise
            _log.exception("a session's task failed", session_id=session.record.id)
            heir = await session.crashed(error)
            if not session.vanished and (heir.record.phase is not Phase.KILLED or heir.record.tree):
                self._roster.put(heir)
                self._nursery.start_soon(self._watch, heir)
        if session.vanished:
            self._roster.drop(session)
            await self._journal.forget(session.record.id)


def _new_record(project: Project, order: Order) -> SessionRecord:
    return SessionRecord(
        id=SessionId.fresh(project.config.session_prefix),
        project_id=order.project_id,
        agent_name=project.agent.name,
        created_at=now(),
        issue_id=order.issue_id,
        prompt=order.prompt,
        role=order.role,
        branch=order.branch,
    )


async def _stop(session: Session, grace: float) -> None:
    with suppress(SessionOver):
        await session.mailbox.ask(m.Stop("the server was shut down", grace))


def _stops_the_server(error: Exception) -> bool:
    """A journal that fails stops everything: ennio must not run blind."""
    if isinstance(error, ExceptionGroup):
        return error.subgroup(JournalFailed) is not None
    return isinstance(error, JournalFailed)
