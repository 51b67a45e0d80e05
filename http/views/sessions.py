"""What a session looks like from outside."""

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import BaseModel

from ennio.supervisor import SessionId, SessionRecord, status

from .money import Dollars
from .reviews import PullView


class SessionView(BaseModel):
    """A session. Times are RFC 3339 in UTC."""

    id: str
    project_id: str
    status: str
    activity: str | None
    branch: str | None
    pr_url: str | None
    agent_name: str
    pr_number: int | None
    pull_request: PullView | None
    issue_id: str | None
    issue_title: str | None
    issue_url: str | None
    role: str | None
    parent: str | None
    workspace_path: str | None
    base_commit: str | None
    base_ref: str | None
    base_warning: str | None
    pid: int | None
    attach: str | None
    activity_reason: str | None
    model: str | None
    conversation: str | None
    turns: int
    tokens_in: int
    tokens_out: int
    cost_usd: Dollars
    cost_is_estimated: bool
    cost_is_complete: bool
    approvals: int
    held_until: datetime | None
    host_trouble: str | None
    notices_waiting: int
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
        tree, pull = record.tree, record.pull
        return cls(
            id=record.id,
            project_id=record.project_id,
            status=status(record),
            activity=record.activity,
            branch=record.branch,
            pr_url=pull.url if pull else None,
            agent_name=record.agent_name,
            pr_number=pull.number if pull else None,
            pull_request=PullView.of(pull) if pull else None,
            issue_id=record.issue_id,
            issue_title=record.issue_title,
            issue_url=record.issue_url,
            role=record.role,
            parent=record.parent,
            workspace_path=tree.path if tree else None,
            base_commit=record.base_commit,
            base_ref=tree.base_ref if tree else None,
            base_warning=tree.warning if tree else None,
            pid=record.handle.pid if record.handle else None,
            attach=shlex.join(attach) if attach else None,
            activity_reason=record.activity_reason,
            model=record.model,
            conversation=record.conversation,
            turns=record.turns,
            tokens_in=record.tokens.input + record.tokens.cache_read + record.tokens.cache_write,
            tokens_out=record.tokens.output + record.tokens.reasoning,
            cost_usd=record.cost_usd,
            cost_is_estimated=record.cost_is_estimated,
            cost_is_complete=not record.unpriced,
            approvals=len(record.approvals),
            held_until=record.held_until,
            host_trouble=record.host_trouble,
            notices_waiting=len(record.notices),
            starts=record.incarnation,
            restarts=len(record.restarts),
            exit_code=record.exit_code,
            reason=record.reason,
            created_at=record.created_at,
            started_at=record.started_at,
            last_activity_at=record.last_activity_at,
            ended_at=record.ended_at,
        )


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
