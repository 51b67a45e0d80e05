"""Who approves of a merge request, who wants it changed, and what was written on it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from canned_gitlab import HEAD, OLD, Host, merge_request, note, user, version

from ennio.supervisor.errors import ForgeFailed
from ennio.supervisor.forges.gitlab import GitLabMergeRequests
from ennio.supervisor.records import Comment, PullRequest, Review, Sought, Verdict

FEAT = Sought("feat", datetime(2026, 1, 1, 7, tzinfo=UTC))
APPROVED, REQUESTED = "approved this merge request", "requested changes"
POSITION = {"new_path": "a.py", "old_path": "a.py", "new_line": 4, "old_line": None}


async def look(scm: GitLabMergeRequests) -> PullRequest:
    pull = await scm.look(FEAT, thorough=True)
    assert pull is not None
    return pull


def say(host: Host, **answers: Any) -> None:
    """Let this be said of the merge request: its approvals, reviewers, notes, versions."""
    host.has(merge_request(7))
    for part, answer in answers.items():
        host.say(f"GET /merge_requests/7/{part}", answer)


def by(*names: str, **more: Any) -> dict[str, Any]:
    return {"approved": True, "approved_by": [{"user": user(name), **more} for name in names]}


def reviewer(name: str, state: str) -> dict[str, Any]:
    return {"user": user(name), "state": state, "created_at": "2026-01-01T08:00:00.000Z"}


def system(number: int, author: str, body: str, at: str) -> dict[str, Any]:
    return note(number, author, body, at, system=True)


@pytest.mark.parametrize(
    ("versions", "commit"),
    [
        ([version(1, HEAD, "09:00:00")], HEAD),
        ([version(2, HEAD, "11:00:00"), version(1, OLD, "09:00:00")], None),
        ([version(1, HEAD, "09:00:00"), version(2, HEAD, "11:00:00")], None),
        ([version(1, OLD, "09:00:00")], None),
        ([], None),
    ],
)
@pytest.mark.parametrize("newer", [True, False])
async def test_an_approval_is_of_the_head_if_it_is_later_than_that(
    host: Host, scm: GitLabMergeRequests, versions: list[Any], commit: str | None, newer: bool
) -> None:
    if newer:  # GitLab 18 tells when; before that only the system note does
        say(host, approvals=by("ann", approved_at="2026-01-01T10:00:00.000Z"), versions=versions)
    else:
        notes = [system(2, "ann", APPROVED, "10:00:00"), system(1, "ann", APPROVED, "08:00:00")]
        say(host, approvals=by("ann"), versions=versions, notes=notes)
    (review,) = (await look(scm)).reviews
    assert review == Review("ann-20260101T100000", "ann", Verdict.APPROVED, commit=commit)


async def test_an_approval_of_which_nobody_knows_when_is_of_no_commit(
    host: Host, scm: GitLabMergeRequests
) -> None:
    told = note(1, "ann", APPROVED, "10:00:00")  # a person can write that too
    say(host, approvals=by("ann"), versions=[version(1, HEAD, "09:00:00")], notes=[told])
    assert (await look(scm)).reviews == (Review("ann-approved", "ann", Verdict.APPROVED),)


async def test_authors_do_not_approve_of_their_own_work(host: Host, scm: GitLabMergeRequests) -> None:
    say(host, approvals=by("agent"), reviewers=[reviewer("Agent", "unreviewed")])
    pull = await look(scm)
    assert (pull.reviews, pull.asked) == ((), False)


async def test_a_request_for_changes_has_what_the_reviewer_wrote(
    host: Host, scm: GitLabMergeRequests
) -> None:
    notes = [
        system(7, "ann", REQUESTED, "10:00:02"),
        note(6, "bob", "Me too", "10:00:01"),
        note(5, "ann", "Rename this", "10:00:01", position=POSITION),
        note(4, "ann", "Not like this.", "10:00:00"),
    ]
    state = [reviewer("ann", "requested_changes")]
    say(host, reviewers=state, notes=notes, versions=[version(1, HEAD, "09:00:00")])
    pull = await look(scm)
    assert pull.reviews == (Review("ann-7", "ann", Verdict.CHANGES_REQUESTED, "Not like this.", HEAD),)
    at = datetime(2026, 1, 1, 10, 0, 1, tzinfo=UTC)
    assert pull.comments == (
        Comment("note-5", "ann", False, "Rename this", at, "a.py", 4, "ann-7"),
        Comment("note-6", "bob", False, "Me too", at),
    )


async def test_a_second_request_has_what_was_written_since_the_first(
    host: Host, scm: GitLabMergeRequests
) -> None:
    notes = [
        note(1, "ann", "First", "09:00:00"),
        system(2, "ann", REQUESTED, "09:00:01"),
        note(3, "ann", "Second", "11:00:00"),
        system(4, "ann", REQUESTED, "11:00:01"),
        note(5, "ann", "And this", "11:30:00"),
    ]
    say(host, reviewers=[reviewer("ann", "requested_changes")], notes=notes)
    pull = await look(scm)
    assert [(one.id, one.body) for one in pull.reviews] == [("ann-4", "Second\n\nAnd this")]
    assert [one.body for one in pull.comments] == ["First"]


async def test_a_request_outweighs_an_approval_of_the_same_reviewer(
    host: Host, scm: GitLabMergeRequests
) -> None:
    say(host, approvals=by("ann"), reviewers=[reviewer("ann", "requested_changes")])
    assert [one.verdict for one in (await look(scm)).reviews] == [Verdict.CHANGES_REQUESTED]


@pytest.mark.parametrize(
    ("state", "asked", "verdicts"),
    [
        ("unreviewed", True, []),
        ("review_started", True, []),
        ("unapproved", True, []),
        ("reviewed", False, [Verdict.COMMENTED]),
        ("requested_changes", False, [Verdict.CHANGES_REQUESTED]),
        ("approved", False, []),
    ],
)
async def test_a_reviewer_who_has_not_answered_is_waited_for(
    host: Host, scm: GitLabMergeRequests, state: str, asked: bool, verdicts: list[Verdict]
) -> None:
    say(host, reviewers=[reviewer("ann", state)])
    pull = await look(scm)
    assert (pull.asked, [one.verdict for one in pull.reviews]) == (asked, verdicts)


async def test_a_reviewer_who_approves_is_not_waited_for_whatever_the_state_says(
    host: Host, scm: GitLabMergeRequests
) -> None:
    say(host, approvals=by("ann"), reviewers=[reviewer("ann", "unreviewed")])
    assert not (await look(scm)).asked


async def test_comments_are_what_was_written_and_not_what_gitlab_noted(
    host: Host, scm: GitLabMergeRequests
) -> None:
    gone = {"new_path": None, "old_path": "old.py", "new_line": None, "old_line": 9}
    notes = [
        note(4, "ann", "This was better", "10:00:00", position=gone),
        note(3, "NOISY", "Coverage: 80 %", "09:00:02"),
        system(2, "ann", "added 1 commit", "09:00:01"),
        note(1, "bob", "Nice", "09:00:00"),
    ]
    say(host, notes=notes)
    found = [(one.author, one.body, one.path, one.line) for one in (await look(scm)).comments]
    assert found == [("bob", "Nice", None, None), ("ann", "This was better", "old.py", 9)]


@pytest.mark.parametrize(
    ("author", "bot"),
    [
        (user("project_123_bot_9f8e7d"), True),
        (user("project_123_bot1"), True),
        (user("group_4_bot"), True),
        (user("service_account_group_345_6a7b"), True),
        (user("GitLabDuo"), True),
        (user("review-bot"), False),
        ({**user("ann"), "bot": True}, True),
        (user("abbot"), False),
        (user("project_manager"), False),
    ],
)
async def test_a_bot_is_known_by_its_name_or_by_gitlab(
    host: Host, scm: GitLabMergeRequests, author: dict[str, Any], bot: bool
) -> None:
    say(host, notes=[{**note(1, "x", "Hm", "09:00:00"), "author": author}])
    assert [one.bot for one in (await look(scm)).comments] == [bot]


async def test_what_a_bot_wrote_with_a_request_is_a_comment_too(host: Host, scm: GitLabMergeRequests) -> None:
    notes = [
        note(1, "service_account_review", "Bad", "09:00:00"),
        system(2, "service_account_review", REQUESTED, "09:00:01"),
    ]
    say(host, reviewers=[reviewer("service_account_review", "requested_changes")], notes=notes)
    pull = await look(scm)
    assert [one.body for one in pull.reviews] == ["Bad"]
    assert [(one.body, one.review) for one in pull.comments] == [("Bad", "service_account_review-2")]


@pytest.mark.parametrize(
    "answers",
    [
        {"approvals": []},
        {"approvals": {"approved_by": [{"user": {}}]}},
        {"reviewers": [{"user": user("ann")}]},
        {"notes": [{"id": 1}]},
        {"versions": [{"id": 1, "head_commit_sha": HEAD}]},
    ],
)
async def test_what_is_no_review_is_a_failure(
    host: Host, scm: GitLabMergeRequests, answers: dict[str, Any]
) -> None:
    say(host, **answers)
    with pytest.raises(ForgeFailed, match="about the reviews of !7"):
        await scm.look(FEAT, thorough=True)
