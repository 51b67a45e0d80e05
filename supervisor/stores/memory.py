"""A store that lives as long as the server does."""

from collections.abc import Callable
from datetime import datetime

import trio

from ..events import Event
from ..ids import SessionId
from ..protocols import Step
from ..records import Answer, Message, SessionRecord, Spend


class MemoryStore:
    """Events, records and answers in memory; gone when the server is."""

    trouble: str | None = None

    def __init__(self) -> None:
        self.stored: Callable[[Step], None] = lambda step: None
        self._all: list[Event] = []
        self._events: dict[SessionId, list[Event]] = {}
        self._records: dict[SessionId, SessionRecord] = {}
        self._messages: dict[SessionId, dict[int, Message]] = {}
        self._spends: list[Spend] = []
        self._answers: dict[tuple[str, str], Answer] = {}

    async def run_forever(self) -> None:
        """Do nothing for ever: what is kept in memory is kept at once."""
        await trio.sleep_forever()

    async def load(self) -> list[SessionRecord]:
        """Return every session, oldest first."""
        return list(self._records.values())

    async def append(self, step: Step) -> None:
        """Keep it."""
        record = step.record
        self._events.setdefault(record.id, []).extend(step.events)
        self._all.extend(step.events)
        self._records[record.id] = record
        self._messages.setdefault(record.id, {}).update({one.number: one for one in step.messages})
        self._spends.extend(step.spends)
        self.stored(step)

    async def forget(self, session_id: SessionId) -> None:
        """Drop all but the money."""
        for kept in (self._events, self._records, self._messages):
            kept.pop(session_id, None)
        self._all = [event for event in self._all if event.session_id != session_id]

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return a session's events, oldest first."""
        return list(self._events.get(session_id, ()))

    async def since(self, event_id: str, limit: int) -> list[Event] | None:
        """Return what callers may see of what happened after an event; None when that is not kept."""
        place = next((n for n, event in enumerate(self._all) if event.id == event_id), None)
        if place is None:
            return None
        return [event for event in self._all[place + 1 :] if event.public][:limit]

    async def messages(self, session_id: SessionId) -> list[Message]:
        """Return what a session was ever sent, oldest first."""
        return list(self._messages.get(session_id, {}).values())

    async def undelivered(self) -> list[Message]:
        """Return the messages of all sessions of which more may become, oldest first."""
        return [one for kept in self._messages.values() for one in kept.values() if one.open]

    async def spends(self, since: datetime | None = None) -> list[Spend]:
        """Return all money that was spent, ever or since a moment, oldest first."""
        return [spend for spend in self._spends if since is None or spend.at >= since]

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
