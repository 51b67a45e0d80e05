"""What an agent, or an operator, is told about a pull request. What people and programs wrote is quoted."""

from collections.abc import Sequence

from .plain import one_line, plain
from .reactions import Due
from .records import Comment, Failure, Pull, PullRequest, Review, Verdict
from .review import place

_MOST = 24_000
"""Characters of one message; what is over it is left out from the middle on, and said so."""

_OPENINGS = {
    "ci-failed": "The checks of your pull request fail. Find out why, fix it, and push to the same branch.",
    "changes-requested": "A reviewer requests changes to your pull request. Make them, and push.",
    "bugbot-comments": "A review bot has commented on your pull request. Fix what is right, and push.",
    "merge-conflicts": "Your pull request cannot be merged: it has conflicts with its base. Bring your "
    "branch up to date with the base, solve the conflicts, and push.",
    "approved-and-green": "Your pull request is approved and its checks have passed.",
    "agent-stuck": "Nothing was heard of you for a while. Go on, or say what you are waiting for.",
}


def for_agent(what: Due, facts: PullRequest, failures: Sequence[Failure]) -> str:
    """Return the message of a reaction: the configured words or the usual ones, then what it is about."""
    where = (
        f"Pull request {facts.number} ({one_line(facts.title)}): {one_line(facts.url)}\nCommit: {facts.head}"
    )
    return _cut("\n\n".join([opening_of(what), where, *_details(what, facts, failures)]))


def summary(name: str, pull: Pull | None) -> str:
    """Return what there is to say to an operator about a pull request, in a sentence."""
    if pull is None or name not in _OPENINGS or name == "agent-stuck":
        return ""
    failing = f" Failing: {', '.join(pull.failing)}." if name == "ci-failed" else ""
    return f"Its head is {pull.head[:12]}, its checks: {pull.ci}.{failing}"


def opening_of(what: Due) -> str:
    """Return what an agent is told by a reaction before anything else."""
    return what.reaction.message or _OPENINGS[what.name]


def title_of(name: str, project_id: str, pull: Pull | None, *, escalated: bool = False) -> str:
    """Return one line for an operator."""
    if name == "all-complete":
        return f"All sessions of {project_id} are complete"
    words = "The pull request was not merged" if escalated and name == "approved-and-green" else _TITLES[name]
    return f"{words} (pull request {pull.number}: {pull.title})" if pull else words


_TITLES = {
    "ci-failed": "Checks fail",
    "changes-requested": "Changes are requested",
    "bugbot-comments": "A review bot has commented",
    "merge-conflicts": "The pull request has conflicts",
    "approved-and-green": "The pull request is approved and green",
    "agent-stuck": "The agent seems to be stuck",
    "agent-needs-input": "The agent waits for you",
    "agent-exited": "The agent is gone",
}


def _details(what: Due, facts: PullRequest, failures: Sequence[Failure]) -> list[str]:
    if what.name == "ci-failed":
        return [_failure(one) for one in failures]
    if what.name == "changes-requested":
        return _reviews(what, facts)
    if what.name == "bugbot-comments":
        new = (one for one in facts.comments if one.bot and (what.since is None or place(one) > what.since))
        return [_comment(one) for one in sorted(new, key=place)]
    return []


def _failure(failure: Failure) -> str:
    where = f" ({one_line(failure.url)})" if failure.url else ""
    return f"Failed: {one_line(failure.name)}{where}\n{_quoted(failure.log)}".rstrip()


def _reviews(what: Due, facts: PullRequest) -> list[str]:
    """Return the reviews that are new, each with its comments; a comment of no known review goes with all."""
    told = set(what.since.split()) if what.since else set()
    asking = [one for one in facts.reviews if one.verdict is Verdict.CHANGES_REQUESTED]
    new = [one for one in asking if one.id not in told] or asking
    known = {one.id for one in new}
    comments = [
        one
        for one in facts.comments
        if not one.bot and (one.review in known or (one.review is None and one.path is not None))
    ]
    return [*map(_review, new), *map(_comment, sorted(comments, key=place))]


def _review(review: Review) -> str:
    return f"{one_line(review.author)} wrote:\n{_quoted(review.body or '(nothing beside the comments)')}"


def _comment(comment: Comment) -> str:
    line = f":{comment.line}" if comment.line is not None else ""
    where = f" on {one_line(comment.path)}{line}" if comment.path else ""
    return f"{one_line(comment.author)}{where}:\n{_quoted(comment.body)}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {plain(line)}" for line in text.strip().splitlines())


def _cut(text: str) -> str:
    if len(text) <= _MOST:
        return text
    half = _MOST // 2
    return f"{text[:half]}\n\n[... {len(text) - _MOST} characters are left out ...]\n\n{text[-half:]}"
