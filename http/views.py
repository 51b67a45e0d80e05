"""What a session, an event, a project and an output look like from outside."""

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel

from ennio.supervisor import Event, Excerpt, ProjectConfig, SessionId, SessionRecord, status


class SessionView(BaseModel):
    """A session. Times are RFC 3339 in UTC."""

    id: str
    project_id: str
    status: str
    activity: str | None
    branch: str | None
    pr_url: None
    agent_name: str
    issue_id: str | None
    role: str | None
    workspace_path: str | None
    base_commit: str | None
    pid: int | None
    attach: str | None
    starts: int
    restarts: int
    exit_code: int | None
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    last_activity_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, record: SessionRecord, attach: Sequence[str] | None = None) -> "SessionView":
        """Show a session as its record has it; `attach` is what to run to get to its agent's terminal."""
        return cls(
            id=record.id,
            project_id=record.project_id,
            status=status(record),
            activity=record.activity,
            branch=record.branch,
            pr_url=None,
            agent_name=record.agent_name,
            issue_id=record.issue_id,
            role=record.role,
            workspace_path=record.tree.path if record.tree else None,
            base_commit=record.base_commit,
            pid=record.handle.pid if record.handle else None,
            attach=shlex.join(attach) if attach else None,
            starts=record.incarnation,
            restarts=len(record.restarts),
            exit_code=record.exit_code,
            reason=record.reason,
            created_at=record.created_at,
            started_at=record.started_at,
            last_activity_at=record.last_activity_at,
            ended_at=record.ended_at,
        )


class EventView(BaseModel):
    """Something that happened to a session."""

    id: str
    event_type: str
    priority: str
    session_id: str
    project_id: str
    timestamp: datetime
    message: str
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> "EventView":
        """Show one event."""
        return cls(
            id=event.id,
            event_type=event.event_type,
            priority=event.priority,
            session_id=event.session_id,
            project_id=event.project_id,
            timestamp=event.timestamp,
            message=event.message(),
            data=event.data(),
        )


class ProjectView(BaseModel):
    """A configured project, without what may be secret: commands, rules, and the credentials of a URL."""

    id: str
    name: str
    path: str
    repo: str | None
    default_branch: str
    session_prefix: str
    max_sessions: int | None
    agent: str
    runtime: str
    workspace: str
    model: str | None

    @classmethod
    def of(cls, project: ProjectConfig) -> "ProjectView":
        """Show one project."""
        return cls(
            id=project.id,
            name=project.name,
            path=str(project.path),
            repo=without_credentials(project.repo) if project.repo else None,
            default_branch=project.default_branch,
            session_prefix=project.session_prefix,
            max_sessions=project.max_sessions,
            agent=project.agent,
            runtime=project.runtime,
            workspace=project.workspace,
            model=project.model,
        )


class OutputView(BaseModel):
    """What an agent said, up to `cursor`; `truncated`: something before this text was dropped."""

    text: str
    cursor: str
    truncated: bool

    @classmethod
    def of(cls, excerpt: Excerpt) -> "OutputView":
        """Show one piece of output."""
        return cls(text=excerpt.text, cursor=excerpt.cursor, truncated=excerpt.truncated)


class RenderedSessions:
    """Sessions written out as JSON, each once: a record is replaced when it changes, so the same record and
    the same terminal mean the same bytes. `attach` tells how to get to the terminal of an agent that runs."""

    _MOST = 10_000

    def __init__(self, attach: Callable[[SessionId], Sequence[str] | None]) -> None:
        self._attach = attach
        self._written: dict[SessionId, tuple[SessionRecord, Sequence[str] | None, bytes]] = {}

    def of(self, record: SessionRecord) -> bytes:
        """Return a session as JSON."""
        attach = self._attach(record.id) if record.handle else None
        known = self._written.get(record.id)
        if known is not None and known[0] is record and known[1] == attach:
            return known[2]
        if len(self._written) >= self._MOST:  # ids of spawns that were undone are among them
            self._written.clear()
        content = SessionView.of(record, attach).model_dump_json().encode()
        self._written[record.id] = record, attach, content
        return content


def without_credentials(url: str) -> str:
    """Return a repository's address without user, password, query and fragment; a path as it is.

    In `git@host:path`, which is no URL, the user is no secret.
    """
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
