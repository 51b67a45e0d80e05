"""What an agent's output shows, as values: all that the core ever learns of it.

A dialogue makes them, whatever the agent's own language is. Each is complete in itself and means the same for
every agent: usage comes as increments, costs in dollars, moments in UTC.
"""

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .records import Activity, Tokens


class Outcome(enum.StrEnum):
    """How a turn ended."""

    OK = "ok"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Started:
    """The agent is ready for messages, or has said who it is: each part that is known, else None.

    `conversation` is what its `Job.conversation` must be for the agent to go on with this conversation later.
    """

    conversation: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The agent has taken up the oldest message that it was given and had not taken up yet."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over; `words` says why where it failed. More messages may be told now."""

    outcome: Outcome = Outcome.OK
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the agent's own text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The agent uses a tool; `summary` is one short line, for instance the command or the file."""

    tool: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """A tool has ended; None: whether it did its work is not said."""

    tool: str
    ok: bool | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The agent asks for a permission and waits. `ask` names the question to `Dialogue.decide`.

    `tool` and `summary` are as in `ToolStarted`; `input` is all that the agent says of it, as JSON text.
    """

    ask: str
    tool: str
    summary: str
    input: str


@dataclass(frozen=True, slots=True)
class AskWithdrawn:
    """The agent does not wait for this permission any more: answered elsewhere, or the turn is over."""

    ask: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Used since the last one of these, and counted in no other.

    `cost` is in US dollars as the agent itself reckons it, or None where it does not say.
    """

    tokens: Tokens
    cost: Decimal | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """The agent's model failed, and the agent tries again by itself. What is not said is None.

    `delay` is in seconds, `status` is that of HTTP.
    """

    attempt: int | None = None
    most: int | None = None
    delay: float | None = None
    status: int | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class UsageLimited:
    """The account may not use the model for now; `until` is None where the agent does not say."""

    until: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The agent cannot be talked to at all, and why. `forgotten`: since it knows no such conversation."""

    words: str
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Seems:
    """All that can be told is what the agent seems to be doing: of screens, and of plain lines."""

    activity: Activity
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that this version knows no meaning for. It stands in the output, and changes nothing."""


Observation = (
    Started
    | TurnStarted
    | TurnEnded
    | Said
    | ToolStarted
    | ToolEnded
    | Asked
    | AskWithdrawn
    | Spent
    | Retrying
    | UsageLimited
    | Refused
    | Seems
    | Unknown
)
