"""The one record of what happened: an event is stored before anyone acts on it or sees it."""

import structlog
import trio

from .events import Event
from .ids import SessionId
from .protocols import Answers, Store
from .records import SessionRecord

_log = structlog.get_logger()


class JournalFailed(Exception):
    """An event could not be stored. Not an `EnnioError`: the server must stop, for it may not run blind."""


class Journal:
    """Append what happened; read it back."""

    def __init__(self, store: Store) -> None:
        self._store = store

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

    async def append(self, event: Event, record: SessionRecord) -> None:
        """Store the event, and the record as it is after it, or raise `JournalFailed`."""
        try:
            await self._store.append(event, record)
        except Exception as error:
            raise JournalFailed(f"{event.event_type} of {event.session_id} could not be stored") from error
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
