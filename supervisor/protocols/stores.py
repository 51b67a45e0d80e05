"""Where things are kept."""

from typing import Protocol

from ..events import Event
from ..ids import SessionId
from ..records import Answer, SessionRecord


class Answers(Protocol):
    """Where the answers to requests with an Idempotency-Key are kept."""

    async def recall(self, target: str, key: str) -> Answer | None:
        """Return what is known of the request, or None."""

    async def remember(self, answer: Answer) -> None:
        """Keep this, in the place of what was known before."""

    async def dismiss(self, target: str, key: str) -> None:
        """Forget the request."""


class Store(Answers, Protocol):
    """Where events, records and answers are kept."""

    trouble: str | None
    """Why nothing can be stored just now, or None. Whatever waits for it is stored when that is over."""

    async def run_forever(self) -> None:
        """Do the writing; cancelled, it first stores what it was given. Raises when it never can again."""

    async def load(self) -> list[SessionRecord]:
        """Return every session, oldest first."""

    async def append(self, event: Event, record: SessionRecord) -> None:
        """Keep the event, and the session's record as it is after it; return when both are durable."""

    async def forget(self, session_id: SessionId) -> None:
        """Drop all that is kept of a session."""

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return a session's events, oldest first."""

    async def aclose(self) -> None:
        """Let go of the database."""
