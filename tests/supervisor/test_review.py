"""What a pull request comes to: a stage by ordered rules, and what is remembered of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from fake_forges import FAILING, NOW, PASSING, PENDING, approval, pull_request, request
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import (
    Check,
    Ci,
    Comment,
    Phase,
    Pull,
    PullState,
    Review,
    SessionRecord,
    Sought,
    Tree,
    Verdict,
)
from ennio.supervisor.review import RULES, Stage, digest, place, ready, sought, stage

LATER = NOW + timedelta(minutes=5)
PULL = digest(pull_request(), None, NOW)

PULLS = st.builds(
    replace,
    st.just(PULL),
    state=st.sampled_from(PullState),
    draft=st.booleans(),
    conflicts=st.sampled_from([None, True, False]),
    ci=st.sampled_from(Ci),
    decision=st.sampled_from([None, Verdict.APPROVED, Verdict.CHANGES_REQUESTED]),
    asked=st.booleans(),
    head=st.sampled_from(["c1", "c2"]),
)
TOLD = st.sampled_from([None, "c1", "c2"])


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "PrOpen"),
        ({"ci": Ci.PENDING}, "PrOpen"),
        ({"ci": Ci.PASSING}, "CiPassing"),
        ({"ci": Ci.PASSING, "asked": True}, "ReviewPending"),
        ({"ci": Ci.PENDING, "asked": True}, "ReviewPending"),
        ({"ci": Ci.FAILING, "asked": True}, "CiFailed"),
        ({"decision": Verdict.APPROVED, "asked": True}, "Approved"),
        ({"decision": Verdict.APPROVED, "ci": Ci.PENDING}, "Approved"),
        ({"decision": Verdict.APPROVED, "ci": Ci.FAILING}, "CiFailed"),
        ({"decision": Verdict.CHANGES_REQUESTED, "ci": Ci.PASSING, "asked": True}, "ChangesRequested"),
        ({"decision": Verdict.CHANGES_REQUESTED, "ci": Ci.FAILING}, "CiFailed"),
        ({"conflicts": True, "ci": Ci.FAILING, "decision": Verdict.APPROVED}, "MergeConflicts"),
        ({"conflicts": None, "ci": Ci.PASSING}, "CiPassing"),
        ({"draft": True, "conflicts": True, "ci": Ci.FAILING}, "PrDraft"),
        ({"state": PullState.CLOSED, "draft": True}, "Done"),
        ({"state": PullState.MERGED, "draft": True, "ci": Ci.FAILING}, "Merged"),
    ],
)
def test_the_first_rule_that_holds_counts(facts: dict[str, Any], word: str) -> None:
    assert stage(replace(PULL, **facts), None) == word


@pytest.mark.parametrize(
    ("head", "ci", "told", "word"),
    [
        ("c1", Ci.FAILING, None, "CiFailed"),
        ("c1", Ci.FAILING, "c1", "CiFixSent"),
        ("c1", Ci.PENDING, "c1", "CiFixSent"),
        ("c2", Ci.PENDING, "c1", "CiFixSent"),
        ("c2", Ci.NONE, "c1", "CiFixSent"),
        ("c2", Ci.FAILING, "c1", "CiFixFailed"),
        ("c2", Ci.FAILING, "c2", "CiFixSent"),
        ("c2", Ci.PASSING, "c1", "CiPassing"),
        ("c1", Ci.PASSING, "c1", "CiPassing"),
    ],
)
def test_a_fix_is_waited_for_until_checks_give_their_word_on_a_newer_commit(
    head: str, ci: Ci, told: str | None, word: str
) -> None:
    assert stage(replace(PULL, head=head, ci=ci), told) == word


@given(PULLS, TOLD)
def test_every_pull_request_has_a_stage_and_no_rule_before_it_holds(pull: Pull, told: str | None) -> None:
    found = stage(pull, told)
    names = [name for name, _ in RULES]
    assert set(names) == set(Stage)
    assert not any(holds(pull, told) for name, holds in RULES[: names.index(found)])


@given(PULLS, TOLD)
def test_what_is_ready_is_open_whole_and_approved_and_nothing_of_it_fails_or_is_awaited(
    pull: Pull, told: str | None
) -> None:
    if ready(pull):
        assert stage(pull, None) is Stage.APPROVED
        assert pull.ci in {Ci.PASSING, Ci.NONE}
    elif stage(pull, told) is Stage.APPROVED:
        assert pull.ci is Ci.PENDING


# What is remembered.


@pytest.mark.parametrize(
    ("states", "ci"),
    [
        ([], Ci.NONE),
        ([Ci.PASSING], Ci.PASSING),
        ([Ci.PASSING, Ci.PENDING], Ci.PENDING),
        ([Ci.PENDING, Ci.FAILING, Ci.PASSING], Ci.FAILING),
    ],
)
def test_the_worst_check_is_that_of_the_commit(states: list[Ci], ci: Ci) -> None:
    checks = tuple(Check(f"check {number}", state) for number, state in enumerate(states))
    pull = digest(pull_request(checks=checks), None, NOW)
    assert pull.ci is ci
    assert len(pull.failing) == states.count(Ci.FAILING)


def test_one_who_requests_changes_outweighs_all_who_approve_and_remarks_count_for_nothing() -> None:
    remark = Review("9", "eve", Verdict.COMMENTED)
    assert digest(pull_request(reviews=(remark,)), None, NOW).decision is None
    assert digest(pull_request(reviews=(*approval("c1"), remark)), None, NOW).decision is Verdict.APPROVED
    both = digest(pull_request(reviews=(*approval("c1"), *request("3", "2"))), None, NOW)
    assert (both.decision, both.requests) == (Verdict.CHANGES_REQUESTED, ("2", "3"))


def test_an_approval_of_an_earlier_commit_approves_and_is_known_to_be_no_approval_of_the_head() -> None:
    old = digest(pull_request(head="c2", reviews=approval("c1")), None, NOW)
    assert (old.decision, old.approved, ready(old)) == (Verdict.APPROVED, False, True)
    assert digest(pull_request(head="c2", reviews=approval("c2")), None, NOW).approved


def test_the_time_of_a_head_stays_until_there_is_another() -> None:
    first = digest(pull_request(), None, NOW)
    same = digest(pull_request(title="Better"), first, LATER)
    assert (first.head_since, same.head_since, same.title) == (NOW, NOW, "Better")
    assert digest(pull_request(head="c2"), same, LATER).head_since == LATER
    assert digest(pull_request(number=2), same, LATER).head_since == LATER, "it is another pull request"


def test_what_the_host_does_not_know_yet_of_conflicts_is_as_it_was_at_the_same_commit() -> None:
    known = digest(pull_request(conflicts=True), None, NOW)
    assert digest(pull_request(conflicts=None), known, LATER).conflicts is True
    assert digest(pull_request(conflicts=False), known, LATER).conflicts is False
    assert digest(pull_request(head="c2", conflicts=None), known, LATER).conflicts is None
    assert digest(pull_request(number=2, conflicts=None), known, LATER).conflicts is None
    assert digest(pull_request(conflicts=None), None, NOW).conflicts is None


def test_the_latest_remark_of_a_bot_is_marked_and_those_of_people_are_not() -> None:
    east = timezone(timedelta(hours=9))
    comments = (
        Comment("b1", "bot", True, "first", NOW),
        Comment("b2", "bot", True, "second", (NOW + timedelta(seconds=1)).astimezone(east)),
        Comment("h1", "ann", False, "third", LATER),
    )
    assert digest(pull_request(comments=comments), None, NOW).remark == place(comments[1])
    assert digest(pull_request(comments=comments[2:]), None, NOW).remark is None


@given(
    st.lists(
        st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)),
        min_size=2,
        max_size=5,
    ),
    st.sampled_from([UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=5, minutes=30))]),
)
def test_later_comments_sort_later_wherever_they_were_written(times: list[datetime], zone: timezone) -> None:
    placed = [place(Comment("x", "bot", True, "", at.astimezone(zone))) for at in times]
    assert sorted(placed) == [place(Comment("x", "bot", True, "", at)) for at in sorted(times)]


CI_STATES = st.sampled_from([PASSING, FAILING, PENDING, ()])


@given(CI_STATES, CI_STATES)
def test_the_same_facts_come_to_the_same_whenever_they_are_looked_at(first: Any, second: Any) -> None:
    before = digest(pull_request(checks=first), None, NOW)
    facts = pull_request(checks=second, conflicts=None)
    once = digest(facts, before, NOW)
    assert digest(facts, once, LATER) == once


# What is looked for.


def record(**known: Any) -> SessionRecord:
    usual = {"id": SessionId("p-1"), "project_id": ProjectId("p"), "agent_name": "fake", "created_at": NOW}
    return SessionRecord(**{**usual, "branch": "feat", **known})


def test_a_session_looks_for_the_pull_request_of_its_branch_from_its_beginning() -> None:
    assert sought(record()) == Sought("feat", NOW)
    assert sought(record(pull=PULL, passed_pull=4)) == Sought("feat", NOW, 1, 4)


def test_nothing_is_looked_for_without_a_branch_or_after_a_kill() -> None:
    assert sought(record(branch=None)) is None
    assert sought(record(phase=Phase.KILLED)) is None
    tree = Tree("/w", "feat", "c0ffee", branch_made=True)
    assert all(sought(record(phase=phase, tree=tree)) for phase in Phase if phase is not Phase.KILLED)
