"""What is new about a pull request: from what was known and what is, to events."""

from collections.abc import Callable

from . import events as e
from .records import Ci, Pull, PullState, Verdict
from .review import ready


def news(before: Pull | None, now: Pull, told: str | None) -> list[type[e.PullEvent]]:
    """Return what happened, in its order; nothing when nothing did. Each thing is told once.

    The agent was `told` of a failing commit last; see `review.RULES`.
    """
    if before == now:
        return []
    found: list[type[e.PullEvent]] = [] if before and before.number == now.number else [e.PrCreated]
    known = before if before and not found else None
    more = [kind for kind, is_new in _NEWS if is_new(known, now, told)]
    updated: list[type[e.PullEvent]] = [e.PrUpdated] if before and _shown(before) != _shown(now) else []
    return [*found, *more] or updated


def _shown(pull: Pull) -> tuple[object, ...]:
    """Return what callers see of a pull request, beside what has events of its own."""
    return pull.state, pull.draft, pull.head, pull.title, pull.url, pull.ci, pull.decision, pull.asked


def _became(holds: Callable[[Pull], bool]) -> Callable[[Pull | None, Pull, str | None], bool]:
    """Return whether something holds now that did not hold."""
    return lambda before, now, _: holds(now) and not (before and holds(before))


def _fails_anew(before: Pull | None, now: Pull) -> bool:
    return now.ci is Ci.FAILING and (before is None or before.ci is not Ci.FAILING or before.head != now.head)


def _passes_anew(before: Pull | None, now: Pull, told: str | None) -> bool:
    return now.ci is Ci.PASSING and (before is None or before.ci is not Ci.PASSING or before.head != now.head)


def _fix_fails(before: Pull | None, now: Pull, told: str | None) -> bool:
    return _fails_anew(before, now) and told is not None and told != now.head


_NEWS: tuple[tuple[type[e.PullEvent], Callable[[Pull | None, Pull, str | None], bool]], ...] = (
    (e.CiFailing, lambda before, now, told: _fails_anew(before, now) and not _fix_fails(before, now, told)),
    (e.CiFixFailed, _fix_fails),
    (e.CiPassing, _passes_anew),
    (e.MergeConflicts, _became(lambda pull: pull.conflicts is True)),
    (e.ReviewPending, _became(lambda pull: pull.asked and pull.decision is None)),
    (
        e.ReviewChangesRequested,
        lambda before, now, _: bool(set(now.requests) - set(before.requests if before else ())),
    ),
    (e.ReviewApproved, _became(lambda pull: pull.decision is Verdict.APPROVED)),
    (e.MergeReady, _became(ready)),
    (e.PrMerged, _became(lambda pull: pull.state is PullState.MERGED)),
    (e.PrClosed, _became(lambda pull: pull.state is PullState.CLOSED)),
)
