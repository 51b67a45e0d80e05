"""Frozen values that the rooms of the house hand to each other."""

from .answers import Answer
from .exchange import Approval, Mark, Message, MessageState, Mode, Spend, Tokens
from .holds import Handle, Hold, Launch, Tree, Usage
from .jobs import Command, Job, Order, Permissions
from .session import Activity, Phase, SessionRecord

__all__ = [
    "Activity",
    "Answer",
    "Approval",
    "Command",
    "Handle",
    "Hold",
    "Job",
    "Launch",
    "Mark",
    "Message",
    "MessageState",
    "Mode",
    "Order",
    "Permissions",
    "Phase",
    "SessionRecord",
    "Spend",
    "Tokens",
    "Tree",
    "Usage",
]
