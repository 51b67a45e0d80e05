"""ennio.supervisor: sessions of AI coding agents, each a trio task; see docs/architecture.md.

This is the facade: what the front needs, and nothing else. It knows no HTTP.
"""

if __name__ != "ennio.supervisor":
    raise ImportError("import it as ennio.supervisor: a second copy of its classes would match nothing")

from .branches import BranchName
from .config import Config, ProjectConfig, Timeouts
from .environment import shared
from .errors import (
    AgentMissing,
    CommandFailed,
    ConfigError,
    Conflict,
    DeadlineExceeded,
    EnnioError,
    ForgeFailed,
    HookFailed,
    Invalid,
    NotFound,
    NotifierFailed,
    OverBudget,
    Survived,
    Survivor,
    Throttled,
    TooMany,
    Unavailable,
)
from .events import (
    Event,
    KillRequested,
    Priority,
    ReactionEscalated,
    ReactionTriggered,
    SessionKilled,
    SessionWorking,
)
from .evidence import Evidence
from .feed import Feed, FeedReader, Lost, Over
from .ids import ProjectId, SessionId
from .journal import JournalFailed
from .ledger import Standing
from .lifecycle import status
from .metering import Call, Observer
from .outbox import Letter
from .project import Project
from .protocols import Answers, Picture, Step, Touchable
from .records import (
    Activity,
    Answer,
    Approval,
    Ci,
    Issue,
    Message,
    MessageState,
    Mode,
    Order,
    Phase,
    Pull,
    PullState,
    SessionRecord,
    Verdict,
)
from .review import Stage
from .supervisor import Supervisor
from .transcript import Excerpt
from .vitals import Vitals
from .wiring import wire

__all__ = [
    "Activity",
    "AgentMissing",
    "Answer",
    "Answers",
    "Approval",
    "BranchName",
    "Call",
    "Ci",
    "CommandFailed",
    "Config",
    "ConfigError",
    "Conflict",
    "DeadlineExceeded",
    "EnnioError",
    "Event",
    "Evidence",
    "Excerpt",
    "Feed",
    "FeedReader",
    "ForgeFailed",
    "HookFailed",
    "Invalid",
    "Issue",
    "JournalFailed",
    "KillRequested",
    "Letter",
    "Lost",
    "Message",
    "MessageState",
    "Mode",
    "NotFound",
    "NotifierFailed",
    "Observer",
    "Order",
    "Over",
    "OverBudget",
    "Phase",
    "Picture",
    "Priority",
    "Project",
    "ProjectConfig",
    "ProjectId",
    "Pull",
    "PullState",
    "ReactionEscalated",
    "ReactionTriggered",
    "SessionId",
    "SessionKilled",
    "SessionRecord",
    "SessionWorking",
    "Stage",
    "Standing",
    "Step",
    "Supervisor",
    "Survived",
    "Survivor",
    "Throttled",
    "Timeouts",
    "TooMany",
    "Touchable",
    "Unavailable",
    "Verdict",
    "Vitals",
    "shared",
    "status",
    "wire",
]
