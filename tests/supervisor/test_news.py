"""What is new about a pull request: each thing is told once, in its order."""

from dataclasses import replace
from typing import Any

import pytest
from fake_forges import NOW, pull_request
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.news import news
from ennio.supervisor.records import Ci, Pull, PullState, Verdict
from ennio.supervisor.review import digest

PULL = digest(pull_request(), None, NOW)
APPROVED, REQUESTED = Verdict.APPROVED, Verdict.CHANGES_REQUESTED


def told(before: dict[str, Any] | None, now: dict[str, Any], ci_told: str | None = None) -> list[str]:
    """Return the names of what is new, from facts to facts."""
    known = None if before is None else replace(PULL, **before)
    return [kind.event_type for kind in news(known, replace(PULL, **now), ci_told)]


@pytest.mark.parametrize(
    ("before", "now", "names"),
    [
        (None, {}, ["PrCreated"]),
        (None, {"ci": Ci.FAILING, "conflicts": True}, ["PrCreated", "CiFailing", "MergeConflicts"]),
        (None, {"state": PullState.MERGED}, ["PrCreated", "PrMerged"]),
        (
            None,
            {"decision": APPROVED, "ci": Ci.PASSING},
            ["PrCreated", "CiPassing", "ReviewApproved", "MergeReady"],
        ),
        ({}, {}, []),
        ({}, {"title": "Better"}, ["PrUpdated"]),
        ({"draft": True}, {}, ["PrUpdated"]),
        ({}, {"head": "c2"}, ["PrUpdated"]),
        ({}, {"ci": Ci.PENDING}, ["PrUpdated"]),
        ({"state": PullState.CLOSED}, {}, ["PrUpdated"]),
        ({}, {"state": PullState.CLOSED}, ["PrClosed"]),
        ({"ci": Ci.PENDING}, {"ci": Ci.PASSING}, ["CiPassing"]),
        ({"ci": Ci.PASSING}, {"ci": Ci.PASSING, "head": "c2"}, ["CiPassing"]),
        ({"ci": Ci.PENDING}, {"ci": Ci.FAILING}, ["CiFailing"]),
        ({"ci": Ci.FAILING}, {"ci": Ci.FAILING, "head": "c2"}, ["CiFailing"]),
        ({"ci": Ci.FAILING}, {"ci": Ci.FAILING, "failing": ("lint", "test")}, []),
        ({"conflicts": None}, {"conflicts": True}, ["MergeConflicts"]),
        ({"conflicts": True}, {"conflicts": True, "head": "c2"}, ["PrUpdated"]),
        ({"conflicts": True}, {"conflicts": False}, []),
        ({"remark": "1"}, {"remark": "2"}, []),
        ({}, {"asked": True}, ["ReviewPending"]),
        ({}, {"asked": True, "decision": APPROVED}, ["ReviewApproved", "MergeReady"]),
        ({}, {"decision": REQUESTED, "requests": ("1",)}, ["ReviewChangesRequested"]),
        (
            {"decision": REQUESTED, "requests": ("1",)},
            {"decision": REQUESTED, "requests": ("1", "2")},
            ["ReviewChangesRequested"],
        ),
        (
            {"decision": REQUESTED, "requests": ("1", "2")},
            {"decision": REQUESTED, "requests": ("2",)},
            [],
        ),
        ({"decision": APPROVED, "ci": Ci.PENDING}, {"decision": APPROVED, "ci": Ci.NONE}, ["MergeReady"]),
        ({"decision": APPROVED}, {"decision": APPROVED, "approved": True}, []),
        ({}, {"number": 2, "ci": Ci.PASSING}, ["PrCreated", "CiPassing"]),
        ({"ci": Ci.FAILING}, {"number": 2, "ci": Ci.FAILING}, ["PrCreated", "CiFailing"]),
    ],
)
def test_what_is_new_has_its_names(
    before: dict[str, Any] | None, now: dict[str, Any], names: list[str]
) -> None:
    assert told(before, now) == names


@pytest.mark.parametrize(
    ("before", "now", "ci_told", "names"),
    [
        ({"ci": Ci.PENDING, "head": "c2"}, {"ci": Ci.FAILING, "head": "c2"}, "c1", ["CiFixFailed"]),
        ({"ci": Ci.FAILING}, {"ci": Ci.FAILING, "head": "c2"}, "c1", ["CiFixFailed"]),
        ({"ci": Ci.PENDING}, {"ci": Ci.FAILING}, "c1", ["CiFailing"]),
        ({"ci": Ci.FAILING}, {"ci": Ci.PASSING, "head": "c2"}, "c1", ["CiPassing"]),
    ],
)
def test_a_failure_after_the_agent_was_told_of_an_earlier_commit_is_that_of_its_fix(
    before: dict[str, Any], now: dict[str, Any], ci_told: str, names: list[str]
) -> None:
    assert told(before, now, ci_told) == names


PULLS = st.builds(
    replace,
    st.just(PULL),
    number=st.integers(1, 2),
    state=st.sampled_from(PullState),
    draft=st.booleans(),
    head=st.sampled_from(["c1", "c2"]),
    conflicts=st.sampled_from([None, True, False]),
    ci=st.sampled_from(Ci),
    decision=st.sampled_from([None, APPROVED, REQUESTED]),
    requests=st.sampled_from([(), ("1",), ("1", "2")]),
    asked=st.booleans(),
)


@given(st.none() | PULLS, PULLS, st.sampled_from([None, "c1", "c2"]))
def test_what_callers_see_to_differ_is_told_and_told_once(
    before: Pull | None, now: Pull, ci_told: str | None
) -> None:
    found = news(before, now, ci_told)
    if before is None or (before.head, before.ci, before.state) != (now.head, now.ci, now.state):
        assert found
    assert len(found) == len(set(found))
    assert news(now, now, ci_told) == []


@given(PULLS, PULLS, st.sampled_from([None, "c1", "c2"]))
def test_nothing_is_both_failing_and_passing_or_a_first_failure_and_that_of_a_fix(
    before: Pull, now: Pull, ci_told: str | None
) -> None:
    names = {kind.event_type for kind in news(before, now, ci_told)}
    assert len(names & {"CiFailing", "CiFixFailed", "CiPassing"}) <= 1
    assert len(names & {"PrMerged", "PrClosed"}) <= 1
    assert not ("PrUpdated" in names and len(names) > 1)
