"""What goes to and fro between a session's callers and its agent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from ..observations import Outcome
from ..records import Approval, MessageState
from .event import Event, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Private(Event):
    """Kept to be accounted for; callers see it by what it changes."""

    public: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTaken(Private):
    """A message was taken for the agent; `number` counts those of the session."""

    event_type: ClassVar[str] = "MessageTaken"
    number: int

    def message(self) -> str:
        return f"message m{self.number} is on its way to {self.session_id}"

    def changes(self) -> dict[str, Any]:
        return {"messages": self.number}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMoved(Private):
    """A message has come further, or will not come any further."""

    event_type: ClassVar[str] = "MessageMoved"
    number: int
    state: MessageState
    reason: str | None = None

    def message(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"message m{self.number} to {self.session_id} is {self.state}{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationKnown(Private):
    """The agent has said who it is and which conversation this is; None: that part is as it was."""

    event_type: ClassVar[str] = "ConversationKnown"
    conversation: str | None
    model: str | None

    def message(self) -> str:
        return f"{self.session_id} talks with {self.model or 'a model'} in {self.conversation or '?'}"

    def changes(self) -> dict[str, Any]:
        known = {"conversation": self.conversation, "model": self.model}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationLost(Event):
    """The agent does not go on with the conversation that it was to; what it begins is new."""

    event_type: ClassVar[str] = "ConversationLost"
    priority: ClassVar[Priority] = Priority.ACTION
    words: str

    def message(self) -> str:
        return f"{self.session_id} cannot go on with its conversation: {self.words}"

    def changes(self) -> dict[str, Any]:
        return {"conversation": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegan(Private):
    """The agent has taken up something that it was told; `turns` counts those of its present run."""

    event_type: ClassVar[str] = "TurnBegan"
    turns: int

    def message(self) -> str:
        return f"{self.session_id} has begun turn {self.turns}"

    def changes(self) -> dict[str, Any]:
        return {"turns": self.turns, "in_turn": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOver(Private):
    """The agent is done with a turn, in one way or another."""

    event_type: ClassVar[str] = "TurnOver"
    outcome: Outcome
    words: str | None = None

    def message(self) -> str:
        why = f": {self.words}" if self.words else ""
        return f"a turn of {self.session_id} ended: {self.outcome}{why}"

    def changes(self) -> dict[str, Any]:
        return {"in_turn": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(Event):
    """The agent waits for a permission. `approvals` are all that it waits for now."""

    event_type: ClassVar[str] = "ApprovalRequested"
    priority: ClassVar[Priority] = Priority.URGENT
    approval_id: str
    tool: str
    summary: str
    deadline: datetime
    number: int
    approvals: tuple[Approval, ...]

    def message(self) -> str:
        return f"{self.session_id} asks for {self.tool}: {self.summary}"

    def changes(self) -> dict[str, Any]:
        return {"approvals": self.approvals, "asked": self.number}

    def data(self) -> dict[str, Any]:
        known = {"approval_id": self.approval_id, "tool": self.tool, "summary": self.summary}
        return {**known, "deadline": self.deadline.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalResolved(Event):
    """A permission was given or not: `decision` is `allow`, `deny` or `withdrawn`, `by` says by whom."""

    event_type: ClassVar[str] = "ApprovalResolved"
    approval_id: str
    tool: str
    decision: str
    by: str
    approvals: tuple[Approval, ...]

    def message(self) -> str:
        return f"{self.tool} of {self.session_id}: {self.decision} by {self.by}"

    def changes(self) -> dict[str, Any]:
        return {"approvals": self.approvals}
