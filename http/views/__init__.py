"""What things look like from outside: the shapes of all answers."""

from .conversation import ApprovalView, MessageView
from .happenings import EventView, EvidenceView, OutputView, WhyView
from .projects import BudgetView, ProjectView, without_credentials
from .sessions import RenderedSessions, SessionView

__all__ = [
    "ApprovalView",
    "BudgetView",
    "EventView",
    "EvidenceView",
    "MessageView",
    "OutputView",
    "ProjectView",
    "RenderedSessions",
    "SessionView",
    "WhyView",
    "without_credentials",
]
