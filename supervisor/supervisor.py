"""The nursery of sessions: one task each, and the end of one is not the end of another."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
import trio

from . import messages as m
from .config import Timeouts
from .errors import (
    DeadlineExceeded,
    EnnioError,
    SessionOver,
    Survived,
    deadline,
)
from .events import now
from .guard import Guard
from .ids import SessionId
from .journal import Journal
from .ledger import Ledger
from .outbox import Letter
from .outward import Outward
from .projects import Projects
from .protocols import Host, Step
from .pruning import Pruned, prune
from .records import Message, Phase, SessionRecord
from .recovery import settle_the_rest
from .session import Session
from .vitals import Vitals, vitals

_PRUNE_EVERY = 600.0
"""Seconds between looks for sessions that are old enough to be dropped."""

_LOOK = 0.1
"""Seconds between looks whether anything can be written down."""

_log = structlog.get_logger()


class Supervisor(Outward):
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
        ledger: Ledger,
        **outward: Any,
    ) -> None:
        super().__init__(nursery, projects, journal, timeouts, ledger, **outward)
        self._host = host

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
        records = await self._journal.load()
        for record in records:
            if record.parent is not None:
                self._ledger.join(record.id, record.parent)
        self._ledger.load(await self._journal.spends(), now())
        letters = defaultdict[SessionId, list[Message]](list)
        for message in await self._journal.undelivered():
            letters[message.session_id].append(message)
        sessions = [self._return_of(record, letters[record.id]) for record in records]
        async with trio.open_nursery() as nursery:
            for session in sessions:
                nursery.start_soon(self._take_over, session)
        known = {session.record.id for session in sessions}
        await settle_the_rest(self._projects, known, self._roster.ids())
        self.recovering = False
        self._face_outward()

    def _return_of(self, record: SessionRecord, messages: Sequence[Message]) -> Session:
        session = Session(record, self._projects.of(record), self._journal, messages=messages)
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

    async def send(
        self, session_id: SessionId, letter: Letter, *, accepted: bool = False, seconds: float | None = None
    ) -> Message:
        """Give the agent a message, whole and in order; return what is known of it.

        It returns when the message is written, or stored where the agent has turns; with `accepted`, when
        the agent has taken it up. Past the limit, or when the caller is cancelled, a letter that is not
        stored is withdrawn, unless it was `begun`: then it is completed before any other, the error says so,
        and `letter.reply` still comes.
        """
        session = self._living(session_id)
        session.check(letter.mode)
        project_id = session.record.project_id
        self._afford(self._ledger.refuse_send(session_id, project_id, now()))
        limit = seconds or self._timeouts.send
        try:
            with deadline(f"sending to {session_id}", limit):
                async with session.door:
                    await session.mailbox.ask(m.Send(letter))
                    await letter.reply.take()
                if accepted:
                    await session.accepted(letter)
        except DeadlineExceeded as late:
            if letter.message and letter.message.awaits:
                fate = f"it is {letter.message.state} as {letter.message.id}, and will be given to the agent"
                raise DeadlineExceeded(f"{late}: the agent has not taken the message up; {fate}") from late
            with trio.CancelScope(shield=True):
                await letter.take_back()
            begun = "its beginning was written already, so it will be completed before any other message"
            fate = begun if letter.begun else "the message was withdrawn"
            raise DeadlineExceeded(f"{late}: the agent does not read its input; {fate}") from late
        finally:
            if not (letter.message and letter.message.awaits):
                letter.withdraw()
        assert letter.message is not None  # it was stored before it was answered
        return letter.message

    async def decide(
        self, session_id: SessionId, approval_id: str, *, allow: bool, seconds: float | None = None
    ) -> None:
        """Allow or deny what an agent asks for; returns when the agent was told.

        Raises `NotFound` for an approval that nobody waits for any more.
        """
        session = self._living(session_id)
        with deadline(f"answering {approval_id} of {session_id}", seconds or self._timeouts.send):
            await session.mailbox.ask(m.Decide(approval_id, allow, "an operator"))

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
        self.feed.close()

    # Watching over all.

    def listen(self, listener: Callable[[Step], None]) -> None:
        """Have each step of any session told to `listener` once it is stored; see `Journal.listen`.

        It is told before the session itself: until then `get` has the record from before the step.
        """
        self._journal.listen(listener)

    def vitals(self) -> Vitals:
        """Return how all sessions are doing just now."""
        return vitals(self._roster.all())

    # Forgetting.

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
        await Guard(self._roster.all, self._journal, self._ledger).run_forever()

    async def _strike_in_trouble(self, session: Session) -> None:
        """End an agent that is to be killed, for as long as it cannot be written down that it is."""
        with trio.move_on_after(self._timeouts.kill):
            while session.record.phase is Phase.RUNNING:
                if self._journal.trouble:
                    session.strike()
                    return
                await trio.sleep(_LOOK)


async def _stop(session: Session, grace: float) -> None:
    with suppress(SessionOver):
        await session.mailbox.ask(m.Stop("the server was shut down", grace))
