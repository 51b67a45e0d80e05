"""What people and bots say, and what of it counts."""

from typing import Any

import pytest
from canned_github import HEAD, comment, person, review

from ennio.supervisor.forges.github.opinions import comments, reviews
from ennio.supervisor.records import Verdict

APPROVED, CHANGES, COMMENTED = Verdict.APPROVED, Verdict.CHANGES_REQUESTED, Verdict.COMMENTED


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        (["APPROVED"], APPROVED),
        (["CHANGES_REQUESTED", "APPROVED"], APPROVED),
        (["APPROVED", "CHANGES_REQUESTED"], CHANGES),
        (["APPROVED", "COMMENTED"], APPROVED),
        (["CHANGES_REQUESTED", "COMMENTED", "COMMENTED"], CHANGES),
        (["COMMENTED", "APPROVED"], APPROVED),
        (["COMMENTED"], COMMENTED),
        (["APPROVED", "DISMISSED"], None),
        (["DISMISSED", "APPROVED"], APPROVED),
        (["CHANGES_REQUESTED", "DISMISSED", "COMMENTED"], COMMENTED),
        (["APPROVED", "PENDING"], APPROVED),
        (["PENDING"], None),
        (["SOMETHING_NEW"], None),
        ([], None),
    ],
)
def test_of_each_reviewer_the_last_word_counts(states: list[str], verdict: Verdict | None) -> None:
    listed = [review(number, "ann", state) for number, state in enumerate(states, 1)]
    found = reviews(reversed(listed))
    assert [one.verdict for one in found] == ([] if verdict is None else [verdict])


def test_a_review_is_of_one_author_about_one_commit() -> None:
    listed = [review(1, "ann", "APPROVED", "good"), review(2, "Bob", "CHANGES_REQUESTED", commit_id=None)]
    ann, bob = reviews(listed)
    assert (ann.id, ann.author, ann.body, ann.commit) == ("review-1", "ann", "good", HEAD)
    assert (bob.verdict, bob.commit) == (CHANGES, None)


def test_a_user_who_is_no_more_is_a_ghost() -> None:
    (it,) = reviews([review(1, "x", "APPROVED") | {"user": None}])
    assert it.author == "ghost"
    (remark,) = comments([], [], [comment(1, "x") | {"user": None}], ())
    assert (remark.author, remark.bot) == ("ghost", False)


def test_comments_of_all_kinds_come_in_the_order_of_time_with_ids_of_their_own() -> None:
    line: dict[str, Any] = {"path": "a.py", "line": 3, "pull_request_review_id": 9}
    found = comments([], [comment(2, "ann", **line)], [comment(1, "bob"), comment(2, "bob")], ())
    assert [one.id for one in found] == ["issue-comment-1", "issue-comment-2", "review-comment-2"]
    assert (found[2].path, found[2].line, found[2].review) == ("a.py", 3, "review-9")
    assert (found[0].path, found[0].line, found[0].review) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"line": None, "original_line": 8}, 8),
        ({"line": 5, "original_line": 8}, 5),
        ({"line": None, "original_line": None, "subject_type": "file"}, None),
        ({}, None),
    ],
)
def test_a_comment_that_is_outdated_tells_the_line_it_was_about(
    given: dict[str, Any], line: int | None
) -> None:
    (it,) = comments([], [comment(1, "ann", path="a.py", **given)], [], ())
    assert it.line == line


def test_bots_are_known_by_their_kind_or_name() -> None:
    listed = [
        comment(1, "ann"),
        comment(2, "bugbot[bot]"),
        comment(3, "app") | {"user": person("app", "Bot")},
    ]
    assert [one.bot for one in comments([], [], listed, ())] == [False, True, True]


def test_what_a_bot_writes_as_a_review_is_a_comment_too() -> None:
    listed = [
        review(1, "bugbot[bot]", "COMMENTED", "Two bugs"),
        review(2, "bugbot[bot]", "COMMENTED", "  "),
        review(3, "bugbot[bot]", "DISMISSED", "wrong"),
        review(4, "ann", "COMMENTED", "hm"),
    ]
    (it,) = comments(listed, [], [], ())
    assert (it.id, it.body, it.bot, it.review) == ("review-body-1", "Two bugs", True, "review-1")
    assert [one.author for one in reviews(listed[:1])] == ["bugbot[bot]"]


def test_authors_that_are_ignored_say_nothing() -> None:
    listed = [comment(1, "CI[bot]"), comment(2, "bugbot[bot]"), comment(3, "ann")]
    found = comments([review(4, "ci[bot]", "COMMENTED", "x")], listed, [], ("ci", "Bugbot[bot]"))
    assert [one.author for one in found] == ["ann"]


def test_what_an_agent_writes_on_its_own_pull_request_by_a_bots_account_is_not_told_to_it() -> None:
    own = comment(1, "worker[bot]") | {"user": {"login": "worker[bot]", "type": "Bot"}}
    other = comment(2, "lint[bot]") | {"user": {"login": "lint[bot]", "type": "Bot"}}
    assert [one.author for one in comments([], [], [own, other], (), "worker[bot]")] == ["lint[bot]"]
    assert [one.author for one in comments([], [], [comment(3, "ann")], (), "ann")] == ["ann"]
