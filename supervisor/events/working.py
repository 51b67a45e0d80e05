"""What an agent does while it runs."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from ..records import Activity
from .event import Event, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityChanged(Event):
    """The agent does something else now, as far as its dialogue tells."""

    event_type: ClassVar[str] = "ActivityChanged"
    activity: Activity
    reason: str | None = None

    def message(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"{self.session_id} is {self.activity}{why}"

    def changes(self) -> dict[str, Any]:
        return {"activity": self.activity, "activity_reason": self.reason}


_UNITS = {"wall_clock": " s", "idle": " s", "memory_mb": " MiB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitNear(Event):
    """The agent has used most of what one of its limits gives it."""

    event_type: ClassVar[str] = "LimitNear"
    priority: ClassVar[Priority] = Priority.ACTION
    limit: str
    used: float
    most: float

    def message(self) -> str:
        return f"{self.session_id} is near its limit {_of(self.limit, self.used, self.most)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitExceeded(Event):
    """The agent went past one of its limits and is being ended for that."""

    event_type: ClassVar[str] = "LimitExceeded"
    priority: ClassVar[Priority] = Priority.URGENT
    limit: str
    used: float
    most: float

    @property
    def reason(self) -> str:
        """Why the agent is ended, in a clause."""
        return f"it went past its limit {_of(self.limit, self.used, self.most)}"

    def message(self) -> str:
        return f"{self.session_id} is being ended: {self.reason}"

    def changes(self) -> dict[str, Any]:
        return {"stop_reason": self.reason}


def _of(limit: str, used: float, most: float) -> str:
    """Say how much of a limit is used, to a tenth and rounded up: what is past it must look so."""
    tenths = math.ceil(used * 10) / 10
    return f"{limit}: {tenths:.15g} of {most:.15g}{_UNITS.get(limit, '')}"
