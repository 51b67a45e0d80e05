"""How an agent ends, and what becomes of its workspace."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .event import Event, Intent, Priority, ended


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Intent):
    """The agent is about to be stopped, to be restored later."""

    event_type: ClassVar[str] = "StopRequested"
    reason: str

    def message(self) -> str:
        return f"{self.session_id} is being stopped: {self.reason}"

    def changes(self) -> dict[str, Any]:
        return {"stop_reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class KillRequested(Intent):
    """Whatever the agent started is about to be ended."""

    event_type: ClassVar[str] = "KillRequested"

    def message(self) -> str:
        return f"{self.session_id} is being killed"

    def changes(self) -> dict[str, Any]:
        return {"stop_reason": None}


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
        return ended(self, self.exit_code, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFinished(Event):
    """The agent ended by itself, with exit code 0."""

    event_type: ClassVar[str] = "SessionExited"
    exit_code: int = 0

    def message(self) -> str:
        return f"the agent of {self.session_id} has finished"

    def changes(self) -> dict[str, Any]:
        return ended(self, self.exit_code, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConcluded(Event):
    """Its pull request was decided on, and no agent of it runs: the session is done."""

    event_type: ClassVar[str] = "SessionExited"
    exit_code: int | None
    reason: str

    def message(self) -> str:
        return f"{self.session_id} is over: {self.reason}"

    def changes(self) -> dict[str, Any]:
        return ended(self, self.exit_code, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCrashed(SessionExited):
    """The session's own task failed: a bug of ennio. The agent was ended."""

    priority: ClassVar[Priority] = Priority.CRITICAL
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKilled(Event):
    """Nothing which the agent started is running any more."""

    event_type: ClassVar[str] = "SessionKilled"
    exit_code: int | None = None
    reason: str = "killed by an operator"

    def message(self) -> str:
        return f"{self.session_id} was killed"

    def changes(self) -> dict[str, Any]:
        return ended(self, self.exit_code, self.reason)


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
