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
    key: str | None = None
    """The Idempotency-Key with which it came."""


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
class Hold:
    """Where one incarnation of a session's agent is held, and how: what a restarted server can tell again.

    `incarnation` counts the starts of one session from 1. `folder` is the session's own: its output is kept
    below it, of which `keep_bytes` are. When the agent ends by itself, what it left running has `grace`
    seconds to end. An agent may go on for `orphan_timeout` seconds without a server.
    """

    session_id: SessionId
    incarnation: int
    folder: str
    keep_bytes: int
    grace: float
    orphan_timeout: float

    @property
    def output(self) -> str:
        """The folder that keeps what the agent says."""
        return f"{self.folder}/output"


@dataclass(frozen=True, slots=True)
class Launch:
    """What a runtime is asked to start, with its whole environment and the limits of its tree."""

    hold: Hold
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    memory_bytes: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tree of processes takes: how many there are, and how many bytes of memory they do not share."""

    processes: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Handle:
    """A running agent as plain data: enough to prove later that a pid is still the same process.

    `start` is field 22 of /proc/PID/stat in clock ticks since boot (proc(5)), 0 where there is none.
    `holder` is the process that holds the agent and outlives the server, 0 where there is none.
    `output_start` is the byte at which this incarnation's output begins. `runtime` is who launched it.
    """

    pid: int
    start: int
    boot_id: str
    incarnation: int
    output_start: int = 0
    holder: int = 0
    holder_start: int = 0
    runtime: str = "process"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request with an Idempotency-Key; `content` None: its end is not known.

    `target` is what was asked for, `fingerprint` a digest of the request's body.
    """

    target: str
    key: str
    fingerprint: bytes
    given_at: datetime
    content: bytes | None


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
    key: str | None = None
    """The Idempotency-Key of its spawn."""
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
