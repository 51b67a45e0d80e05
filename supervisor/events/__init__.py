"""What happened, in the past tense: a tagged union of frozen values.

An event is the only thing that changes a session: `changes()` is what it makes of the record, the
lifecycle's table says whether it may happen at all. `Intent`s are stored before their side effects, so
that a crash in between can be accounted for; the public history leaves them out.
"""

from .beginning import (
    RestoreRequested,
    SessionRestored,
    SessionSpawned,
    SessionWorking,
    SpawnUndone,
)
from .ending import (
    KillRequested,
    SessionCleaned,
    SessionCrashed,
    SessionExited,
    SessionFinished,
    SessionKilled,
    StopRequested,
)
from .event import (
    Event,
    Intent,
    Priority,
    now,
)
from .spending import BudgetExceeded, BudgetNear, UsageCounted, UsageLimitOver, UsageLimitReached
from .talking import (
    ApprovalRequested,
    ApprovalResolved,
    ConversationKnown,
    ConversationLost,
    MessageMoved,
    MessageTaken,
    TurnBegan,
    TurnOver,
)
from .working import (
    ActivityChanged,
    LimitExceeded,
    LimitNear,
)

__all__ = [
    "ActivityChanged",
    "ApprovalRequested",
    "ApprovalResolved",
    "BudgetExceeded",
    "BudgetNear",
    "ConversationKnown",
    "ConversationLost",
    "Event",
    "Intent",
    "KillRequested",
    "LimitExceeded",
    "LimitNear",
    "MessageMoved",
    "MessageTaken",
    "Priority",
    "RestoreRequested",
    "SessionCleaned",
    "SessionCrashed",
    "SessionExited",
    "SessionFinished",
    "SessionKilled",
    "SessionRestored",
    "SessionSpawned",
    "SessionWorking",
    "SpawnUndone",
    "StopRequested",
    "TurnBegan",
    "TurnOver",
    "UsageCounted",
    "UsageLimitOver",
    "UsageLimitReached",
    "now",
]
