"""How a session begins, and begins again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from ..records import Handle, Tree
from .event import Event, Intent, ended


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSpawned(Event):
    """The session exists: from now on it is listed, and its workspace is being made."""

    event_type: ClassVar[str] = "SessionSpawned"
    agent_name: str
    opening: str | None = None

    def message(self) -> str:
        return f"{self.session_id} was spawned with the agent {self.agent_name}"

    def changes(self) -> dict[str, Any]:
        return {"opening": self.opening}

    def data(self) -> dict[str, Any]:
        return {"agent_name": self.agent_name}


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
        return {**_running(self.tree, self.handle, self.incarnation), "started_at": self.timestamp}

    def data(self) -> dict[str, Any]:
        return {"branch": self.tree.branch, "workspace_path": self.tree.path, "pid": self.handle.pid}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRestored(SessionWorking):
    """The agent of a session that had exited runs again, in the same workspace."""

    event_type: ClassVar[str] = "SessionRestored"

    def message(self) -> str:
        return f"{self.session_id} was restored on {self.tree.branch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequested(Intent):
    """The agent is about to be started again, and told `opening`.

    `restarts` has the times of those starts that nobody asked for and that still count; see `restarts.py`.
    """

    event_type: ClassVar[str] = "RestoreRequested"
    opening: str | None = None
    restarts: tuple[datetime, ...] = ()

    def message(self) -> str:
        return f"{self.session_id} is being restored"

    def changes(self) -> dict[str, Any]:
        now = {"opening": self.opening, "restarts": self.restarts}
        return {"activity": None, "exit_code": None, "reason": None, "ended_at": None, **now}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnUndone(Event):
    """A spawn came to nothing; whatever it had made is gone again."""

    event_type: ClassVar[str] = "SessionCleaned"
    reason: str

    def message(self) -> str:
        return f"the spawn of {self.session_id} was undone: {self.reason}"

    def changes(self) -> dict[str, Any]:
        return ended(self, None, self.reason)


def _running(tree: Tree, handle: Handle, incarnation: int) -> dict[str, Any]:
    return {
        "tree": tree,
        "branch": tree.branch,
        "base_commit": tree.base_commit,
        "handle": handle,
        "incarnation": incarnation,
        "turns": 0,
        "mark": None,
    }
