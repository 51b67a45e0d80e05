"""What GitHub says of issues and pull requests, as our records. Shapes are as its documentation promises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...records import Issue, PullState, Sought
from ..fields import mapping, moment, number, part, text, words


@dataclass(frozen=True, slots=True)
class Facts:
    """What a pull request says of itself; `author` opened it."""

    number: int
    url: str
    title: str
    state: PullState
    draft: bool
    branch: str
    head: str
    conflicts: bool | None
    asked: bool
    author: str
    closed_at: datetime | None


def is_pull(raw: Any) -> bool:
    """Whether what is listed as an issue is a pull request."""
    return mapping(raw).get("pull_request") is not None


def issue(raw: Any) -> Issue:
    """Return an issue."""
    labels = mapping(raw).get("labels") or []
    return Issue(
        id=str(number(raw, "number")),
        title=words(raw, "title"),
        body=words(raw, "body"),
        labels=tuple(one if isinstance(one, str) else text(one, "name") for one in labels),
        url=words(raw, "html_url") or None,
        open=words(raw, "state") != "closed",
    )


def pull(raw: Any) -> Facts:
    """Return what is said of a pull request, in a list or alone."""
    head = part(mapping(raw), "head")
    return Facts(
        number=number(raw, "number"),
        url=words(raw, "html_url"),
        title=words(raw, "title"),
        state=_state(raw),
        draft=raw.get("draft") is True,
        branch=words(head, "ref"),
        head=text(head, "sha"),
        conflicts=_conflicts(raw),
        asked=bool(raw.get("requested_reviewers") or raw.get("requested_teams")),
        author=words(part(raw, "user"), "login"),
        closed_at=moment(raw, "closed_at") or moment(raw, "merged_at"),
    )


def chosen(listed: Iterable[Any], sought: Sought, owner: str, repo: str) -> Facts | None:
    """Return the pull request that is sought: the newest that is open, else the newest that counts."""
    here = [pull(raw) for raw in listed if is_of(mapping(raw), sought.branch, owner, repo)]
    counting = [one for one in here if one.state is PullState.OPEN or _counts(one, sought)]
    return max(counting, key=lambda one: (one.state is PullState.OPEN, one.number), default=None)


def _counts(one: Facts, sought: Sought) -> bool:
    # GitHub's times have no fractions of a second, so the session's beginning must not have one either.
    since = sought.since.replace(microsecond=0)
    known = one.number == sought.number  # whatever the clocks here and there say
    return known or (one.number > sought.passed and (one.closed_at is None or one.closed_at >= since))


def is_of(raw: Mapping[str, Any], branch: str, owner: str, repo: str) -> bool:
    """Whether it is from this branch of the repository itself and not of a fork, as far as that is said."""
    head = part(raw, "head")
    if words(head, "ref") not in {"", branch}:
        return False
    theirs = words(part(head, "repo"), "full_name")
    if theirs:
        # A repository that was renamed is still asked by its former name.
        ours = words(part(part(raw, "base"), "repo"), "full_name") or f"{owner}/{repo}"
        return theirs.lower() == ours.lower()
    login = words(part(part(head, "repo"), "owner"), "login") or words(part(head, "user"), "login")
    return not login or login.lower() == owner.lower()


def _state(raw: Mapping[str, Any]) -> PullState:
    if raw.get("merged") is True or raw.get("merged_at"):
        return PullState.MERGED
    return PullState(words(raw, "state") or "open")


def _conflicts(raw: Mapping[str, Any]) -> bool | None:
    """Whether it conflicts with its base; GitHub finds that out only after it was asked, and says null.

    Not mergeable for another reason, such as a rule of the branch, is no conflict.
    https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request
    """
    mergeable = raw.get("mergeable")
    if mergeable is None:
        return None
    return mergeable is False and words(raw, "mergeable_state") in {"dirty", ""}
