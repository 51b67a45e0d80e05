"""The one record of what happened: an event is stored before anyone acts on it or sees it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import structlog
import trio

from .events import Event
from .ids import SessionId
from .protocols import Answers, Step, Store
from .records import Message, SessionRecord, Spend

_log = structlog.get_logger()


class JournalFailed(Exception):
    """An event could not be stored. Not an `EnnioError`: the server must stop, for it may not run blind."""


class Journal:
    """Append what happened; read it back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: list[Callable[[Step], None]] = []
        store.stored = self._tell

    def listen(self, listener: Callable[[Step], None]) -> None:
        """Have each step told to `listener` once it is stored, in their order. It never waits nor raises."""
        self._listeners.append(listener)

    def _tell(self, step: Step) -> None:
        for listener in self._listeners:
            listener(step)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored just now, or None; whatever happens meanwhile waits until it can."""
        return self._store.trouble

    @property
    def answers(self) -> Answers:
        """Where answers to requests with an Idempotency-Key are kept, beside the events."""
        return self._store

    async def run_forever(self) -> None:
        """Do the storing; for a nursery that lives as long as the server. Raises `JournalFailed`."""
        try:
            await self._store.run_forever()
        except Exception as error:
            raise JournalFailed(f"nothing can be stored any more: {error}") from error
        finally:
            with trio.CancelScope(shield=True):
                await self._store.aclose()

    async def load(self) -> list[SessionRecord]:
        """Return every session that is known, oldest first."""
        return await self._store.load()

    async def append(self, step: Step) -> None:
        """Store a step, or raise `JournalFailed`."""
        try:
            await self._store.append(step)
        except Exception as error:
            what = ", ".join(event.event_type for event in step.events) or "a change"
            raise JournalFailed(f"{what} of {step.record.id} could not be stored") from error
        for event in step.events:
            _log.info(event.event_type, session_id=event.session_id, message=event.message())

    async def forget(self, session_id: SessionId) -> None:
        """Drop a session whose spawn was undone: nobody was ever told of it."""
        try:
            await self._store.forget(session_id)
        except Exception as error:
            raise JournalFailed(f"{session_id} could not be forgotten") from error

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return what callers may see of a session's past, oldest first."""
        return [event for event in await self._store.history(session_id) if event.public]

    async def since(self, event_id: str, limit: int) -> list[Event] | None:
        """Return what callers may see of what happened after an event, oldest first; see `Store.since`."""
        return await self._store.since(event_id, limit)

    async def messages(self, session_id: SessionId) -> Sequence[Message]:
        """Return what a session was ever sent, oldest first."""
        return await self._store.messages(session_id)

    async def undelivered(self) -> Sequence[Message]:
        """Return the messages of all sessions of which more may become, oldest first."""
        return await self._store.undelivered()

    async def spends(self, since: datetime | None = None) -> Iterable[Spend]:
        """Return all money that was spent, ever or since a moment, oldest first."""
        return await self._store.spends(since)
