"""How sessions come to be, and how each is watched: the end of one is not the end of another."""

from contextlib import suppress

import structlog
import trio

from . import messages as m
from .config import Timeouts
from .errors import (
    Conflict,
    DeadlineExceeded,
    EnnioError,
    OverBudget,
    SessionOver,
    TooMany,
    Unavailable,
    deadline,
)
from .events import now
from .ids import SessionId
from .journal import Journal, JournalFailed
from .ledger import Ledger
from .lifecycle import ended
from .mailbox import Reply
from .project import Project
from .projects import Projects
from .protocols import Announcing
from .pruning import drop_folder
from .reading import Reading
from .records import Issue, Order, Phase, SessionRecord
from .session import Session

_PATIENCE = 1.0
"""Seconds that an undo is waited for when nothing can be written down."""

_log = structlog.get_logger()


class Starting(Reading):
    """The side of a supervisor that starts sessions. A nursery is one for all; this makes it one for one."""

    def __init__(
        self,
        nursery: trio.Nursery,
        projects: Projects,
        journal: Journal,
        timeouts: Timeouts,
        ledger: Ledger,
    ) -> None:
        super().__init__(projects, journal, ledger)
        self.recovering, self.closing = True, False
        self._nursery, self._timeouts = nursery, timeouts

    async def spawn(self, order: Order, *, seconds: float | None = None) -> SessionRecord:
        """Start an agent on an order; all or nothing.

        On any failure, time-out or cancellation there is no process, no workspace, no new branch and no
        session when this ends. Raises what `Project.check` and the ports raise, `TooMany` when the
        project is full, `Conflict` when it was killed meanwhile; for its issue what a `Tracker` raises.
        """
        project = self.project(order.project_id)
        project.check(order)
        self._open_for_work()
        began, limit = trio.current_time(), seconds or self._timeouts.spawn
        issue = await self._read_issue(project, order, limit)
        self._afford(self._ledger.refuse_spawn(project.config.id, now(), order.parent))
        self._admit(project)
        start = m.Spawn(issue)
        session = Session(project.new_record(order, issue), project, self._journal, start)
        if order.parent is not None:
            self._ledger.join(session.record.id, order.parent)
        self._ledger.reserve(session.record.id, project.config.id)
        self._roster.put(session)
        self._nursery.start_soon(self._watch, session)
        left = max(0.0, limit - (trio.current_time() - began)) if issue else limit
        record = await self._start(session, start, "spawning", left)
        if issue is not None:
            self._nursery.start_soon(self._announce, session, issue)
        return record

    async def _read_issue(self, project: Project, order: Order, limit: float) -> Issue | None:
        if order.issue_id is None:
            return None
        tracker, issue_id = project.issue_of(order.issue_id)
        with deadline(f"reading issue {issue_id} of {tracker.name}", limit):
            return await tracker.issue(issue_id)

    async def _announce(self, session: Session, issue: Issue) -> None:
        """Tell the issue that work has begun, where that is configured; a failure is told to the session."""
        record, tracker = session.record, session.project.tracker
        if not isinstance(tracker, Announcing) or not tracker.announces:
            return
        words = f"The agent {record.agent_name} works on this, on the branch `{record.branch}` ({record.id})."
        try:
            with deadline(f"telling issue {issue.id} of {tracker.name}", self._timeouts.spawn):
                await tracker.announce(issue.id, words)
        except EnnioError as error:
            with suppress(SessionOver):
                await session.mailbox.tell(m.Unannounced(str(error)))

    async def restore(
        self, session_id: SessionId, *, prompt: str | None = None, seconds: float | None = None
    ) -> SessionRecord:
        """Start a session's agent again in its workspace; raises `Conflict` where that cannot be."""
        session = self._living(session_id)
        project = self.project(session.record.project_id)
        project.check(Order(project.config.id))
        self._afford(self._ledger.refuse_restore(session_id, project.config.id, now()))
        if ended(session.record):
            self._admit(project)
        self._ledger.reserve(session_id, project.config.id)
        try:
            return await self._start(session, m.Restore(prompt), "restoring", seconds)
        finally:
            session.settle_reserve()

    def _living(self, session_id: SessionId) -> Session:
        session = self._roster.find(session_id)
        if session.record.phase is Phase.KILLED:
            raise Conflict(f"{session_id} is Killed: spawn a new session")
        return session

    def _open_for_work(self) -> None:
        if self.recovering:
            raise Unavailable("the server is still taking over what an earlier one left")
        if self.closing:
            raise Unavailable("the server is shutting down")

    def _admit(self, project: Project) -> None:
        self._open_for_work()
        most = project.config.max_sessions
        if most is not None and self._roster.active(project.config.id) >= most:
            raise TooMany(f"project {project.config.id} has its {most} sessions; kill one, or wait")

    def _afford(self, refusal: str | None) -> None:
        if refusal is not None:
            raise OverBudget(refusal)

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
            trouble = self._journal.trouble
            cause = f"; nothing can be written down now: {trouble}" if trouble else ""
            raise DeadlineExceeded(f"{late}; it was waiting for {session.waits_for}{cause}") from late
        finally:
            if not started:
                await self._abandon(session, m.Abandon(message))
        return record

    async def _abandon(self, session: Session, message: m.Abandon) -> None:
        """Have a start undone, and wait for that; while nothing can be written down it follows by itself."""
        settled = Reply()
        self._nursery.start_soon(_ask_to_abandon, session, message, settled)
        with trio.CancelScope(shield=True):
            while True:
                with trio.move_on_after(_PATIENCE):
                    await settled.take()
                    return
                if self._journal.trouble:
                    return

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
            heir.mailbox.hint(m.Recover())  # what it was waiting for and what it had to tell goes on
        if session.vanished:
            self._roster.drop(session)
            await self._journal.forget(session.record.id)
            await trio.to_thread.run_sync(drop_folder, self._projects.folder / session.record.id)


async def _ask_to_abandon(session: Session, message: m.Abandon, settled: Reply) -> None:
    try:
        with trio.CancelScope(shield=True), suppress(SessionOver):
            await session.mailbox.ask(message)
        settled.answer()
    except Exception as error:  # a bug of the session's, of which whoever watches it tells
        settled.refuse(error)


def _stops_the_server(error: Exception) -> bool:
    """A journal that fails stops everything: ennio must not run blind."""
    if isinstance(error, ExceptionGroup):
        return error.subgroup(JournalFailed) is not None
    return isinstance(error, JournalFailed)
