import pytest

from ennio.supervisor.prompts import compose


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
