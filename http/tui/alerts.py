"""What an operator was called for in a session's history, and what has not been settled since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..shapes import Event

_RECENT = timedelta(days=1)
_OF_AGENTS = {"agent-stuck", "agent-needs-input"}
"""Reactions to an agent that does not work: they are settled when it does."""


@dataclass(frozen=True, slots=True)
class Call:
    """The words with which an operator was called, when, and by which reaction."""

    words: str
    at: datetime
    reaction: str | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """The calls that stand: what a reaction gave up on, a budget or a limit that is nearly used up."""

    escalated: Call | None = None
    budget: Call | None = None
    limit: Call | None = None

    def after(self, event: Event) -> "Alerts":
        """Return the alerts that stand after an event."""
        data: Mapping[str, Any] = event["data"] or {}
        alerts = self
        match event["event_type"]:
            case "ReactionEscalated":
                alerts = replace(self, escalated=_call(event, data.get("reaction")))
            case "BudgetNear":
                alerts = replace(self, budget=_call(event))
            case "LimitNear":
                alerts = replace(self, limit=_call(event))
            case "SessionRestored":
                alerts = Alerts()
            case "StatusChanged" | "PrUpdated":
                alerts = replace(self, escalated=None)
            case "ActivityChanged" if data.get("activity") == "Active" and self._of_the_agent():
                alerts = replace(self, escalated=None)
        return alerts

    def _of_the_agent(self) -> bool:
        return self.escalated is not None and self.escalated.reaction in _OF_AGENTS

    def nearly_used_up(self, now: datetime | None = None) -> str:
        """Return in words what is nearly used up, or was so within a day."""
        now = now or datetime.now(UTC)
        calls = [call for call in (self.budget, self.limit) if call and now - call.at < _RECENT]
        return "; ".join(call.words for call in calls)


def of_history(events: Iterable[Event]) -> Alerts:
    """Return the alerts that a history leaves, oldest event first."""
    alerts = Alerts()
    for event in events:
        alerts = alerts.after(event)
    return alerts


def _call(event: Event, reaction: Any = None) -> Call:
    words = (event["data"] or {}).get("words") or event["message"]
    at = datetime.fromisoformat(event["timestamp"])
    return Call(str(words), at, str(reaction) if reaction else None)
