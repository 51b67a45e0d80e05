import pytest

from ennio.supervisor.prompts import compose
from ennio.supervisor.records import Issue


@pytest.mark.parametrize(
    ("prompt", "rules", "told"),
    [
        ("fix it", [], "fix it"),
        ("fix it", ["be kind", "test"], "be kind\ntest\n\nfix it"),
        (None, ["be kind"], "be kind"),
        (None, [], ""),
        ("line one\nline two", [], "line one\nline two"),
    ],
)
def test_an_agent_is_told_the_rules_and_then_the_prompt(
    prompt: str | None, rules: list[str], told: str
) -> None:
    assert compose(prompt, rules) == told


ISSUE = Issue("42", "Fix the login", "It is broken.\n\nSee below.\n", ("bug", "urgent"), "https://x/42")
TOLD = "Issue 42: Fix the login\nLabels: bug, urgent\nhttps://x/42\n\nIt is broken.\n\nSee below."


def test_the_issue_comes_first_then_the_rules_then_the_prompt() -> None:
    assert compose("hurry", ["be kind"], ISSUE) == f"{TOLD}\n\nbe kind\n\nhurry"
    assert compose(None, [], ISSUE) == TOLD


@pytest.mark.parametrize(
    ("issue", "told"),
    [
        (Issue("42", "Fix it"), "Issue 42: Fix it"),
        (Issue("ENG-1", "Fix it", labels=("bug",)), "Issue ENG-1: Fix it\nLabels: bug"),
        (Issue("1", "Fix it", "  \n"), "Issue 1: Fix it"),
        (Issue("1", "Fix it", "  do\n  it"), "Issue 1: Fix it\n\ndo\n  it"),
    ],
)
def test_an_issue_is_told_as_far_as_there_is_something_to_tell(issue: Issue, told: str) -> None:
    assert compose(None, [], issue) == told
