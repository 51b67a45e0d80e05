"""What an event, an output and evidence look like from outside."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from ennio.supervisor import Event, Evidence, Excerpt


class EventView(BaseModel):
    """Something that happened to a session."""

    id: str
    event_type: str
    priority: str
    session_id: str
    project_id: str
    timestamp: datetime
    message: str
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> "EventView":
        """Show one event."""
        return cls(
            id=event.id,
            event_type=event.event_type,
            priority=event.priority,
            session_id=event.session_id,
            project_id=event.project_id,
            timestamp=event.timestamp,
            message=event.message(),
            data=event.data(),
        )


class ResyncView(BaseModel):
    """A place in a stream is lost: how everything is has to be asked anew."""

    reason: str


class OutputView(BaseModel):
    """What an agent said, up to `cursor`; `truncated`: something before this text was dropped."""

    text: str
    cursor: str
    truncated: bool

    @classmethod
    def of(cls, excerpt: Excerpt) -> "OutputView":
        """Show one piece of output."""
        return cls(text=excerpt.text, cursor=excerpt.cursor, truncated=excerpt.truncated)


class EvidenceView(BaseModel):
    """Something that was seen, and when."""

    at: datetime
    what: str

    @classmethod
    def of(cls, evidence: Evidence) -> "EvidenceView":
        """Show one piece of evidence."""
        return cls(at=evidence.at, what=evidence.what)


class WhyView(BaseModel):
    """What a session is said to be, and what speaks for it, oldest first."""

    status: str
    status_reason: str | None
    activity: str | None
    activity_reason: str | None
    evidence: list[EvidenceView]
