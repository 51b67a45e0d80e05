"""Frozen values that the rooms of the house hand to each other."""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from .ids import ProjectId, SessionId


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
class Order:
    """What a caller wants done: spawn an agent in this project, on this."""

    project_id: ProjectId
    issue_id: str | None = None
    prompt: str | None = None
    branch: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """A session's workspace on disk, as plain data: what its removal must know after a restart too.

    `base_commit` is where the work started. `branch_made`: the checkout created the branch.
    `baseline` names what was uncommitted before the agent was started (`post_create`, symlinks),
    each path with a signature of what stood there.
    """

    path: str
    branch: str
    base_commit: str
    branch_made: bool
    baseline: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One start of an agent, as `Agent.command` sees it. `prompt` is None on a restore without one."""

    session_id: SessionId
    project_id: ProjectId
    workspace: str
    branch: str
    prompt: str | None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: argv without a shell, variables to add, and whether argv already holds the prompt."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    holds_prompt: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """What a runtime is asked to hold: the whole environment, and the folder that keeps the output.

    `incarnation` counts the starts of one session from 1. Of the output `keep_bytes` are kept.
    """

    session_id: SessionId
    incarnation: int
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    output: str
    keep_bytes: int


@dataclass(frozen=True, slots=True)
class Handle:
    """A running agent as plain data: enough to prove later that a pid is still the same process.

    `start` is field 22 of /proc/PID/stat in clock ticks since boot (proc(5)), 0 where there is none.
    `output_start` is the byte at which this incarnation's output begins.
    """

    pid: int
    start: int
    boot_id: str
    incarnation: int
    output_start: int = 0


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """All that is known of a session. Replaced, never changed; `lifecycle.advance` makes the next one."""

    id: SessionId
    project_id: ProjectId
    agent_name: str
    created_at: datetime
    issue_id: str | None = None
    prompt: str | None = None
    role: str | None = None
    branch: str | None = None
    base_commit: str | None = None
    phase: Phase = Phase.SPAWNING
    activity: Activity | None = None
    incarnation: int = 0
    tree: Tree | None = None
    handle: Handle | None = None
    exit_code: int | None = None
    reason: str | None = None
    last_activity_at: datetime | None = None
