"""What a message and a permission that is asked for look like from outside."""

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from ennio.supervisor import Approval, Message, SessionRecord


class MessageView(BaseModel):
    """What a session was sent, and how far that came."""

    id: str
    text: str
    mode: str
    state: str
    reason: str | None
    created_at: datetime

    @classmethod
    def of(cls, message: Message) -> "MessageView":
        """Show one message."""
        return cls(
            id=message.id,
            text=message.text,
            mode=message.mode,
            state=message.state,
            reason=message.reason,
            created_at=message.created_at,
        )


class ApprovalView(BaseModel):
    """A permission that an agent waits for; `input` is all that the agent says of it."""

    id: str
    session_id: str
    project_id: str
    tool: str
    summary: str
    input: Any
    asked_at: datetime
    deadline: datetime

    @classmethod
    def of(cls, record: SessionRecord, approval: Approval) -> "ApprovalView":
        """Show one permission that a session waits for."""
        return cls(
            id=approval.id,
            session_id=record.id,
            project_id=record.project_id,
            tool=approval.tool,
            summary=approval.summary,
            input=_json_or_text(approval.input),
            asked_at=approval.asked_at,
            deadline=approval.deadline,
        )


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # it was cut to a bound
        return text
