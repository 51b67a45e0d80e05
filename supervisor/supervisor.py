"""The nursery of sessions: one task each, and the end of one is not the end of another."""

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
import trio

from . import messages as m
from .config import Timeouts
from .errors import (
    Conflict,
    DeadlineExceeded,
    EnnioError,
    SessionOver,
    Survived,
    TooMany,
    Unavailable,
    deadline,
)
from .events import now
from .guard import Guard
from .ids import SessionId
from .journal import Journal, JournalFailed
from .mailbox import Reply
from .outbox import Letter
from .project import Project
from .projects import Projects
from .protocols import Host
from .pruning import Pruned, drop_folder, prune
from .reading import Reading
from .records import Order, Phase, SessionRecord
from .recovery import settle_the_rest
from .session import Session

_PRUNE_EVERY = 600.0
"""Seconds between looks for sessions that are old enough to be dropped."""

_LOOK, _PATIENCE = 0.1, 1.0
"""Seconds between looks whether anything can be written down, and that an undo is waited for if it cannot."""

_log = structlog.get_logger()


class Supervisor(Reading):
    """Start sessions, reach them, end them.

    What takes long is bounded by `seconds`, or else by the configured limit, and raises
    `DeadlineExceeded` past it. An id that nobody knows raises `NotFound`.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        host: Host,
        projects: Projects,
        journal: Journal,
        timeouts: Timeouts,
    ) -> None:
        super().__init__(projects, journal)
        self.recovering, self.closing = True, False
        self._nursery, self._host, self._timeouts = nursery, host, timeouts

    # Beginning.

    async def recover(self) -> None:
        """Take over what an earlier server left, and account for all of it.

        An agent that is still held goes on; any other is ended and its session becomes Exited, or whatever
        had been begun. What an unfinished spawn made is removed. Until then `recovering` is set.
        """
        with trio.move_on_after(self._timeouts.kill) as patience:
            await self._host.end_leftovers()
        if patience.cancelled_caught:
            _log.error("commands of an earlier server still run and cannot be ended; going on without that")
        sessions = [self._return_of(record) for record in await self._journal.load()]
        async with trio.open_nursery() as nursery:
            for session in sessions:
                nursery.start_soon(self._take_over, session)
        known = {session.record.id for session in sessions}
        await settle_the_rest(self._projects, known, self._roster.ids())
        self.recovering = False

    def _return_of(self, record: SessionRecord) -> Session:
        session = Session(record, self._projects.of(record), self._journal)
        self._roster.put(session)
        self._nursery.start_soon(self._watch, session)
        return session

    async def _take_over(self, session: Session) -> None:
        session_id = session.record.id
        try:
            with deadline(f"taking over {session_id}", self._timeouts.spawn), suppress(SessionOver):
                await session.mailbox.ask(m.Recover())
        except EnnioError as error:
            _log.error("a session is not settled yet", session_id=session_id, error=str(error))

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
        session = Session(project.new_record(order), project, self._journal, start)
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
            with trio.CancelScope(shield=True):
                await letter.take_back()
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
        self._nursery.start_soon(self._strike_in_trouble, session)
        try:
            with deadline(f"killing {session_id}", seconds or self._timeouts.kill), suppress(SessionOver):
                await session.mailbox.ask(m.Kill())
        except DeadlineExceeded as late:
            left = session.survivors()
            names = ", ".join(map(str, left)) or "nothing that can be seen"
            if trouble := self._journal.trouble:
                names += f"; that cannot be written down now: {trouble}"
            raise Survived(f"{late}; still there: {names}; ennio goes on trying", left) from late

    async def close(self, seconds: float, *, detach: bool = False) -> None:
        """Stop every agent within `seconds`, to be restored later; new work is refused from now on.

        With `detach` only what is being started is stopped, and agents that run are left running.
        """
        self.closing = True
        for session in self._roster.all():
            session.retiring = True
        grace = min(seconds / 2, self._timeouts.kill_grace)
        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                for session in self._roster.all():
                    if not detach or session.record.phase is not Phase.RUNNING:
                        nursery.start_soon(_stop, session, grace)

    async def prune(self, before: datetime) -> Pruned:
        """Drop the sessions that ended before a moment, with their output; see `pruning.prune`."""
        return await prune(self._roster, self._journal, self._projects.folder, before)

    # The tasks.

    async def prune_forever(self, days: float) -> None:
        """Drop sessions that ended so many days ago, again and again."""
        while True:
            await trio.sleep(_PRUNE_EVERY)
            if not (self.recovering or self.closing):
                await self.prune(now() - timedelta(days=days))

    async def guard_forever(self) -> None:
        """Hold all agents to their limits for as long as the server lives; see `guard.Guard`."""
        await Guard(self._roster.all, self._journal).run_forever()

    def _living(self, session_id: SessionId) -> Session:
        session = self._roster.find(session_id)
        if session.record.phase is Phase.KILLED:
            raise Conflict(f"{session_id} is Killed: spawn a new session")
        return session

    def _admit(self, project: Project) -> None:
        if self.recovering:
            raise Unavailable("the server is still taking over what an earlier one left")
        if self.closing:
            raise Unavailable("the server is shutting down")
        most = project.config.max_sessions
        if most is not None and self._roster.active(project.config.id) >= most:
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

    async def _strike_in_trouble(self, session: Session) -> None:
        """End an agent that is to be killed, for as long as it cannot be written down that it is."""
        with trio.move_on_after(self._timeouts.kill):
            while session.record.phase is Phase.RUNNING:
                if self._journal.trouble:
                    session.strike()
                    return
                await trio.sleep(_LOOK)

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
            await trio.to_thread.run_sync(drop_folder, self._projects.folder / session.record.id)


async def _ask_to_abandon(session: Session, message: m.Abandon, settled: Reply) -> None:
    try:
        with trio.CancelScope(shield=True), suppress(SessionOver):
            await session.mailbox.ask(message)
        settled.answer()
    except Exception as error:  # a bug of the session's, of which whoever watches it tells
        settled.refuse(error)


async def _stop(session: Session, grace: float) -> None:
    with suppress(SessionOver):
        await session.mailbox.ask(m.Stop("the server was shut down", grace))


def _stops_the_server(error: Exception) -> bool:
    """A journal that fails stops everything: ennio must not run blind."""
    if isinstance(error, ExceptionGroup):
        return error.subgroup(JournalFailed) is not None
    return isinstance(error, JournalFailed)
