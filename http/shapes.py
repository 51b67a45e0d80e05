"""What the server answers, as the shapes of its JSON."""

from typing import Any, NotRequired, TypedDict


class PullRequest(TypedDict):
    """A pull request; `ci` is none, pending, passing or failing, `review` approved or changes_requested."""

    number: int
    url: str
    title: str
    state: str
    draft: bool
    head: str
    conflicts: bool | None
    ci: str
    failing: list[str]
    review: str | None
    review_asked: bool


class Session(TypedDict):
    """One session. Times are RFC 3339 in UTC; `activity` is None while it is not known."""

    id: str
    project_id: str
    status: str
    activity: str | None
    branch: str | None
    pr_url: str | None
    agent_name: str
    pr_number: NotRequired[int | None]
    pull_request: NotRequired[PullRequest | None]
    issue_id: NotRequired[str | None]
    issue_title: NotRequired[str | None]
    issue_url: NotRequired[str | None]
    role: NotRequired[str | None]
    parent: NotRequired[str | None]
    workspace_path: NotRequired[str | None]
    base_commit: NotRequired[str | None]
    base_ref: NotRequired[str | None]
    base_warning: NotRequired[str | None]
    created_at: NotRequired[str]
    last_activity_at: NotRequired[str | None]
    ended_at: NotRequired[str | None]
    pid: NotRequired[int | None]
    attach: NotRequired[str | None]
    activity_reason: NotRequired[str | None]
    model: NotRequired[str | None]
    conversation: NotRequired[str | None]
    turns: NotRequired[int]
    tokens_in: NotRequired[int]
    tokens_out: NotRequired[int]
    cost_usd: NotRequired[str]
    cost_is_estimated: NotRequired[bool]
    cost_is_complete: NotRequired[bool]
    approvals: NotRequired[int]
    held_until: NotRequired[str | None]
    host_trouble: NotRequired[str | None]
    notices_waiting: NotRequired[int]
    starts: NotRequired[int]
    restarts: NotRequired[int]
    started_at: NotRequired[str | None]
    exit_code: NotRequired[int | None]
    reason: NotRequired[str | None]


class Issue(TypedDict):
    """An issue of a project's tracker; its `id` is what a spawn takes."""

    id: str
    title: str
    url: str | None
    labels: list[str]
    open: bool


class Notifier(TypedDict):
    """A way to reach an operator, and the plugin that does it."""

    name: str
    plugin: str


class Output(TypedDict):
    """What an agent said up to `cursor`; `truncated`: something before this text was dropped."""

    text: str
    cursor: str
    truncated: bool


class Message(TypedDict):
    """What a session was sent; `state` is queued, written, accepted or failed."""

    id: str
    text: str
    mode: str
    state: str
    reason: str | None
    created_at: str


class Approval(TypedDict):
    """A permission that an agent waits for; without an answer it is denied at the `deadline`."""

    id: str
    session_id: str
    project_id: str
    tool: str
    summary: str
    input: Any
    asked_at: str
    deadline: str


class Budget(TypedDict):
    """A budget; money is decimal numbers in strings, None where each session has an account of its own."""

    scope: str
    project_id: str | None
    period: str
    limit_usd: str
    spent_usd: str | None
    held_usd: str | None
    remaining_usd: str | None
    period_start: str | None
    period_end: str | None


class Spend(TypedDict):
    """What a project has spent on a day, by UTC; money is a decimal number in a string."""

    day: str
    project_id: str
    cost_usd: str


class LoginCode(TypedDict):
    """What lets a browser in, once."""

    code: str
    expires_at: str


class Evidence(TypedDict):
    """Something that was seen of an agent, and when."""

    at: str
    what: str


class Why(TypedDict):
    """What speaks for a session's status and activity, oldest first."""

    status: str
    status_reason: str | None
    activity: str | None
    activity_reason: str | None
    evidence: list[Evidence]


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
