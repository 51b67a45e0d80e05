"""Which branch, and from where, by refs alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.branches import BranchName
from ennio.supervisor.errors import Conflict, Invalid
from ennio.supervisor.workspaces.branching import free, settle, start

NAMES = st.lists(st.sampled_from(["a", "b", "a-2", "b-2"]), min_size=1, max_size=3).map("/".join)


def _can_be_beside(one: str, other: str) -> bool:
    mine, theirs = one.split("/"), other.split("/")
    shorter = min(len(mine), len(theirs))
    return mine[:shorter] != theirs[:shorter]


@given(derived=NAMES, taken=st.frozensets(NAMES))
def test_a_free_name_can_be_beside_all_that_are_taken(derived, taken):
    name = free(BranchName(derived), taken)
    assert all(_can_be_beside(name, other) for other in taken)


@given(derived=NAMES, taken=st.frozensets(NAMES))
def test_a_derived_name_is_changed_only_when_it_must_be(derived, taken):
    if all(_can_be_beside(derived, other) for other in taken):
        assert free(BranchName(derived), taken) == derived


@given(wanted=NAMES, taken=st.frozensets(NAMES))
def test_a_name_that_was_asked_for_is_taken_or_refused(wanted, taken):
    beside = all(other == wanted or _can_be_beside(wanted, other) for other in taken)
    try:
        assert settle(BranchName(wanted), BranchName("x"), taken, frozenset(), "repo") == wanted
        assert beside
    except Conflict:
        assert not beside


@pytest.mark.parametrize(
    ("refs", "commit", "made"),
    [
        ({"refs/heads/feat": "1", "refs/remotes/origin/feat": "2", "refs/heads/main": "3"}, "1", False),
        ({"refs/remotes/origin/feat": "2", "refs/heads/main": "3"}, "2", True),
        ({"refs/heads/main": "3", "refs/remotes/origin/main": "4"}, "3", True),
        ({"refs/remotes/origin/main": "4"}, "4", True),
    ],
)
def test_the_nearest_ref_gives_the_commit(refs, commit, made):
    begin = start(BranchName("feat"), BranchName("unused"), "main", refs, "repo")
    assert (begin.commit, begin.made, refs[begin.ref]) == (commit, made, commit)


@pytest.mark.parametrize(
    ("refs", "commit"),
    [
        ({"refs/heads/feat": "1", "refs/remotes/origin/feat": "2", "refs/remotes/origin/main": "3"}, "1"),
        ({"refs/remotes/origin/feat": "2", "refs/remotes/origin/main": "3"}, "2"),
        ({"refs/heads/main": "3", "refs/remotes/origin/main": "4"}, "4"),
        ({"refs/heads/main": "3"}, "3"),
    ],
)
def test_with_origin_as_the_base_its_default_branch_comes_first(refs, commit):
    begin = start(BranchName("feat"), BranchName("unused"), "main", refs, "repo", base="origin")
    assert (begin.commit, refs[begin.ref]) == (commit, commit)


def test_without_anything_to_start_from_it_says_what_is_missing():
    with pytest.raises(Invalid, match="repo has no commit yet; make a first one on main"):
        start(None, BranchName("x"), "main", {}, "repo")
    with pytest.raises(Invalid, match="repo has no branch main"):
        start(None, BranchName("x"), "main", {"refs/heads/other": "1"}, "repo")
