"""Issues and pull requests, as trackers and code hosts tell of them: facts, and no judgement."""

import enum
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """Something to be done. `id` is the tracker's own name for it, as callers give it: `42`, `ENG-12`."""

    id: str
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    url: str | None = None
    open: bool = True


class PullState(enum.StrEnum):
    """Whether a pull request is still to be decided on."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class Ci(enum.StrEnum):
    """What checks say of a commit. NONE: there is no check at all."""

    NONE = "none"
    PENDING = "pending"
    PASSING = "passing"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a commit, never NONE. `words` are its own, short.

    `job` is the host's name for what has a log, None where no log can be had.
    """

    name: str
    state: Ci
    url: str | None = None
    job: str | None = None
    words: str = ""


class Verdict(enum.StrEnum):
    """What a review comes to."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    COMMENTED = "commented"


@dataclass(frozen=True, slots=True)
class Review:
    """The latest word of one reviewer, on `commit` where that is known. A dismissed one is no review.

    `stranger`: the host says that its author is no member of the repository.
    """

    id: str
    author: str
    verdict: Verdict
    body: str = ""
    commit: str | None = None
    stranger: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """Something that a person or a bot wrote on a pull request; `path` and `line` where it is about those.

    `review` is the id of the review that it belongs to.
    """

    id: str
    author: str
    bot: bool
    body: str
    at: datetime
    path: str | None = None
    line: int | None = None
    review: str | None = None


@dataclass(frozen=True, slots=True)
class PullRequest:
    """All facts of one pull request at one moment. GitLab's merge request is one too, `number` its iid.

    `head` is the commit that is asked to be merged. `conflicts` None: the host does not know yet.
    `asked`: a reviewer was asked and has not answered. `reviews` are the latest of each author.
    """

    number: int
    url: str
    title: str
    state: PullState
    draft: bool
    branch: str
    head: str
    conflicts: bool | None
    asked: bool
    checks: tuple[Check, ...] = ()
    reviews: tuple[Review, ...] = ()
    comments: tuple[Comment, ...] = ()
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pull:
    """What a session remembers of its pull request: the facts without anybody's words.

    `decision` is APPROVED or CHANGES_REQUESTED or None. `requests` are the ids of the reviews that request
    changes, `remark` marks the latest comment of a bot. `approved`: an approval is about `head` itself,
    and by no stranger.
    `head_since`: when this head was first seen.
    """

    number: int
    url: str
    title: str
    state: PullState
    draft: bool
    head: str
    head_since: datetime
    conflicts: bool | None = None
    ci: Ci = Ci.NONE
    failing: tuple[str, ...] = ()
    decision: Verdict | None = None
    requests: tuple[str, ...] = ()
    approved: bool = False
    asked: bool = False
    remark: str | None = None

    @property
    def open(self) -> bool:
        """Whether it is still to be decided on."""
        return self.state is PullState.OPEN


@dataclass(frozen=True, slots=True)
class Sought:
    """Which pull request is looked for: that of a branch, once it is known by its `number`.

    One that was closed or merged before `since`, or that has at most the number `passed`, does not count
    unless it is open: it is of an earlier session on the branch.
    """

    branch: str
    since: datetime
    number: int | None = None
    passed: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that failed, with the end of its log, as far as that can be had."""

    name: str
    url: str | None
    log: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What a code host said has changed; the facts are looked at, not taken from it. Empty: nothing."""

    branches: frozenset[str] = frozenset()
    numbers: frozenset[int] = frozenset()
    commits: frozenset[str] = frozenset()
