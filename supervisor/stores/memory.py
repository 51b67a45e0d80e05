"""A store that lives as long as the server does."""

from ..events import Event
from ..ids import SessionId
from ..records import SessionRecord


class MemoryStore:
    """Events and records in memory; gone when the server is."""

    def __init__(self) -> None:
        self._events: dict[SessionId, list[Event]] = {}
        self._records: dict[SessionId, SessionRecord] = {}

    async def append(self, event: Event, record: SessionRecord) -> None:
        """Keep both."""
        self._events.setdefault(event.session_id, []).append(event)
        self._records[record.id] = record

    async def forget(self, session_id: SessionId) -> None:
        """Drop both."""
        self._events.pop(session_id, None)
        self._records.pop(session_id, None)

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return a session's events, oldest first."""
        return list(self._events.get(session_id, ()))
