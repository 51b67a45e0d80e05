"""What ennio does about what happened, and whom it tells."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..records import Pull
from .event import Event, Priority
from .talking import Private


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionTriggered(Event):
    """A reaction did what it is there for, for the `times`th time in a row; `cause` is why."""

    event_type: ClassVar[str] = "ReactionTriggered"
    reaction: str
    action: str
    cause: str
    times: int = 1

    def message(self) -> str:
        again = f", for the {self.times}. time in a row" if self.times > 1 else ""
        return f"{self.session_id}: {self.reaction} leads to {self.action}{again}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionEscalated(Event):
    """A reaction did not help, or cannot be done: an operator is told."""

    event_type: ClassVar[str] = "ReactionEscalated"
    priority: ClassVar[Priority] = Priority.URGENT
    reaction: str
    cause: str
    words: str

    def message(self) -> str:
        return f"{self.session_id} needs an operator for {self.reaction}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CiFixSent(Event):
    """The agent was told that the checks of a commit fail."""

    event_type: ClassVar[str] = "CiFixSent"
    pull: Pull

    def message(self) -> str:
        return f"{self.session_id} was told that the checks of {self.pull.head[:12]} fail"

    def changes(self) -> dict[str, Any]:
        return {"ci_told": self.pull.head}

    def data(self) -> dict[str, Any]:
        return {"pr_number": self.pull.number, "head": self.pull.head, "failing": list(self.pull.failing)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCommentsSent(Event):
    """The agent was given what reviewers or their bots wrote."""

    event_type: ClassVar[str] = "ReviewCommentsSent"
    reaction: str

    def message(self) -> str:
        return f"{self.session_id} was given the comments on its pull request"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCompleted(Event):
    """The pull request was merged by ennio."""

    event_type: ClassVar[str] = "MergeCompleted"
    number: int
    head: str

    def message(self) -> str:
        return f"the pull request {self.number} of {self.session_id} was merged at {self.head[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllComplete(Event):
    """Nothing of the project is being worked on any more."""

    event_type: ClassVar[str] = "AllComplete"
    complete: int

    def message(self) -> str:
        return f"all sessions of {self.project_id} are complete: {self.complete} since the last time"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven(Private):
    """A notifier was given a notice."""

    event_type: ClassVar[str] = "NoticeGiven"
    notifier: str
    reaction: str

    def message(self) -> str:
        return f"{self.notifier} was told of {self.reaction} of {self.session_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFailed(Event):
    """A notifier could not be told; it is not tried again for this."""

    event_type: ClassVar[str] = "NotificationFailed"
    priority: ClassVar[Priority] = Priority.URGENT
    notifier: str
    reaction: str
    words: str

    def message(self) -> str:
        return f"{self.notifier} was not told of {self.reaction} of {self.session_id}: {self.words}"
