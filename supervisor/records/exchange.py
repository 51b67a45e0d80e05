"""What goes to and fro between callers and an agent: messages, permissions, and what it costs."""

import enum
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..ids import ProjectId, SessionId


class Mode(enum.StrEnum):
    """How a message gets to an agent that is busy: after its turn, within it, or by breaking it off."""

    QUEUE = "queue"
    STEER = "steer"
    INTERRUPT = "interrupt"


class MessageState(enum.StrEnum):
    """How far a message has come; it never goes back."""

    QUEUED = "queued"
    WRITTEN = "written"
    ACCEPTED = "accepted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to an agent. `number` counts those of a session from 1, `reason` says why it failed.

    `place` is the number of the write by which incarnation `incarnation` gets it, from when it is about to be
    written: so a later server can tell whether it was.
    """

    session_id: SessionId
    number: int
    text: str
    created_at: datetime
    mode: Mode = Mode.QUEUE
    state: MessageState = MessageState.QUEUED
    incarnation: int = 0
    place: int | None = None
    reason: str | None = None
    awaits: bool = False
    """Whether the agent's protocol shows when it takes a message up."""
    own: bool = False
    """Whether it is ennio's own word, whose giving nobody waits for: so it may be late."""

    @property
    def open(self) -> bool:
        """Whether more may become of it."""
        return self.state is MessageState.QUEUED or (self.state is MessageState.WRITTEN and self.awaits)

    @property
    def id(self) -> str:
        """Its name among the messages of its session."""
        return f"m{self.number}"


@dataclass(frozen=True, slots=True)
class Approval:
    """A permission that an agent waits for. `ask` is the dialogue's name for it, `input` is JSON text.

    Not answered by its `deadline`, it is denied.
    """

    id: str
    ask: str
    tool: str
    summary: str
    input: str
    asked_at: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an agent's output was taken in, in bytes, and what its dialogue has to remember from there."""

    at: int
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spend:
    """Money that one session has cost at one moment. `id` is that of the event that counted it."""

    id: str
    session_id: SessionId
    project_id: ProjectId
    at: datetime
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a model, each counted once: `input` is neither read from the cache nor written to it, and
    `output` holds no `reasoning`."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Tokens)))
