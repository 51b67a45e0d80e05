"""A pull request in few words."""

from ..shapes import PullRequest, Session

_CI = {"failing": "CI failing", "pending": "CI running", "passing": "CI passing"}
_REVIEW = {"approved": "approved", "changes_requested": "changes requested"}
_SHOWN = 3
"""So many failing checks are named."""


def in_short(session: Session) -> str:
    """Return what a cell has room for: `#12 CI failing, changes requested`; `-` where there is none."""
    pull = session.get("pull_request")
    if not pull:
        return session["pr_url"] or "-"
    words = [] if pull["state"] == "open" else [pull["state"]]
    return f"#{pull['number']} {', '.join(words or _standing(pull))}".rstrip()


def in_full(pull: PullRequest) -> str:
    """Return all that is known of it in a line, but for where it is."""
    words = [pull["state"], *_standing(pull)]
    if failing := pull["failing"]:
        more = [f"and {len(failing) - _SHOWN} more"] if len(failing) > _SHOWN else []
        words.append(f"failing: {', '.join([*failing[:_SHOWN], *more])}")
    return f"#{pull['number']} {pull['title']} ({'; '.join(words)}; at {pull['head'][:12]})"


def _standing(pull: PullRequest) -> list[str]:
    """Return what is to be said of it while it is open, what is in the way of a merge first."""
    words = ["draft"] if pull["draft"] else []
    if pull["conflicts"]:
        words.append("conflicts")
    if ci := _CI.get(pull["ci"]):
        words.append(ci)
    if review := _REVIEW.get(pull["review"] or ""):
        words.append(review)
    elif pull["review_asked"]:
        words.append("review asked")
    return words
