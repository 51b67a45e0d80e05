"""The words that the API has for states and kinds, each list from the code that makes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from ennio.supervisor import (
    Activity,
    Ci,
    Event,
    MessageState,
    Mode,
    Phase,
    Priority,
    ProjectId,
    PullState,
    SessionId,
    SessionRecord,
    Stage,
    Verdict,
    status,
)

from ..views import (
    BudgetView,
    EventView,
    MessageView,
    PullView,
    SessionView,
    WhyView,
)


@dataclass(frozen=True, slots=True)
class Words:
    """A text that is one of these, under a name of its own."""

    name: str
    all: tuple[str, ...]
    meaning: str


def _statuses() -> tuple[str, ...]:
    born = datetime(2026, 1, 1, tzinfo=UTC)
    of_sessions = [
        status(SessionRecord(SessionId("s"), ProjectId("p"), "demo", born, phase=phase)) for phase in Phase
    ]
    return tuple(dict.fromkeys([*of_sessions, *map(str, Stage)]))


def _event_types(kind: type[Event] = Event) -> Iterator[str]:
    """Yield the names of what is shown of all that happens, the kinds that are below `kind` included."""
    if kind.public and kind.event_type and kind.__module__.startswith("ennio.supervisor."):
        yield kind.event_type
    for narrower in kind.__subclasses__():
        yield from _event_types(narrower)


STATUS = Words("Status", _statuses(), "Where a session stands. Merged, Done and Killed are ended.")
ACTIVITY = Words("Activity", tuple(Activity), "What an agent does.")
EVENT_TYPE = Words("EventType", tuple(sorted({*_event_types()})), "What happened.")
PRIORITY = Words("Priority", tuple(Priority), "How much an operator should care.")
MESSAGE_STATE = Words("MessageState", tuple(MessageState), "How far a message has come.")
MODE = Words("Mode", tuple(Mode), "How a message gets to an agent that is busy.")
PULL_STATE = Words("PullState", tuple(PullState), "Whether a pull request is still to be decided on.")
CI = Words("Ci", tuple(Ci), "What the checks of a commit say together; none: there is no check.")
REVIEW = Words(
    "ReviewVerdict",
    tuple(one for one in Verdict if one is not Verdict.COMMENTED),
    "What the reviews of a pull request come to.",
)
SCOPE = Words("BudgetScope", ("global", "project", "session"), "Whose spending counts in a budget.")
PERIOD = Words("BudgetPeriod", ("daily", "monthly", "total"), "How long a budget lasts; days are UTC.")

SPOKEN: dict[type[BaseModel], dict[str, Words]] = {
    SessionView: {"status": STATUS, "activity": ACTIVITY},
    WhyView: {"status": STATUS, "activity": ACTIVITY},
    EventView: {"event_type": EVENT_TYPE, "priority": PRIORITY},
    MessageView: {"state": MESSAGE_STATE, "mode": MODE},
    PullView: {"state": PULL_STATE, "ci": CI, "review": REVIEW},
    BudgetView: {"scope": SCOPE, "period": PERIOD},
}
"""Which fields of the views hold such words; their models have them as any text."""

DOLLARS: dict[str, Any] = {"format": "decimal", "pattern": r"^-?\d+(\.\d+)?$"}
"""What a field with money in it is, beside a string."""
