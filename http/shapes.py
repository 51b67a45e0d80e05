"""What the server answers, as the shapes of its JSON."""

from typing import Any, NotRequired, TypedDict


class Session(TypedDict):
    """One session. Times are RFC 3339 in UTC; `activity` is None while it is not known."""

    id: str
    project_id: str
    status: str
    activity: str | None
    branch: str | None
    pr_url: str | None
    agent_name: str
    issue_id: NotRequired[str | None]
    role: NotRequired[str | None]
    workspace_path: NotRequired[str | None]
    base_commit: NotRequired[str | None]
    created_at: NotRequired[str]
    last_activity_at: NotRequired[str | None]
    ended_at: NotRequired[str | None]
    pid: NotRequired[int | None]
    attach: NotRequired[str | None]
    exit_code: NotRequired[int | None]
    reason: NotRequired[str | None]


class Output(TypedDict):
    """What an agent said up to `cursor`; `truncated`: something before this text was dropped."""

    text: str
    cursor: str
    truncated: bool


class Pruned(TypedDict):
    """The ids of sessions that were forgotten, and of those that were kept for their uncommitted work."""

    pruned: list[str]
    kept: list[str]


class Event(TypedDict):
    """Something that happened to a session."""

    id: str
    event_type: str
    priority: str
    session_id: str
    project_id: str
    timestamp: str
    message: str
    data: dict[str, Any]
