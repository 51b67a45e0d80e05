"""What every event is."""

import enum
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar

from ..ids import ProjectId, SessionId, event_id
from ..records import Activity


class Priority(enum.StrEnum):
    """How much an operator should care."""

    INFO = "info"
    ACTION = "action"
    URGENT = "urgent"
    CRITICAL = "critical"


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one session.

    `event_type` is its public name, `data()` its particulars, `message()` one sentence for people.
    """

    event_type: ClassVar[str] = ""
    priority: ClassVar[Priority] = Priority.INFO
    public: ClassVar[bool] = True

    session_id: SessionId
    project_id: ProjectId
    id: str = field(default_factory=event_id)
    timestamp: datetime = field(default_factory=now)

    def message(self) -> str:
        """One sentence for people."""
        raise AssertionError(f"{type(self).__name__} says nothing")

    def changes(self) -> dict[str, Any]:
        """The fields of the record that are different from now on, the phase aside."""
        return {}

    def data(self) -> dict[str, Any]:
        """The particulars, as plain JSON."""
        common = {f.name for f in fields(Event)}
        own = ((f.name, getattr(self, f.name)) for f in fields(self) if f.name not in common)
        return {name: value for name, value in own if isinstance(value, str | int | float | None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Event):
    """What is about to be done; stored first, not shown."""

    public: ClassVar[bool] = False


def ended(event: Event, exit_code: int | None, reason: str | None) -> dict[str, Any]:
    """Return what an end changes in the record."""
    how = {"exit_code": exit_code, "reason": reason, "stop_reason": None, "ended_at": event.timestamp}
    over = {"handle": None, "mark": None, "approvals": (), "in_turn": False, "activity_reason": None}
    return {**over, "activity": Activity.EXITED, **how}
