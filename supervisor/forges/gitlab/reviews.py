"""Who approves of a merge request, who wants it changed, and who has still to say.

https://docs.gitlab.com/api/merge_request_approvals/
https://docs.gitlab.com/api/merge_requests/#get-single-merge-request-reviewers
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...records import Comment, Review, Verdict
from ..fields import mapping, moment, number, part, text, words
from .notes import APPROVED, REQUESTED, VERDICTS, Note, by_user, read_notes, when

_UNANSWERED = frozenset({"unreviewed", "unapproved", "review_started"})


@dataclass(frozen=True, slots=True)
class Opinions:
    """What reviewers and others said of a merge request; `asked`: one of them has not answered yet."""

    asked: bool = False
    reviews: tuple[Review, ...] = ()
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What GitLab answered of a merge request: its approvals, reviewers, notes and versions."""

    approvals: Any
    reviewers: Iterable[Any]
    notes: Iterable[Any]
    versions: Iterable[Any]


@dataclass(frozen=True, slots=True)
class _Said:
    """All notes, and the head with the time since when it is that."""

    notes: list[Note]
    head: str
    since: datetime | None

    def commit(self, at: datetime | None) -> str | None:
        """Return the commit that something of this time is about, if that is the head."""
        return self.head if at is not None and self.since is not None and at > self.since else None


def read_opinions(answers: Answers, head: str, author: str, ignored: frozenset[str]) -> Opinions:
    """Return the opinions on a merge request of this author, with this head.

    GitLab does not say which commit an approval is of, and keeps approvals when something is pushed unless
    the project is told otherwise. An approval is of the head if it is later than the newest version, and
    that one's commit is the head; else its commit is not known. What authors think of their own work is no
    review. Comments of `ignored` usernames, in lower case, are left out.
    """
    notes = read_notes(answers.notes)
    said = _Said(notes, head, _since(head, answers.versions))
    states = {user: state for user, state in _states(answers.reviewers) if user.lower() != author.lower()}
    approved = {user: at for user, at in _approved(answers.approvals) if user.lower() != author.lower()}
    reviews: dict[str, Review] = {}
    of_review: dict[int, str] = {}
    for user, state in states.items():
        if state == "requested_changes":
            reviews[user], mine = _request(said, user)
            of_review |= dict.fromkeys(mine, reviews[user].id)
    reviews |= {user: _approval(said, user, at) for user, at in approved.items() if user not in reviews}
    for user, state in states.items():
        if state == "reviewed" and user not in reviews:
            reviews[user] = Review(f"{user}-reviewed", user, Verdict.COMMENTED)
    asked = any(state in _UNANSWERED and user not in reviews for user, state in states.items())
    comments = (
        note.comment(of_review.get(note.id))
        for note in notes
        if note.author.lower() not in ignored and _stands_alone(note, of_review)
    )
    return Opinions(asked, tuple(reviews.values()), tuple(comments))


def _approval(said: _Said, user: str, at: datetime | None) -> Review:
    """Return an approval. Where GitLab is older than 18 only the system note has its time."""
    note = _latest(by_user(said.notes, user), APPROVED)
    at = at or (note.at if note else None)
    mark = f"{at.astimezone(UTC):%Y%m%dT%H%M%S}" if at else "approved"
    return Review(f"{user}-{mark}", user, Verdict.APPROVED, commit=said.commit(at))


def _request(said: _Said, user: str) -> tuple[Review, set[int]]:
    """Return a request for changes, and the ids of the notes that belong to it.

    These are what the reviewer wrote since an earlier verdict; its text are those of them that are about
    no line.
    """
    own = by_user(said.notes, user)
    note = _latest(own, REQUESTED)
    before = [one.at for one in own if one.system and one.body in VERDICTS and note and one.at < note.at]
    mine = [one for one in own if not one.system and (not before or one.at > before[-1])]
    body = "\n\n".join(one.body.strip() for one in mine if one.path is None)
    mark = str(note.id) if note else "requested"
    commit = said.commit(note.at if note else None)
    review = Review(f"{user}-{mark}", user, Verdict.CHANGES_REQUESTED, body, commit)
    return review, {one.id for one in mine}


def _stands_alone(note: Note, of_review: dict[int, str]) -> bool:
    """Whether a note is a comment: GitLab's own are not, nor what stands in the text of a person's review."""
    return not note.system and (note.bot or note.path is not None or note.id not in of_review)


def _latest(notes: Sequence[Note], body: str) -> Note | None:
    return next((note for note in reversed(notes) if note.system and note.body == body), None)


def _since(head: str, versions: Iterable[Any]) -> datetime | None:
    """Return since when this is the head.

    https://docs.gitlab.com/api/merge_requests/#get-merge-request-diff-versions
    """
    newest = max(map(mapping, versions), key=lambda one: number(one, "id"), default=None)
    if newest is None or words(newest, "head_commit_sha") != head:
        return None
    return when(newest, "created_at")


def _approved(approvals: Any) -> list[tuple[str, datetime | None]]:
    """Return who approves, with the time where GitLab tells it."""
    listed = map(mapping, mapping(approvals).get("approved_by") or ())
    return [(text(part(one, "user"), "username"), moment(one, "approved_at")) for one in listed]


def _states(reviewers: Iterable[Any]) -> list[tuple[str, str]]:
    """Return who was asked, and what came of it: `unreviewed`, `requested_changes`, ..."""
    return [(text(part(one, "user"), "username"), text(one, "state")) for one in map(mapping, reviewers)]
