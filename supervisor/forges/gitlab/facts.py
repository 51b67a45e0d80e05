"""A merge request as GitLab tells of it, and which of a branch's it is.

https://docs.gitlab.com/api/merge_requests/#get-single-mr
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...records import Check, PullRequest, PullState, Sought
from ..fields import mapping, moment, number, part, text, words
from .checks import Pipeline, read_pipeline
from .notes import when
from .reviews import Opinions

_STATES = {
    "opened": PullState.OPEN,
    "locked": PullState.OPEN,  # for the moment in which it is merged
    "closed": PullState.CLOSED,
    "merged": PullState.MERGED,
}
_CHECKING = frozenset(
    {"unchecked", "checking", "preparing", "cannot_be_merged_recheck", "cannot_be_merged_rechecking"}
)
_NOBODY = Opinions()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the merge request itself says. `over_at`: when it was merged or closed, as far as that is known.

    `own`: it comes from a branch of the project, not of a fork. `pipeline` may still be an older head's,
    and `head` is empty while GitLab prepares a new one.
    """

    number: int
    url: str
    title: str
    author: str
    state: PullState
    draft: bool
    branch: str
    head: str
    conflicts: bool | None
    own: bool
    project_id: int
    updated_at: datetime
    over_at: datetime | None
    pipeline: Pipeline | None

    @property
    def open(self) -> bool:
        """Whether it is still to be decided on."""
        return self.state is PullState.OPEN

    @property
    def home(self) -> str:
        """The project's own URL."""
        return self.url.partition("/-/")[0].partition("/merge_requests/")[0]

    def counts(self, sought: Sought) -> bool:
        """Whether it can be what is sought, and not a stranger's or an earlier session's."""
        if not self.own or self.branch != sought.branch:
            return False
        over = self.over_at or self.updated_at
        known = self.open or self.number == sought.number
        return known or (self.number > sought.passed and over >= sought.since)

    def pull(self, checks: tuple[Check, ...] = (), opinions: Opinions = _NOBODY) -> PullRequest:
        """Return all that is known of it."""
        return PullRequest(
            number=self.number,
            url=self.url,
            title=self.title,
            state=self.state,
            draft=self.draft,
            branch=self.branch,
            head=self.head,
            conflicts=self.conflicts,
            asked=opinions.asked,
            checks=checks,
            reviews=opinions.reviews,
            comments=opinions.comments,
            closed_at=self.over_at,
        )


def read_facts(raw: Any) -> Facts:
    """Return the facts of one merge request."""
    told = mapping(raw)
    state = _STATES[text(told, "state")]
    pipeline = part(told, "head_pipeline")
    over = {PullState.OPEN: None, PullState.MERGED: moment(told, "merged_at")}
    return Facts(
        number=number(told, "iid"),
        url=text(told, "web_url"),
        title=text(told, "title"),
        author=words(part(told, "author"), "username"),
        state=state,
        draft=told.get("draft") is True or told.get("work_in_progress") is True,
        branch=text(told, "source_branch"),
        head=words(told, "sha"),
        conflicts=_conflicts(told) if state is PullState.OPEN else None,
        own=told.get("source_project_id") == number(told, "target_project_id"),
        project_id=number(told, "target_project_id"),
        updated_at=when(told, "updated_at"),
        over_at=over.get(state, moment(told, "closed_at")),
        pipeline=read_pipeline(pipeline) if pipeline else None,
    )


def chosen(listed: Iterable[Any], sought: Sought) -> Facts | None:
    """Return the merge request that is sought: the newest that is open, else the newest that counts."""
    counting = [one for one in map(read_facts, listed) if one.counts(sought)]
    return max(counting, key=lambda one: (one.open, one.number), default=None)


def _conflicts(told: Mapping[str, Any]) -> bool | None:
    """Return whether it conflicts with its target; None while GitLab is still finding that out.

    `has_conflicts` is false until then. https://docs.gitlab.com/api/merge_requests/#merge-status
    """
    detailed = words(told, "detailed_merge_status")
    if detailed == "conflict":
        return True
    if {words(told, "merge_status"), detailed} & _CHECKING:
        return None
    return told.get("has_conflicts") is True
