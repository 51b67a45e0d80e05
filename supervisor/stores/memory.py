"""A store that lives as long as the server does."""

import trio

from ..events import Event
from ..ids import SessionId
from ..records import Answer, SessionRecord


class MemoryStore:
    """Events, records and answers in memory; gone when the server is."""

    trouble: str | None = None

    def __init__(self) -> None:
        self._events: dict[SessionId, list[Event]] = {}
        self._records: dict[SessionId, SessionRecord] = {}
        self._answers: dict[tuple[str, str], Answer] = {}

    async def run_forever(self) -> None:
        """Do nothing for ever: what is kept in memory is kept at once."""
        await trio.sleep_forever()

    async def load(self) -> list[SessionRecord]:
        """Return every session, oldest first."""
        return list(self._records.values())

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

    async def recall(self, target: str, key: str) -> Answer | None:
        """Return what is known of the request, or None."""
        return self._answers.get((target, key))

    async def remember(self, answer: Answer) -> None:
        """Keep this, in the place of what was known before."""
        self._answers[answer.target, answer.key] = answer

    async def dismiss(self, target: str, key: str) -> None:
        """Forget the request."""
        self._answers.pop((target, key), None)

    async def aclose(self) -> None:
        """Let go of nothing."""
