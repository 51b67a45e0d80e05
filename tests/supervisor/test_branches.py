"""Branch names agree with git itself, and with the rules that go beyond it."""

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ennio.supervisor.branches import BranchName
from ennio.supervisor.errors import Invalid

AWKWARD = st.sampled_from(
    [*"/.-@{}~^:?*[]\\ \n\t\x7f#'\"$`;|&<>()!%=+,_", "..", "//", "@{", ".lock", "HEAD", "refs/"]
)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=3)
NAMES = st.lists(st.one_of(AWKWARD, st.sampled_from(["a", "b", "é", "lock"]), TEXT), max_size=6).map("".join)


def _parses(name: str) -> bool:
    try:
        return BranchName.parse(name) == name
    except Invalid:
        return False


def _git_says(name: str) -> bool:
    done = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False, capture_output=True)
    return done.returncode == 0


def _goes_beyond_git(name: str) -> bool:
    too_long = len(name.encode()) > 200
    return too_long or name in {"@", "HEAD"} or name.startswith(("-", "refs/")) or "@{" in name


@given(NAMES)
@settings(max_examples=400, deadline=None)
@example("a.lock/b")
@example("a.lock\n")
@example("a/.b")
@example("a/-b")
@example("@/@")
@example("a.")
@example("a./b")
@example("")
@example("é" * 100)
@example("é" * 101)
def test_a_branch_name_is_what_git_and_our_rules_both_allow(name):
    assert _parses(name) == (_git_says(name) and not _goes_beyond_git(name))


@pytest.mark.parametrize(
    "name", ["a\0b", "\ud800", "@{-1}", "HEAD", "@", "-b", "--all", "refs/heads/main", "a" * 201]
)
def test_what_git_could_misread_is_refused(name):
    with pytest.raises(Invalid):
        BranchName.parse(name)


@pytest.mark.parametrize(
    "name", ["feat/one", "HEADS", "issue-12-größe", "a@b", "refs", "x" * 200, "-".join("ab")]
)
def test_usual_names_are_taken(name):
    assert BranchName.parse(name) == name
