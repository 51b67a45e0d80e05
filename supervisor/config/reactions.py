"""What is done when something happened: the reactions as they are unless the configuration says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SEND, NOTIFY, MERGE = "send_to_agent", "notify", "auto_merge"


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is done about one kind of thing; `action` is SEND, NOTIFY or MERGE.

    `message` takes the place of the usual words, `priority` is how much an operator should care. The agent is
    told again at most `retries` times in a row (None: as often as there is a new cause). When nothing has
    changed `escalate_after` seconds after it was told, the operator is. `threshold`: seconds without activity
    until an agent is stuck. `include_summary`: whether each session that is complete gets a line of its own.
    `notifiers` are the names of those who hear of it.
    """

    action: str
    priority: str
    enabled: bool = True
    message: str | None = None
    retries: int | None = None
    escalate_after: float | None = None
    threshold: float | None = None
    include_summary: bool = False
    notifiers: tuple[str, ...] = ()


DEFAULTS: Mapping[str, Reaction] = MappingProxyType(
    {
        "ci-failed": Reaction(SEND, "action", retries=2, escalate_after=120.0),
        "changes-requested": Reaction(SEND, "action", escalate_after=1800.0),
        "bugbot-comments": Reaction(SEND, "action", escalate_after=1800.0),
        "merge-conflicts": Reaction(SEND, "action", retries=2, escalate_after=900.0),
        "approved-and-green": Reaction(NOTIFY, "action"),
        "agent-stuck": Reaction(NOTIFY, "urgent", threshold=600.0),
        "agent-needs-input": Reaction(NOTIFY, "urgent"),
        "agent-exited": Reaction(NOTIFY, "urgent"),
        "all-complete": Reaction(NOTIFY, "info", include_summary=True),
    }
)
"""By what happened. Machines (CI, a base branch that moves) may fail for ever, so telling an agent again has
an end there; people and their bots write something new each time."""

ACTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("ci-failed", "changes-requested", "bugbot-comments"), frozenset({SEND, NOTIFY})),
        "merge-conflicts": frozenset({SEND, NOTIFY}),
        "approved-and-green": frozenset({SEND, NOTIFY, MERGE}),
        "agent-stuck": frozenset({SEND, NOTIFY}),
        **dict.fromkeys(("agent-needs-input", "agent-exited", "all-complete"), frozenset({NOTIFY})),
    }
)
"""What may be done about each: nobody can tell an agent that is gone or that waits for a permission."""
