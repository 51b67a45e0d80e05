"""All that is known of a session."""

import enum
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..ids import ProjectId, SessionId
from .exchange import Approval, Mark, Tokens
from .holds import Handle, Tree
from .notices import Notice, Reacted
from .reviews import Pull


class Phase(enum.StrEnum):
    """Where a session stands in its life; the moves between are `lifecycle.TRANSITIONS`."""

    SPAWNING = "Spawning"
    RUNNING = "Running"
    STOPPING = "Stopping"
    EXITED = "Exited"
    FAILED = "Failed"
    DONE = "Done"
    KILLED = "Killed"


class Activity(enum.StrEnum):
    """What the agent seems to be doing, as far as its dialogue tells."""

    ACTIVE = "Active"
    READY = "Ready"
    IDLE = "Idle"
    WAITING_INPUT = "WaitingInput"
    BLOCKED = "Blocked"
    EXITED = "Exited"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """All that is known of a session. Replaced, never changed; `lifecycle.advance` makes the next one."""

    id: SessionId
    project_id: ProjectId
    agent_name: str
    created_at: datetime
    issue_id: str | None = None
    issue_title: str | None = None
    issue_url: str | None = None
    prompt: str | None = None
    role: str | None = None
    branch: str | None = None
    key: str | None = None
    """The Idempotency-Key of its spawn."""
    parent: SessionId | None = None
    """The session whose agent has spawned it, None for an operator."""
    base_commit: str | None = None
    phase: Phase = Phase.SPAWNING
    activity: Activity | None = None
    incarnation: int = 0
    tree: Tree | None = None
    handle: Handle | None = None
    exit_code: int | None = None
    reason: str | None = None
    stop_reason: str | None = None
    """While it is being stopped: why, and None when it is being killed."""
    started_at: datetime | None = None
    """When the agent was started for its present or last run."""
    opening: str | None = None
    """What the agent is told first in its present run."""
    restarts: tuple[datetime, ...] = ()
    """When it was started again unasked, within the period that counts."""
    last_activity_at: datetime | None = None
    ended_at: datetime | None = None
    activity_reason: str | None = None
    """Why `activity` is what it is, where that needs words."""
    conversation: str | None = None
    """The agent's own name for its conversation, by which it can be resumed."""
    model: str | None = None
    mark: Mark | None = None
    """How far the output of the present run was taken in; None: nothing of it yet."""
    turns: int = 0
    """How many turns its present run has had."""
    in_turn: bool = False
    """Whether the agent is in the middle of one."""
    messages: int = 0
    """How many messages it was ever sent."""
    asked: int = 0
    """How many permissions it ever asked for."""
    approvals: tuple[Approval, ...] = ()
    """Those that it waits for."""
    tokens: Tokens = field(default_factory=Tokens)
    cost_usd: Decimal = Decimal(0)
    cost_is_estimated: bool = False
    """Whether some of the cost was reckoned with a table of prices, since the agent does not say."""
    unpriced: bool = False
    """Whether some of what it used has a price that nobody knows."""
    held_until: datetime | None = None
    """Its account may not use the model before this."""
    pull: Pull | None = None
    """What is known of its pull request."""
    passed_pull: int = 0
    """The number of a pull request that was closed before its agent was started last."""
    ci_told: str | None = None
    """The commit of whose failing checks the agent was told last; None once checks have passed since."""
    host_trouble: str | None = None
    """Why nothing new is known of its pull request, while that is so."""
    reacted: dict[str, Reacted] = field(default_factory=dict)
    """By reaction: what was done about it last."""
    notices: tuple[Notice, ...] = ()
    """What operators are still to be told."""
