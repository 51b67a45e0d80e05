"""What is due about a pull request: once for each cause, and so often in a row."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from fake_forges import FAILING, NOW, PASSING, PENDING, approval, pull_request, react, request
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.config.reactions import DEFAULTS, Reaction
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.reactions import RULES, Due, cause_of, done, due, still_to_do
from ennio.supervisor.records import Comment, PullRequest, PullState, Reacted, SessionRecord
from ennio.supervisor.review import digest, place

FACTS = pull_request()
RECORD = SessionRecord(SessionId("p-1"), ProjectId("p"), "fake", NOW, branch="feat")
BOT = (Comment("b1", "bot", True, "look", NOW), Comment("b2", "bot", True, "and here", NOW))


def seen(record: SessionRecord, facts: PullRequest) -> SessionRecord:
    """Return the record once these facts were taken in."""
    now = replace(record, pull=digest(facts, record.pull, NOW))
    return replace(now, reacted=still_to_do(now, record.pull))


def names(record: SessionRecord, **reactions: Any) -> list[str]:
    return [what.name for what in due(record, react(**reactions))]


def act(record: SessionRecord) -> tuple[SessionRecord, list[Due]]:
    """Do all that is due."""
    found = list(due(record, DEFAULTS))
    for what in found:
        record = replace(record, reacted=done(record, what, NOW, escalated=what.used_up))
    return record, found


def act_on(facts: Iterable[dict[str, Any]], record: SessionRecord = RECORD) -> list[list[tuple[str, int]]]:
    """Return what was done after each of these facts, with its number in a row."""
    acts = []
    for one in facts:
        record, found = act(seen(record, replace(FACTS, **one)))
        acts.append([(what.name, what.times) for what in found])
    return acts


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, []),
        ({"checks": PENDING}, []),
        ({"checks": FAILING}, ["ci-failed"]),
        ({"conflicts": True}, ["merge-conflicts"]),
        ({"conflicts": None}, []),
        ({"reviews": request("1")}, ["changes-requested"]),
        ({"comments": BOT}, ["bugbot-comments"]),
        ({"reviews": approval("c1")}, ["approved-and-green"]),
        ({"reviews": approval("c1"), "checks": PASSING}, ["approved-and-green"]),
        ({"reviews": approval("c1"), "checks": PENDING}, []),
        ({"reviews": approval("c1"), "draft": True}, []),
        ({"reviews": approval("c1"), "conflicts": True}, ["merge-conflicts"]),
        (
            {"checks": FAILING, "conflicts": True, "reviews": request("1"), "comments": BOT},
            ["ci-failed", "changes-requested", "bugbot-comments", "merge-conflicts"],
        ),
        ({"checks": FAILING, "state": PullState.CLOSED}, []),
        ({"reviews": approval("c1"), "state": PullState.MERGED}, []),
    ],
)
def test_what_the_facts_call_for_is_due_and_once_it_is_done_it_is_not(
    facts: dict[str, Any], found: list[str]
) -> None:
    record = seen(RECORD, replace(FACTS, **facts))
    assert names(record) == found
    record, _ = act(record)
    assert names(record) == []
    assert names(seen(record, replace(FACTS, title="Another", **facts))) == []


def test_nothing_is_due_before_there_is_a_pull_request() -> None:
    assert names(RECORD) == []
    assert still_to_do(RECORD, None) == {}


def test_a_reaction_that_is_not_enabled_is_never_due() -> None:
    record = seen(RECORD, replace(FACTS, checks=FAILING))
    assert names(record, ci_failed={"enabled": False}) == []


def test_failures_in_a_row_are_counted_and_passing_makes_them_begin_anew() -> None:
    failing = [{"head": f"c{number}", "checks": FAILING} for number in range(1, 5)]
    assert act_on(failing) == [[("ci-failed", times)] for times in (1, 2, 3, 4)]
    between = [failing[0], {"head": "c2", "checks": PENDING}, failing[1]]
    assert act_on(between) == [[("ci-failed", 1)], [], [("ci-failed", 2)]]
    anew = [failing[0], {"head": "c2", "checks": PASSING}, {"head": "c2", "checks": FAILING}]
    assert act_on(anew) == [[("ci-failed", 1)], [], [("ci-failed", 1)]]


def test_the_same_commit_that_fails_again_without_having_passed_is_the_same_cause() -> None:
    assert act_on([{"checks": FAILING}, {"checks": PENDING}, {"checks": FAILING}])[2] == []


def test_with_two_retries_the_fourth_failure_in_a_row_is_the_operators() -> None:
    reaction = Reaction("send_to_agent", "action", retries=2)
    used_up = [Due("ci-failed", "c", times, reaction).used_up for times in (1, 2, 3, 4, 5)]
    assert used_up == [False, False, False, True, True]
    assert not Due("ci-failed", "c", 1, replace(reaction, retries=0)).used_up
    assert Due("ci-failed", "c", 2, replace(reaction, retries=0)).used_up
    assert not Due("ci-failed", "c", 10**6, replace(reaction, retries=None)).used_up


def test_each_review_that_requests_changes_is_told_and_one_that_is_left_out_is_no_news() -> None:
    times = [{"reviews": request(*ids.split())} for ids in ("1", "1 2", "2", "2 3")]
    assert act_on(times) == [
        [("changes-requested", 1)],
        [("changes-requested", 2)],
        [],
        [("changes-requested", 3)],
    ]
    anew = [{"reviews": request("1")}, {"reviews": approval("c1")}, {"reviews": request("1")}]
    assert [[name for name, _ in one] for one in act_on(anew)] == [
        ["changes-requested"],
        ["approved-and-green"],
        ["changes-requested"],
    ]


def test_a_reviewer_who_repeats_the_request_makes_a_new_cause_that_tells_since_which() -> None:
    record, _ = act(seen(RECORD, replace(FACTS, reviews=request("1", "2"))))
    (what,) = due(seen(record, replace(FACTS, reviews=request("2", "7"))), DEFAULTS)
    assert (what.cause, what.since) == ("2 7", "1 2")


def test_later_remarks_of_bots_are_told_and_none_comes_back_when_one_is_deleted() -> None:
    assert act_on([{"comments": BOT[:1]}, {"comments": BOT}, {"comments": BOT[:1]}, {}]) == [
        [("bugbot-comments", 1)],
        [("bugbot-comments", 2)],
        [],
        [],
    ]
    record, _ = act(seen(RECORD, replace(FACTS, comments=BOT[:1])))
    (what,) = due(seen(record, replace(FACTS, comments=BOT)), DEFAULTS)
    assert (what.since, what.cause) == (place(BOT[0]), place(BOT[1]))


def test_a_conflict_is_told_for_each_commit_that_is_known_to_have_it() -> None:
    assert act_on(
        [
            {"conflicts": True},
            {"head": "c2", "conflicts": None},
            {"head": "c2", "conflicts": True},
            {"head": "c3", "conflicts": False},
            {"head": "c3", "conflicts": True},
        ]
    ) == [[("merge-conflicts", 1)], [], [("merge-conflicts", 2)], [], [("merge-conflicts", 1)]]


def test_what_was_done_about_one_pull_request_does_not_count_for_the_next() -> None:
    failing = {"checks": FAILING, "comments": BOT}
    assert act_on([failing, {"number": 2, **failing}]) == [[("ci-failed", 1), ("bugbot-comments", 1)]] * 2
    record, _ = act(seen(RECORD, replace(FACTS, **failing)))
    forgotten = replace(record, pull=None, passed_pull=1)
    (*_, what) = due(seen(forgotten, replace(FACTS, number=2, checks=FAILING)), DEFAULTS)
    assert (what.name, what.times) == ("ci-failed", 1)


def test_what_is_none_of_a_pull_requests_reactions_stays_as_it_was_done() -> None:
    known = replace(RECORD, reacted={"agent-exited": Reacted("1", NOW), "ci-failed": Reacted("c1", NOW)})
    assert seen(known, replace(FACTS, checks=PASSING)).reacted == {"agent-exited": Reacted("1", NOW)}
    assert cause_of("agent-exited", seen(known, FACTS)) is None


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "head": st.sampled_from(["c1", "c2", "c3"]),
                "checks": st.sampled_from([(), PASSING, PENDING, FAILING]),
                "conflicts": st.sampled_from([None, True, False]),
                "reviews": st.sampled_from([(), request("1"), request("1", "2"), approval("c1")]),
                "comments": st.sampled_from([(), BOT[:1], BOT]),
                "state": st.sampled_from(PullState),
            }
        ),
        max_size=12,
    )
)
def test_whatever_comes_a_look_at_the_same_facts_does_nothing_more(facts: list[dict[str, Any]]) -> None:
    record = RECORD
    for one in facts:
        record, found = act(seen(record, replace(FACTS, **one)))
        assert {what.name for what in found} <= {rule.name for rule in RULES}
        assert act(seen(record, replace(FACTS, **one)))[1] == []
        assert all(what.times >= 1 for what in found)
