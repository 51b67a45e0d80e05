"""Branch names agree with git itself, and with the rules that go beyond it."""

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ennio.supervisor.branches import BranchName, derived
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


# The name of a session that asked for none.


@pytest.mark.parametrize(
    ("issue", "title", "name"),
    [
        (None, None, "ennio/p-1a2b3c"),
        (None, "ignored", "ennio/p-1a2b3c"),
        ("42", "Fix the login", "issue-42-fix-the-login"),
        ("42", "  Fix: the -- 'login'!  ", "issue-42-fix-the-login"),
        ("42", "Größe über alles: naïve", "issue-42-grosse-uber-alles-naive"),
        ("42", "修正", "issue-42"),
        ("42", "", "issue-42"),
        ("42", None, "issue-42"),
        ("ENG-12", "Do It", "issue-eng-12-do-it"),
        ("7", "refs/heads/../x.lock @{-1} ~^:", "issue-7-refs-heads-x-lock-1"),
        ("7", "x" * 100, "issue-7-" + "x" * 52),
        ("7", "a" * 51 + " b", "issue-7-" + "a" * 51),
    ],
)
def test_a_session_without_a_branch_gets_one_by_its_issue_or_by_its_id(issue, title, name):
    assert derived("p-1a2b3c", issue, title) == name


@given(st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True), st.text(max_size=200))
def test_a_derived_name_is_always_a_valid_one_of_at_most_60_characters(issue, title):
    name = derived("p-1", issue, title)
    assert BranchName.parse(name) == name
    assert len(name) <= 60
    assert name.startswith("issue")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
