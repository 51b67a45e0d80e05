"""What an agent costs, and what that leads to."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from ..records import Tokens
from .event import Event, Priority
from .talking import Private


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCounted(Private):
    """The agent has used tokens; `cost` is in US dollars, None where nobody knows it.

    `totals` is what the record has to say from now on.
    """

    event_type: ClassVar[str] = "UsageCounted"
    tokens: Tokens
    cost: Decimal | None
    estimated: bool
    totals: Tokens
    total_cost: Decimal

    def message(self) -> str:
        cost = "at a cost that nobody knows" if self.cost is None else f"for {self.cost} USD"
        every = sum((self.tokens.input, self.tokens.cache_read, self.tokens.cache_write))
        return f"{self.session_id} has used {every} tokens in, {self.tokens.output} out, {cost}"

    def changes(self) -> dict[str, Any]:
        changed: dict[str, Any] = {"tokens": self.totals, "cost_usd": self.total_cost}
        if self.cost is None:
            changed["unpriced"] = True
        elif self.estimated:
            changed["cost_is_estimated"] = True
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetNear(Event):
    """A budget that the session spends from is spent for the most part."""

    event_type: ClassVar[str] = "BudgetNear"
    priority: ClassVar[Priority] = Priority.ACTION
    words: str

    def message(self) -> str:
        return f"{self.session_id}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetExceeded(Event):
    """A budget that the session spends from is spent; its agent is being ended for that."""

    event_type: ClassVar[str] = "BudgetExceeded"
    priority: ClassVar[Priority] = Priority.URGENT
    words: str

    def message(self) -> str:
        return f"{self.session_id} is being ended: {self.words}"

    def changes(self) -> dict[str, Any]:
        return {"stop_reason": self.words}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLimitReached(Event):
    """The agent's account may not use the model until a moment; sessions of that agent wait for it."""

    event_type: ClassVar[str] = "UsageLimitReached"
    priority: ClassVar[Priority] = Priority.ACTION
    until: datetime
    words: str

    def message(self) -> str:
        return f"{self.session_id} waits until {self.until:%Y-%m-%dT%H:%M:%SZ}: {self.words}"

    def changes(self) -> dict[str, Any]:
        return {"held_until": self.until}

    def data(self) -> dict[str, Any]:
        return {"until": self.until.isoformat(), "words": self.words}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLimitOver(Event):
    """The agent's account may use the model again, or so it was said."""

    event_type: ClassVar[str] = "UsageLimitOver"

    def message(self) -> str:
        return f"{self.session_id} goes on: the usage limit of its account is over"

    def changes(self) -> dict[str, Any]:
        return {"held_until": None}
