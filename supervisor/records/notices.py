"""What operators are told, and what was done about what happened."""

from dataclasses import dataclass
from datetime import datetime

from ..ids import ProjectId, SessionId


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that an operator is to be told. `id` stays the same however often it is tried.

    `reaction` is what it comes of, `priority` how much an operator should care: info, action, urgent or
    critical. `escalated`: the agent did not manage. `url` leads to where it can be looked at.
    """

    id: str
    session_id: SessionId
    project_id: ProjectId
    reaction: str
    priority: str
    title: str
    text: str
    at: datetime
    url: str | None = None
    escalated: bool = False
    waiting: tuple[str, ...] = ()
    """The names of the notifiers that have not been given it yet."""


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a reaction did last: on which cause, when, and the how-manieth time in a row.

    `escalated`: the operator was told that it did not help. `message` is the number of what the agent was
    told, where it was.
    """

    cause: str
    at: datetime
    times: int = 1
    escalated: bool = False
    message: int | None = None
