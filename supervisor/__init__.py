"""ennio.supervisor: sessions of AI coding agents, each a trio task; see docs/architecture.md.

This is the facade: what the front needs, and nothing else. It knows no HTTP.
"""

if __name__ != "ennio.supervisor":
    raise ImportError("import it as ennio.supervisor: a second copy of its classes would match nothing")

from .branches import BranchName
from .config import Config, ProjectConfig, Timeouts
from .errors import (
    AgentMissing,
    CommandFailed,
    ConfigError,
    Conflict,
    DeadlineExceeded,
    EnnioError,
    HookFailed,
    Invalid,
    NotFound,
    OverBudget,
    Survived,
    Survivor,
    TooMany,
    Unavailable,
)
from .events import Event, Priority
from .evidence import Evidence
from .ids import ProjectId, SessionId
from .journal import JournalFailed
from .ledger import Standing
from .lifecycle import status
from .outbox import Letter
from .project import Project
from .protocols import Answers
from .records import Activity, Answer, Approval, Message, Mode, Order, Phase, SessionRecord
from .supervisor import Supervisor
from .transcript import Excerpt
from .wiring import wire

__all__ = [
    "Activity",
    "AgentMissing",
    "Answer",
    "Answers",
    "Approval",
    "BranchName",
    "CommandFailed",
    "Config",
    "ConfigError",
    "Conflict",
    "DeadlineExceeded",
    "EnnioError",
    "Event",
    "Evidence",
    "Excerpt",
    "HookFailed",
    "Invalid",
    "JournalFailed",
    "Letter",
    "Message",
    "Mode",
    "NotFound",
    "Order",
    "OverBudget",
    "Phase",
    "Priority",
    "Project",
    "ProjectConfig",
    "ProjectId",
    "SessionId",
    "SessionRecord",
    "Standing",
    "Supervisor",
    "Survived",
    "Survivor",
    "Timeouts",
    "TooMany",
    "Unavailable",
    "status",
    "wire",
]
