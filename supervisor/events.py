"""What happened, in the past tense: a tagged union of frozen values.

An event is the only thing that changes a session: `changes()` is what it makes of the record, the
lifecycle's table says whether it may happen at all. `Intent`s are stored before their side effects, so
that a crash in between can be accounted for; the public history leaves them out.
"""

import enum
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar

from .ids import ProjectId, SessionId, event_id
from .records import Activity, Handle, Tree


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSpawned(Event):
    """The session exists: from now on it is listed, and its workspace is being made."""

    event_type: ClassVar[str] = "SessionSpawned"
    agent_name: str

    def message(self) -> str:
        return f"{self.session_id} was spawned with the agent {self.agent_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWorking(Event):
    """The agent of a new session runs."""

    event_type: ClassVar[str] = "SessionWorking"
    tree: Tree
    handle: Handle
    incarnation: int

    def message(self) -> str:
        return f"{self.session_id} is working on {self.tree.branch}"

    def changes(self) -> dict[str, Any]:
        return _running(self.tree, self.handle, self.incarnation)

    def data(self) -> dict[str, Any]:
        return {"branch": self.tree.branch, "workspace_path": self.tree.path, "pid": self.handle.pid}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRestored(SessionWorking):
    """The agent of a session that had exited runs again, in the same workspace."""

    event_type: ClassVar[str] = "SessionRestored"

    def message(self) -> str:
        return f"{self.session_id} was restored on {self.tree.branch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnUndone(Event):
    """A spawn came to nothing; whatever it had made is gone again."""

    event_type: ClassVar[str] = "SessionCleaned"
    reason: str

    def message(self) -> str:
        return f"the spawn of {self.session_id} was undone: {self.reason}"

    def changes(self) -> dict[str, Any]:
        return _ended(None, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExited(Event):
    """The agent ended in a way that nobody asked for, or was stopped to be restored later."""

    event_type: ClassVar[str] = "SessionExited"
    priority: ClassVar[Priority] = Priority.URGENT
    exit_code: int | None
    reason: str

    def message(self) -> str:
        return f"the agent of {self.session_id} is gone: {self.reason}"

    def changes(self) -> dict[str, Any]:
        return _ended(self.exit_code, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFinished(Event):
    """The agent ended by itself, with exit code 0."""

    event_type: ClassVar[str] = "SessionExited"
    exit_code: int = 0

    def message(self) -> str:
        return f"the agent of {self.session_id} has finished"

    def changes(self) -> dict[str, Any]:
        return _ended(self.exit_code, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCrashed(SessionExited):
    """The session's own task failed: a bug of ennio. The agent was ended."""

    priority: ClassVar[Priority] = Priority.CRITICAL
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Intent):
    """The agent is about to be stopped, to be restored later."""

    event_type: ClassVar[str] = "StopRequested"
    reason: str

    def message(self) -> str:
        return f"{self.session_id} is being stopped: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillRequested(Intent):
    """Whatever the agent started is about to be ended."""

    event_type: ClassVar[str] = "KillRequested"

    def message(self) -> str:
        return f"{self.session_id} is being killed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequested(Intent):
    """The agent is about to be started again."""

    event_type: ClassVar[str] = "RestoreRequested"

    def message(self) -> str:
        return f"{self.session_id} is being restored"

    def changes(self) -> dict[str, Any]:
        return {"activity": None, "exit_code": None, "reason": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKilled(Event):
    """Nothing which the agent started is running any more."""

    event_type: ClassVar[str] = "SessionKilled"
    exit_code: int | None = None
    reason: str = "killed by an operator"

    def message(self) -> str:
        return f"{self.session_id} was killed"

    def changes(self) -> dict[str, Any]:
        return _ended(self.exit_code, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCleaned(Event):
    """The workspace of an ended session was removed; it held nothing uncommitted."""

    event_type: ClassVar[str] = "SessionCleaned"
    branch_kept: bool

    def message(self) -> str:
        fate = "was kept" if self.branch_kept else "had no commit and is gone too"
        return f"the workspace of {self.session_id} was removed; its branch {fate}"

    def changes(self) -> dict[str, Any]:
        return {"tree": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityChanged(Event):
    """The agent does something else now, as far as its dialogue tells."""

    event_type: ClassVar[str] = "ActivityChanged"
    activity: Activity

    def message(self) -> str:
        return f"{self.session_id} is {self.activity}"

    def changes(self) -> dict[str, Any]:
        return {"activity": self.activity}


def _running(tree: Tree, handle: Handle, incarnation: int) -> dict[str, Any]:
    return {
        "tree": tree,
        "branch": tree.branch,
        "base_commit": tree.base_commit,
        "handle": handle,
        "incarnation": incarnation,
    }


def _ended(exit_code: int | None, reason: str | None) -> dict[str, Any]:
    return {"handle": None, "activity": Activity.EXITED, "exit_code": exit_code, "reason": reason}
