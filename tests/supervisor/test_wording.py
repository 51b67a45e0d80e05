"""What agents and operators are told about a pull request."""

from dataclasses import replace

import pytest
from fake_forges import FAILING, NOW, pull_request, request
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.config.reactions import ACTIONS, DEFAULTS, SEND
from ennio.supervisor.plain import plain
from ennio.supervisor.reactions import Due
from ennio.supervisor.records import Comment, Failure
from ennio.supervisor.review import digest, place
from ennio.supervisor.wording import for_agent, opening_of, summary, title_of

WHERE = "Pull request 1 (Fix it): https://forge/o/r/pull/1\nCommit: c1"


def what(name: str, *, since: str | None = None, message: str | None = None) -> Due:
    return Due(name, "c1", 1, replace(DEFAULTS[name], message=message), since)


@pytest.mark.parametrize("name", [name for name, actions in ACTIONS.items() if SEND in actions])
def test_an_agent_is_told_the_configured_words_in_the_place_of_the_usual_ones(name: str) -> None:
    assert opening_of(what(name))
    assert opening_of(what(name, message="Do it.")) == "Do it."


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_operator_gets_one_line_that_names_the_pull_request(name: str) -> None:
    pull = digest(pull_request(), None, NOW)
    assert title_of(name, "shop", pull).endswith(
        " (pull request 1: Fix it)" if name != "all-complete" else "complete"
    )
    assert "\n" not in title_of(name, "shop", pull)
    assert title_of(name, "shop", None)


def test_an_operator_is_told_where_it_stands_and_what_fails() -> None:
    pull = digest(pull_request(checks=FAILING, head="0123456789abcdef"), None, NOW)
    assert summary("ci-failed", pull) == "Its head is 0123456789ab, its checks: failing. Failing: test."
    assert summary("merge-conflicts", pull) == "Its head is 0123456789ab, its checks: failing."
    assert summary("ci-failed", None) == ""


def test_a_failure_is_told_with_the_checks_names_and_the_end_of_their_logs() -> None:
    failures = [Failure("test", "https://ci/1", "line one\nline two"), Failure("lint", None, "")]
    assert for_agent(what("ci-failed", message="Fix it."), pull_request(checks=FAILING), failures) == (
        f"Fix it.\n\n{WHERE}\n\nFailed: test (https://ci/1)\n> line one\n> line two\n\nFailed: lint"
    )


def test_reviews_are_told_with_each_comment_its_file_and_its_line() -> None:
    comments = (
        Comment("2", "ann1", False, "wrong", NOW, path="a.py", line=3, review="1"),
        Comment("1", "ann1", False, "no\nfile", NOW, path="b.py", review="1"),
        Comment("3", "eve", False, "of another review", NOW, path="c.py", line=1, review="8"),
        Comment("4", "eve", False, "of none", NOW, path="d.py", line=0),
        Comment("5", "eve", False, "small talk", NOW),
        Comment("6", "bot", True, "beep", NOW, path="a.py", line=1, review="1"),
    )
    facts = pull_request(reviews=request("1"), comments=comments)
    told = for_agent(what("changes-requested", message="Change it."), facts, ())
    assert told == (
        f"Change it.\n\n{WHERE}\n\nann1 wrote:\n> no\n\n"
        "ann1 on b.py:\n> no\n> file\n\nann1 on a.py:3:\n> wrong\n\neve on d.py:0:\n> of none"
    )


def test_only_reviews_that_are_new_are_told_and_all_if_that_cannot_be_said() -> None:
    facts = pull_request(reviews=request("1", "2"))
    told = for_agent(what("changes-requested", since="1"), facts, ())
    assert "ann2 wrote" in told
    assert "ann1 wrote" not in told
    told = for_agent(what("changes-requested", since="1 2"), facts, ())
    assert "ann1 wrote" in told
    assert "ann2 wrote" in told


def test_a_review_without_words_is_told_to_have_none() -> None:
    (review,) = request("1")
    told = for_agent(what("changes-requested"), pull_request(reviews=(replace(review, body=""),)), ())
    assert told.endswith("ann1 wrote:\n> (nothing beside the comments)")


def test_only_remarks_of_bots_since_the_last_time_are_told() -> None:
    old, new = (Comment(f"b{n}", "bot", True, f"remark {n}", NOW, path="a.py", line=n) for n in (1, 2))
    person = Comment("h", "ann", False, "hm", NOW)
    facts = pull_request(comments=(new, old, person))
    all_of_them = for_agent(what("bugbot-comments", message="See."), facts, ())
    assert all_of_them == f"See.\n\n{WHERE}\n\nbot on a.py:1:\n> remark 1\n\nbot on a.py:2:\n> remark 2"
    told = for_agent(what("bugbot-comments", since=place(old)), facts, ())
    assert "remark 2" in told
    assert "remark 1" not in told


@pytest.mark.parametrize("name", ["merge-conflicts", "approved-and-green"])
def test_what_needs_no_details_has_none(name: str) -> None:
    assert for_agent(what(name), pull_request(), ()) == f"{opening_of(what(name))}\n\n{WHERE}"


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_whatever_others_wrote_every_line_of_it_is_a_quotation(text: str) -> None:
    comment = Comment("b", "bot", True, text, NOW)
    told = for_agent(what("bugbot-comments"), pull_request(comments=(comment,)), ())
    _, _, quoted = told.partition("bot:\n")
    assert all(line.startswith("> ") for line in quoted.splitlines())
    assert [line[2:] for line in quoted.splitlines()] == [plain(line) for line in text.strip().splitlines()]
    assert plain(told) == told


def test_what_is_too_long_is_cut_in_the_middle_and_says_so() -> None:
    failures = [Failure(f"check {number}", None, "x" * 4000) for number in range(20)]
    told = for_agent(what("ci-failed"), pull_request(), failures)
    assert len(told) < 24_100
    assert told.startswith(opening_of(what("ci-failed")))
    assert "characters are left out ...]" in told
    assert told.endswith("x" * 100)
