"""What becomes of a session's pull request, as its code host tells."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..records import Pull
from .event import Event, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class PullEvent(Event):
    """Something is new about the pull request, which is now as `pull` has it."""

    pull: Pull
    words: ClassVar[str] = "is known"

    def message(self) -> str:
        return f"the pull request {self.pull.number} of {self.session_id} {self.words}"

    def changes(self) -> dict[str, Any]:
        return {"pull": self.pull}

    def data(self) -> dict[str, Any]:
        pull = self.pull
        return {"pr_number": pull.number, "pr_url": pull.url, "head": pull.head, "ci": pull.ci.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrCreated(PullEvent):
    """A pull request was found on the session's branch."""

    event_type: ClassVar[str] = "PrCreated"
    words: ClassVar[str] = "was opened"

    def changes(self) -> dict[str, Any]:
        return {"pull": self.pull, "ci_told": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrUpdated(PullEvent):
    """Something else about it is different: it has a new commit, or a title, or is no draft any more."""

    event_type: ClassVar[str] = "PrUpdated"
    words: ClassVar[str] = "was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrMerged(PullEvent):
    """It was merged: the session's work is done."""

    event_type: ClassVar[str] = "PrMerged"
    words: ClassVar[str] = "was merged"

    def changes(self) -> dict[str, Any]:
        return {"pull": self.pull, "ended_at": self.timestamp}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrClosed(PullEvent):
    """It was closed and not merged."""

    event_type: ClassVar[str] = "PrClosed"
    words: ClassVar[str] = "was closed without being merged"

    def changes(self) -> dict[str, Any]:
        return {"pull": self.pull, "ended_at": self.timestamp}


@dataclass(frozen=True, slots=True, kw_only=True)
class CiPassing(PullEvent):
    """Every check of its head has passed."""

    event_type: ClassVar[str] = "CiPassing"
    words: ClassVar[str] = "passes its checks"

    def changes(self) -> dict[str, Any]:
        return {"pull": self.pull, "ci_told": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CiFailing(PullEvent):
    """A check of its head has failed."""

    event_type: ClassVar[str] = "CiFailing"
    priority: ClassVar[Priority] = Priority.ACTION

    def message(self) -> str:
        failing = ", ".join(self.pull.failing)
        return f"checks of the pull request {self.pull.number} of {self.session_id} fail: {failing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CiFixFailed(CiFailing):
    """The agent was told of a failure, and a newer commit fails as well."""

    event_type: ClassVar[str] = "CiFixFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPending(PullEvent):
    """A reviewer was asked."""

    event_type: ClassVar[str] = "ReviewPending"
    words: ClassVar[str] = "waits for a review"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewApproved(PullEvent):
    """A reviewer approves, and none requests changes."""

    event_type: ClassVar[str] = "ReviewApproved"
    words: ClassVar[str] = "was approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewChangesRequested(PullEvent):
    """A reviewer requests changes."""

    event_type: ClassVar[str] = "ReviewChangesRequested"
    priority: ClassVar[Priority] = Priority.ACTION
    words: ClassVar[str] = "is asked for changes by a reviewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeConflicts(PullEvent):
    """It cannot be merged as it is."""

    event_type: ClassVar[str] = "MergeConflicts"
    priority: ClassVar[Priority] = Priority.ACTION
    words: ClassVar[str] = "has conflicts with its base"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReady(PullEvent):
    """It is approved and green."""

    event_type: ClassVar[str] = "MergeReady"
    priority: ClassVar[Priority] = Priority.ACTION
    words: ClassVar[str] = "is approved and green"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """The session's status is another one, for what became of its pull request."""

    event_type: ClassVar[str] = "StatusChanged"
    before: str
    after: str

    def message(self) -> str:
        return f"{self.session_id} was {self.before} and is {self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHostLost(Event):
    """The code host cannot be asked: what is known of the pull request stays as it is."""

    event_type: ClassVar[str] = "CodeHostLost"
    priority: ClassVar[Priority] = Priority.ACTION
    words: str

    def message(self) -> str:
        return f"nothing new is known of the pull request of {self.session_id}: {self.words}"

    def changes(self) -> dict[str, Any]:
        return {"host_trouble": self.words}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHostBack(Event):
    """The code host can be asked again."""

    event_type: ClassVar[str] = "CodeHostBack"

    def message(self) -> str:
        return f"the pull request of {self.session_id} is being watched again"

    def changes(self) -> dict[str, Any]:
        return {"host_trouble": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerFailed(Event):
    """The issue was not told that work has begun; the work goes on."""

    event_type: ClassVar[str] = "TrackerFailed"
    priority: ClassVar[Priority] = Priority.ACTION
    words: str

    def message(self) -> str:
        return f"the issue of {self.session_id} was not told that work has begun: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseStale(Event):
    """The session was to start at what origin has, and could not be brought up to date with it."""

    event_type: ClassVar[str] = "BaseStale"
    priority: ClassVar[Priority] = Priority.ACTION
    words: str

    def message(self) -> str:
        return f"{self.session_id} may start at an old state: {self.words}"
