"""Where things are kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..events import Event
from ..ids import SessionId
from ..records import Answer, Message, SessionRecord, Spend


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of a session puts into the journal, all of it or nothing.

    `record` is as it is after the `events`. Each of the `messages` takes the place of what was known of it.
    """

    events: tuple[Event, ...]
    record: SessionRecord
    messages: tuple[Message, ...] = ()
    spends: tuple[Spend, ...] = ()


class Answers(Protocol):
    """Where the answers to requests with an Idempotency-Key are kept."""

    async def recall(self, target: str, key: str) -> Answer | None:
        """Return what is known of the request, or None."""

    async def remember(self, answer: Answer) -> None:
        """Keep this, in the place of what was known before."""

    async def dismiss(self, target: str, key: str) -> None:
        """Forget the request."""


class Store(Answers, Protocol):
    """Where events, records, messages, what was spent, and answers are kept."""

    trouble: str | None
    """Why nothing can be stored just now, or None. Whatever waits for it is stored when that is over."""
    stored: Callable[[Step], None]
    """Called with each step once it is durable, in the order in which `since` has them; never waits."""

    async def run_forever(self) -> None:
        """Do the writing; cancelled, it first stores what it was given. Raises when it never can again."""

    async def load(self) -> list[SessionRecord]:
        """Return every session, oldest first."""

    async def append(self, step: Step) -> None:
        """Keep a step; return when all of it is durable."""

    async def forget(self, session_id: SessionId) -> None:
        """Drop all that is kept of a session."""

    async def history(self, session_id: SessionId) -> list[Event]:
        """Return a session's events, oldest first."""

    async def since(self, event_id: str, limit: int) -> list[Event] | None:
        """Return what callers may see of what happened to all sessions after an event, oldest first, at most
        `limit`; None when that event is not kept (any more)."""

    async def messages(self, session_id: SessionId) -> list[Message]:
        """Return what a session was ever sent, oldest first."""

    async def undelivered(self) -> list[Message]:
        """Return the messages of all sessions of which more may become, oldest first."""

    async def spends(self, since: datetime | None = None) -> Iterable[Spend]:
        """Return all money that was spent, ever or since a moment, oldest first."""

    async def aclose(self) -> None:
        """Let go of the database."""
