"""Frozen values that the rooms of the house hand to each other."""

from .answers import Answer
from .exchange import Approval, Mark, Message, MessageState, Mode, Spend, Tokens
from .holds import Handle, Hold, Launch, Tree, Usage
from .jobs import Command, Job, Order, Permissions
from .notices import Notice, Reacted
from .reviews import (
    Check,
    Ci,
    Comment,
    Failure,
    Hint,
    Issue,
    Pull,
    PullRequest,
    PullState,
    Review,
    Sought,
    Verdict,
)
from .session import Activity, Phase, SessionRecord

__all__ = [
    "Activity",
    "Answer",
    "Approval",
    "Check",
    "Ci",
    "Command",
    "Comment",
    "Failure",
    "Handle",
    "Hint",
    "Hold",
    "Issue",
    "Job",
    "Launch",
    "Mark",
    "Message",
    "MessageState",
    "Mode",
    "Notice",
    "Order",
    "Permissions",
    "Phase",
    "Pull",
    "PullRequest",
    "PullState",
    "Reacted",
    "Review",
    "SessionRecord",
    "Sought",
    "Spend",
    "Tokens",
    "Tree",
    "Usage",
    "Verdict",
]
