"""What people and bots say of a pull request at GitHub.

https://docs.github.com/en/rest/pulls/reviews, https://docs.github.com/en/rest/pulls/comments,
https://docs.github.com/en/rest/issues/comments
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from ...records import Comment, Review, Verdict
from ..fields import identity, mapping, moment, part, text, words

GHOST = "ghost"
"""What GitHub calls a user who is no more."""

_BOT = "[bot]"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_VERDICTS = {
    "APPROVED": Verdict.APPROVED,
    "CHANGES_REQUESTED": Verdict.CHANGES_REQUESTED,
    "COMMENTED": Verdict.COMMENTED,
}
_STRANGERS = {"NONE", "CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN"}
"""Whom the repository has not made a member or collaborator: on a public one anybody at all may approve.
https://docs.github.com/en/graphql/reference/enums#commentauthorassociation"""


def reviews(listed: Iterable[Any]) -> tuple[Review, ...]:
    """Return the word of each reviewer that counts, the latest last.

    Remarks do not take back an approval or a request; a dismissal does.
    """
    latest: dict[object, Review] = {}
    for raw in sorted(map(mapping, listed), key=_when):
        state, who = text(raw, "state").upper(), _author(raw)
        key = part(raw, "user").get("id") or who.lower()
        if state == "DISMISSED":
            latest.pop(key, None)
        verdict = _VERDICTS.get(state)
        if verdict is None:
            continue
        before = latest.get(key)
        if verdict is Verdict.COMMENTED and before is not None and before.verdict is not verdict:
            continue
        latest.pop(key, None)
        latest[key] = Review(
            _review_id(identity(raw)),
            who,
            verdict,
            words(raw, "body"),
            words(raw, "commit_id") or None,
            stranger=words(raw, "author_association") in _STRANGERS and not _is_bot(raw),
        )
    return tuple(latest.values())


def comments(
    listed_reviews: Iterable[Any],
    on_lines: Iterable[Any],
    on_all: Iterable[Any],
    ignored: Collection[str],
    author: str = "",
) -> tuple[Comment, ...]:
    """Return all comments in the order of time, but for those of `ignored` authors.

    What a bot writes as the text of a review counts as a comment too: that is where most of them write. A bot
    that is the pull request's own `author` is the agent itself, which need not be told what it wrote.
    """
    found = [_on_line(mapping(raw)) for raw in on_lines]
    found += [_comment("issue-comment", mapping(raw), "created_at") for raw in on_all]
    found += [
        _comment("review-body", raw, "submitted_at", review=_review_id(identity(raw)))
        for raw in map(mapping, listed_reviews)
        if _is_bot(raw) and words(raw, "body").strip() and text(raw, "state").upper() in _VERDICTS
    ]
    names = {_plain(name) for name in ignored}
    kept = [
        one for one in found if _plain(one.author) not in names and not (one.bot and one.author == author)
    ]
    return tuple(sorted(kept, key=lambda one: (one.at, one.id)))


def _on_line(raw: Mapping[str, Any]) -> Comment:
    line = raw.get("line")
    if line is None:
        line = raw.get("original_line")
    review = raw.get("pull_request_review_id")
    return _comment(
        "review-comment",
        raw,
        "created_at",
        path=words(raw, "path") or None,
        line=None if line is None else int(line),
        review=None if review is None else _review_id(int(review)),
    )


def _comment(
    kind: str,
    raw: Mapping[str, Any],
    when: str,
    *,
    path: str | None = None,
    line: int | None = None,
    review: str | None = None,
) -> Comment:
    return Comment(
        id=f"{kind}-{identity(raw)}",
        author=_author(raw),
        bot=_is_bot(raw),
        body=words(raw, "body"),
        at=moment(raw, when) or _LONG_AGO,
        path=path,
        line=line,
        review=review,
    )


def _author(raw: Mapping[str, Any]) -> str:
    return words(part(raw, "user"), "login") or GHOST


def _is_bot(raw: Mapping[str, Any]) -> bool:
    return part(raw, "user").get("type") == "Bot" or _author(raw).endswith(_BOT)


def _plain(login: str) -> str:
    return login.lower().removesuffix(_BOT)


def _review_id(given: int) -> str:
    return f"review-{given}"


def _when(raw: Mapping[str, Any]) -> tuple[datetime, int]:
    return moment(raw, "submitted_at") or _LONG_AGO, identity(raw)
