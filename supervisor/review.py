"""What becomes of the facts of a pull request: what is remembered of them, and the one word for it."""

import enum
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from .records import Ci, Comment, Phase, Pull, PullRequest, PullState, SessionRecord, Sought, Verdict


class Stage(enum.StrEnum):
    """Where a pull request stands, in the words of a session's status."""

    MERGED = "Merged"
    CLOSED = "Done"
    DRAFT = "PrDraft"
    CONFLICTS = "MergeConflicts"
    CI_FIX_SENT = "CiFixSent"
    CI_FIX_FAILED = "CiFixFailed"
    CI_FAILED = "CiFailed"
    CHANGES_REQUESTED = "ChangesRequested"
    APPROVED = "Approved"
    REVIEW_PENDING = "ReviewPending"
    CI_PASSING = "CiPassing"
    OPEN = "PrOpen"


def _waits_for_a_fix(pull: Pull, told: str | None) -> bool:
    silent = pull.ci in {Ci.PENDING, Ci.NONE}
    return told is not None and (silent or (pull.ci is Ci.FAILING and told == pull.head))


RULES: tuple[tuple[Stage, Callable[[Pull, str | None], bool]], ...] = (
    (Stage.MERGED, lambda pull, _: pull.state is PullState.MERGED),
    (Stage.CLOSED, lambda pull, _: pull.state is PullState.CLOSED),
    (Stage.DRAFT, lambda pull, _: pull.draft),
    (Stage.CONFLICTS, lambda pull, _: pull.conflicts is True),
    (Stage.CI_FIX_SENT, _waits_for_a_fix),
    (Stage.CI_FIX_FAILED, lambda pull, told: pull.ci is Ci.FAILING and told is not None),
    (Stage.CI_FAILED, lambda pull, _: pull.ci is Ci.FAILING),
    (Stage.CHANGES_REQUESTED, lambda pull, _: pull.decision is Verdict.CHANGES_REQUESTED),
    (Stage.APPROVED, lambda pull, _: pull.decision is Verdict.APPROVED),
    (Stage.REVIEW_PENDING, lambda pull, _: pull.asked),
    (Stage.CI_PASSING, lambda pull, _: pull.ci is Ci.PASSING),
    (Stage.OPEN, lambda pull, _: True),
)
"""In this order; the first that holds counts. The agent was `told` of a failure of that commit last, and CI
has not passed since then; None: it was not told."""


def stage(pull: Pull, told: str | None) -> Stage:
    """Return where a pull request stands."""
    return next(name for name, holds in RULES if holds(pull, told))


def ready(pull: Pull) -> bool:
    """Whether it is approved and green, or approved where there is no CI at all."""
    good = pull.decision is Verdict.APPROVED and pull.ci in {Ci.PASSING, Ci.NONE}
    return good and pull.open and not pull.draft and pull.conflicts is not True


def digest(facts: PullRequest, before: Pull | None, now: datetime) -> Pull:
    """Return what is remembered of the facts; what the host does not know of a commit is as `before`."""
    before = before if before and before.number == facts.number else None
    if before is not None and facts.state is not PullState.OPEN:  # nothing more is asked of such a one
        return replace(before, state=facts.state, title=facts.title, url=facts.url, head=facts.head)
    same_head = before is not None and before.head == facts.head
    known = before.conflicts if before and same_head and facts.conflicts is None else facts.conflicts
    return Pull(
        number=facts.number,
        url=facts.url,
        title=facts.title,
        state=facts.state,
        draft=facts.draft,
        head=facts.head,
        head_since=before.head_since if before and same_head else now,
        conflicts=known,
        ci=_ci(facts),
        failing=tuple(check.name for check in facts.checks if check.state is Ci.FAILING),
        decision=_decision(facts),
        requests=tuple(sorted(one.id for one in facts.reviews if one.verdict is Verdict.CHANGES_REQUESTED)),
        approved=any(
            one.verdict is Verdict.APPROVED and one.commit == facts.head and not one.stranger
            for one in facts.reviews
        ),
        asked=facts.asked and facts.state is PullState.OPEN,
        remark=max((place(one) for one in facts.comments if one.bot), default=None),
    )


def place(comment: Comment) -> str:
    """Return a comment's place among all of its pull request: later ones sort later."""
    return f"{comment.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f} {comment.id}"


def _ci(facts: PullRequest) -> Ci:
    states = {check.state for check in facts.checks}
    return next((state for state in (Ci.FAILING, Ci.PENDING, Ci.PASSING) if state in states), Ci.NONE)


def _decision(facts: PullRequest) -> Verdict | None:
    verdicts = {review.verdict for review in facts.reviews}
    order = (Verdict.CHANGES_REQUESTED, Verdict.APPROVED)
    return next((verdict for verdict in order if verdict in verdicts), None)


def sought(record: SessionRecord) -> Sought | None:
    """Return which pull request is a session's; None where it has none to look for."""
    if record.branch is None or record.phase is Phase.KILLED:
        return None
    if record.phase is Phase.DONE and record.tree is None and record.pull is None:
        return None  # it was cleared away: the branch is whoever's comes next
    number = record.pull.number if record.pull else None
    return Sought(record.branch, record.created_at, number, record.passed_pull)
