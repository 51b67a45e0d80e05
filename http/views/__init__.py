"""What things look like from outside: the shapes of all answers."""

from .conversation import ApprovalView, MessageView
from .happenings import EventView, EvidenceView, OutputView, ResyncView, WhyView
from .projects import BudgetView, ProjectView, ReactionView, SpendView, without_credentials
from .reviews import IssueView, PullView
from .server import (
    CodeView,
    FoundAgentView,
    LimitsView,
    NotifierView,
    PassView,
    ProjectLimitsView,
    PrunedView,
    SystemView,
    TimeoutsView,
)
from .sessions import RenderedSessions, SessionView

__all__ = [
    "ApprovalView",
    "BudgetView",
    "CodeView",
    "EventView",
    "EvidenceView",
    "FoundAgentView",
    "IssueView",
    "LimitsView",
    "MessageView",
    "NotifierView",
    "OutputView",
    "PassView",
    "ProjectLimitsView",
    "ProjectView",
    "PrunedView",
    "PullView",
    "ReactionView",
    "RenderedSessions",
    "ResyncView",
    "SessionView",
    "SpendView",
    "SystemView",
    "TimeoutsView",
    "WhyView",
    "without_credentials",
]
