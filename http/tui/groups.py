"""What needs a human first: the group that a session is in, its place there, and why, in words."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..shapes import Approval, PullRequest, Session
from .alerts import Alerts
from .words import CI, REVIEW

ENDED = {"Merged", "Done", "Killed"}
_FAILED = {"CiFailed": "CI fails", "CiFixFailed": "CI fails again"}
_UNATTENDED = {
    "MergeConflicts": "conflicts with its base; no agent runs",
    "ChangesRequested": "a reviewer asks for changes; no agent runs",
}


class Place(NamedTuple):
    """Where a session stands in the list; the lower the rank, the sooner a human should look."""

    group: str
    rank: int
    why: str


def has_ended(session: Session) -> bool:
    """Whether a session is over for good."""
    return session["status"] in ENDED


def runs(session: Session) -> bool:
    """Whether an agent of it runs, or is just being started."""
    return session.get("pid") is not None or session["status"] == "Spawning"


def restorable(session: Session) -> bool:
    """Whether its agent may be started again."""
    return not runs(session) and session["status"] not in {"Merged", "Killed"}


def place(session: Session, approvals: Sequence[Approval] = (), alerts: Alerts | None = None) -> Place:
    """Return where a session stands for an operator."""
    if has_ended(session):
        return Place("ended", 0, session.get("reason") or "")
    for rank, why in _needs(session, approvals, alerts or Alerts()):
        return Place("needs", rank, why)
    return Place("working", 0 if session["activity"] == "Blocked" else 1, _progress(session))


def _needs(session: Session, approvals: Sequence[Approval], alerts: Alerts) -> Iterator[tuple[int, str]]:
    """Yield why a human is needed, with its rank, the most pressing first."""
    status, alone = session["status"], not runs(session)
    if approvals or session.get("approvals"):
        yield 0, _asks(session, approvals)
    if session["activity"] == "WaitingInput":
        yield 1, session.get("activity_reason") or "waits for an answer"
    if alerts.escalated:
        yield 2, alerts.escalated.words
    if status == "Exited":
        yield 3, _end(session)
    if status in _FAILED:
        yield 4, f"{_FAILED[status]}: {_failing(session)}{'; no agent runs' if alone else ''}"
    if not alone and (near := alerts.nearly_used_up()):
        yield 5, near
    if alone and status in _UNATTENDED:
        yield 6, _UNATTENDED[status]
    if status == "Approved":
        yield 7, _ready(session)
    if alone and session.get("reason"):
        yield 3, _end(session)


def _asks(session: Session, approvals: Sequence[Approval]) -> str:
    if not approvals:
        return session.get("activity_reason") or "asks for a permission"
    first, more = approvals[0], len(approvals) - 1
    return f"asks for {first['tool']}: {first['summary']}" + (f" (and {more} more)" if more else "")


def _end(session: Session) -> str:
    if reason := session.get("reason"):
        return reason
    code = session.get("exit_code")
    return "its agent is gone" if code is None else f"its agent ended with {code}"


def _failing(session: Session) -> str:
    pull = session.get("pull_request")
    return ", ".join(pull["failing"] if pull else ()) or "its checks"


def _ready(session: Session) -> str:
    pull = session.get("pull_request")
    match pull["ci"] if pull else "none":
        case "pending":
            return "approved; its checks are not done yet"
        case "failing":
            return "approved, and its checks fail"
    return "ready to merge"


def _progress(session: Session) -> str:
    if reason := session.get("activity_reason"):
        return reason
    if trouble := session.get("host_trouble"):
        return f"code host: {trouble}"
    if session["status"] == "CiFixSent":
        return f"told of {_failing(session)}"
    return standing(session.get("pull_request"))


def standing(pull: PullRequest | None) -> str:
    """Return what is known of a pull request in a few words; nothing without one."""
    if not pull:
        return ""
    failing = f": {', '.join(pull['failing'])}" if pull["ci"] == "failing" and pull["failing"] else ""
    review = REVIEW.get(pull["review"] or "") or ("review asked" if pull["review_asked"] else "")
    words = (CI.get(pull["ci"], "") + failing, review, "conflicts" if pull["conflicts"] else "")
    return " · ".join(filter(None, words))
