"""The store that outlives the server: SQLite in a file, or PostgreSQL.

SQLAlchemy is synchronous here: one thread writes, another reads, and trio waits for them.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
import trio
from sqlalchemy import ColumnElement, Connection, Engine, Select, select

from ..events import Event
from ..ids import ProjectId, SessionId
from ..protocols import Step
from ..records import Answer, Message, SessionRecord, Spend
from .changes import Append, Dismiss, Forget, Remember, Trim
from .codec import UNREADABLE, event_classes, read
from .endurance import Endurance
from .faults import NotStored
from .opening import open_database
from .tables import answers, events, messages, sessions, spends
from .writer import Writer

Result = TypeVar("Result")
_EVENT = select(events.c.id, events.c.kind, events.c.body)

_log = structlog.get_logger()

_TRIM_EVERY = 256
"""So many answers are taken until old ones are looked for."""
_LAST = 2.0
"""Seconds that closing waits for a thread which nobody waits for any more, but which is still at work."""


class DatabaseStore:
    """Events, records and answers in a database, by a URL: `sqlite:PATH`, `sqlite:///PATH`, `postgresql://...`.

    The database is opened by whoever first needs it: that raises `ConfigError` when it is not to be used.
    What can pass (locked, disk full, server away) is waited for, and `trouble` says what it is.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.stored: Callable[[Step], None] = lambda step: None
        self._endurance = Endurance()
        self._opening = trio.Lock()
        self._reading, self._writing = trio.CapacityLimiter(1), trio.CapacityLimiter(1)
        self._writer = Writer(self._endurance, self._opened, self._writing)
        self._engine: Engine | None = None
        self._closed = False
        self._taken = 0

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored just now, or None."""
        return self._endurance.trouble

    async def run_forever(self) -> None:
        """Do the writing; cancelled, store what was given, within seconds. Raises `NotStored` when the
        database is ruined."""
        await self._writer.run()

    async def load(self) -> list[SessionRecord]:
        """Return every session, oldest first. Raises `ConfigError` when the database is not to be used."""
        return await self._read(_load)

    async def append(self, step: Step) -> None:
        """Keep it; return when it is durable. Raises `NotStored` when it never will be."""
        await self._writer.write(Append.of(step), lambda: self.stored(step))

    async def forget(self, session_id: SessionId) -> None:
        """Drop all that is kept of a session."""
        await self._writer.write(Forget(session_id))

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return a session's events, oldest first, but for those that this version cannot read."""
        return await self._read(partial(_history, session_id))

    async def since(self, event_id: str, limit: int) -> list[Event] | None:
        """Return what callers may see of what happened after an event; None when that is not kept."""
        return await self._read(partial(_since, event_id, limit))

    async def messages(self, session_id: SessionId) -> list[Message]:
        """Return what a session was ever sent, oldest first."""
        return await self._read(partial(_messages, messages.c.session_id == session_id))

    async def undelivered(self) -> list[Message]:
        """Return the messages of all sessions of which more may become, oldest first."""
        return await self._read(partial(_messages, messages.c.open))

    async def spends(self, since: datetime | None = None) -> list[Spend]:
        """Return all money that was spent, ever or since a moment, oldest first."""
        return await self._read(partial(_spends, since))

    async def recall(self, target: str, key: str) -> Answer | None:
        """Return what is known of a request with an Idempotency-Key."""
        return await self._read(partial(_recall, target, key))

    async def remember(self, answer: Answer) -> None:
        """Keep this in the place of what was known before."""
        await self._writer.write(Remember(answer))
        self._taken += 1
        if self._taken % _TRIM_EVERY == 0:
            await self._writer.write(Trim())

    async def dismiss(self, target: str, key: str) -> None:
        """Forget the request."""
        await self._writer.write(Dismiss(target, key))

    async def aclose(self) -> None:
        """Let go of the database, for good: its connections are closed, whoever gave up waiting for one."""
        self._closed = True
        with trio.CancelScope(shield=True):
            with trio.move_on_after(_LAST):
                async with self._reading, self._writing:
                    pass
            engine, self._engine = self._engine, None
            if engine is not None:
                await trio.to_thread.run_sync(engine.dispose)

    async def _opened(self) -> Engine:
        async with self._opening:
            if self._closed:
                raise NotStored("the store is closed")
            if self._engine is None:
                await self._endurance.run(self._open, self._reading)
            assert self._engine is not None
            return self._engine

    def _open(self) -> None:
        """In a thread: kept even if nobody waits for it any more, so that it is closed."""
        self._engine = open_database(self._url)

    async def _read(self, query: Callable[[Connection], Result]) -> Result:
        engine = await self._opened()

        def ask() -> Result:
            with engine.connect() as connection:
                return query(connection)

        return await self._endurance.run(ask, self._reading)


def _load(connection: Connection) -> list[SessionRecord]:
    oldest_first = select(sessions.c.id, sessions.c.record).order_by(sessions.c.created_at, sessions.c.id)
    return [_record(session_id, text) for session_id, text in connection.execute(oldest_first)]


def _record(session_id: str, text: str) -> SessionRecord:
    try:
        return read(SessionRecord, text)
    except UNREADABLE as error:
        raise NotStored(f"what the database holds of {session_id} cannot be read: {error}") from error


def _history(session_id: SessionId, connection: Connection) -> list[Event]:
    return _events(connection, _EVENT.where(events.c.session_id == session_id).order_by(events.c.seq))


def _since(event_id: str, limit: int, connection: Connection) -> list[Event] | None:
    place = connection.execute(select(events.c.seq).where(events.c.id == event_id)).scalar_one_or_none()
    if place is None:
        return None
    later = _EVENT.where(events.c.seq > place, events.c.public).order_by(events.c.seq).limit(limit)
    return _events(connection, later)


def _events(connection: Connection, wanted: Select[Any]) -> list[Event]:
    known = event_classes()
    found = (_event(event_id, known.get(kind), text) for event_id, kind, text in connection.execute(wanted))
    return [event for event in found if event is not None]


def _event(event_id: str, kind: type[Event] | None, text: str) -> Event | None:
    if kind is None:
        _log.warning("an event that this version does not know is left out", event_id=event_id)
        return None
    try:
        return read(kind, text)
    except UNREADABLE as error:
        _log.warning("an event cannot be read and is left out", event_id=event_id, why=repr(error))
        return None


def _messages(wanted: ColumnElement[bool], connection: Connection) -> list[Message]:
    oldest_first = select(messages.c.message).where(wanted).order_by(messages.c.session_id, messages.c.number)
    return [read(Message, text) for text in connection.execute(oldest_first).scalars()]


def _spends(since: datetime | None, connection: Connection) -> list[Spend]:
    wanted = select(spends).order_by(spends.c.at)
    if since is not None:
        wanted = wanted.where(spends.c.at >= since)
    return [
        Spend(
            id=row.id,
            session_id=SessionId(row.session_id),
            project_id=ProjectId(row.project_id),
            at=row.at,
            cost_usd=row.cost_usd,
        )
        for row in connection.execute(wanted)
    ]


def _recall(target: str, key: str, connection: Connection) -> Answer | None:
    its = (answers.c.target == target) & (answers.c.key == key)
    row = connection.execute(select(answers).where(its)).mappings().one_or_none()
    return None if row is None else Answer(**row)
