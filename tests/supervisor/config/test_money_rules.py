"""Budgets, prices and approvals: what a file says of them, and what is refused."""

import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ennio.supervisor.config import Approvals, Budget, Config, Price, load
from ennio.supervisor.errors import ConfigError
from ennio.supervisor.ids import ProjectId

Load = Callable[[str], Config]

PROJECT = '[[projects]]\nname = "My App"\nproject_id = "app"\npath = "repo"\nagent = "demo"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the git repository `repo`."""
    made = tmp_path_factory.mktemp("money")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    return made


@pytest.fixture
def load_toml(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(folder)

    def write_and_load(text: str) -> Config:
        (folder / "ennio.toml").write_text(text)
        return load(folder / "ennio.toml", environ={"HOME": "/home/me", "T": "s3cret"})

    return write_and_load


def budget(scope: str = "global", period: str = "daily", limit: str = "20.1", rest: str = "") -> str:
    return f"[[budgets]]\nscope = '{scope}'\nperiod = '{period}'\nlimit_usd = {limit}\n{rest}\n"


def test_without_a_word_nothing_is_budgeted_and_nothing_priced(load_toml: Load) -> None:
    config = load_toml(PROJECT)
    assert (config.budgets, dict(config.prices)) == ((), {})


def test_budgets_are_exact_to_the_digit_that_was_written(load_toml: Load) -> None:
    config = load_toml(
        budget(limit="0.3")
        + budget("project", "monthly", "20.1", "project_id = 'app'\nreserve_usd = 0.7")
        + budget("session", "total", "1")
        + PROJECT
    )
    assert config.budgets == (
        Budget("global", "daily", Decimal("0.3"), None, Decimal("0.015")),
        Budget("project", "monthly", Decimal("20.1"), ProjectId("app"), Decimal("0.7")),
        Budget("session", "total", Decimal(1), None, Decimal(0)),
    )


@pytest.mark.parametrize("period", ["daily", "monthly", "total"])
def test_a_session_may_have_a_budget_of_each_period(load_toml: Load, period: str) -> None:
    assert load_toml(budget("session", period)).budgets[0].period == period


@pytest.mark.parametrize("reserve", ["0", "20.1"])
def test_a_budget_may_hold_nothing_or_all_of_it(load_toml: Load, reserve: str) -> None:
    assert load_toml(budget(rest=f"reserve_usd = {reserve}")).budgets[0].reserve_usd == Decimal(reserve)


def test_budgets_of_other_scopes_projects_or_periods_stand_side_by_side(load_toml: Load) -> None:
    other = PROJECT.replace("app", "other").replace("My App", "Other")
    text = budget() + budget(period="total") + budget("session")
    text += budget("project", rest="project_id = 'app'") + budget("project", rest="project_id = 'other'")
    assert len(load_toml(text + PROJECT + other).budgets) == 5


def test_prices_are_exact_and_what_is_not_given_is_none(load_toml: Load) -> None:
    config = load_toml(
        '[prices."my-lab/coder-2"]\ninput = 0.1\noutput = 1\n'
        "[prices.gpt-5]\ninput = 1.25\noutput = 10\ncache_read = 0.125\ncache_write = 0\n"
    )
    assert dict(config.prices) == {
        "my-lab/coder-2": Price(Decimal("0.1"), Decimal(1)),
        "gpt-5": Price(Decimal("1.25"), Decimal(10), Decimal("0.125"), Decimal(0)),
    }


def test_a_project_has_the_common_approvals_and_its_own_ahead_of_them(load_toml: Load) -> None:
    assert load_toml(PROJECT).projects[0].approvals == Approvals("ask", 300.0)
    common = "[approvals]\npolicy = 'ask'\ndeadline = 60\n"
    assert load_toml(common + PROJECT).projects[0].approvals == Approvals("ask", 60.0)
    (project,) = load_toml(common + PROJECT + "approvals = { deadline = 0.5 }").projects
    assert project.approvals == Approvals("ask", 0.5)
    (project,) = load_toml(common + PROJECT + "approvals = { policy = 'allow' }").projects
    assert project.approvals.policy == "allow"
    (project,) = load_toml("[approvals]\npolicy = 'deny'\n" + PROJECT + "approvals.policy = 'ask'").projects
    assert project.approvals == Approvals("ask", 300.0)


def test_a_common_deadline_is_for_the_projects_that_ask(load_toml: Load) -> None:
    text = "[approvals]\ndeadline = 9\n" + PROJECT + "approvals.policy = 'deny'"
    asking = PROJECT.replace("app", "other").replace("My App", "Other")
    assert load_toml(f"{text}\n{asking}").projects[1].approvals == Approvals("ask", 9.0)


REFUSED = [
    (budget("everyone"), "2: `budgets[0].scope` must be 'global', 'project' or 'session'"),
    (budget(period="weekly"), "3: `budgets[0].period` must be 'daily', 'monthly' or 'total'"),
    (budget(limit="0"), "4: `budgets[0].limit_usd` must be greater than 0"),
    (budget(limit="-1"), "4: `budgets[0].limit_usd` must be greater than 0"),
    (budget(limit="'20'"), "4: `budgets[0].limit_usd` must be a number, not text"),
    (budget(limit="2e9"), "4: `budgets[0].limit_usd` must be at most 1000000000"),
    (budget(rest="reserve_usd = -0.1"), "5: `budgets[0].reserve_usd` must be at least 0"),
    (
        budget(rest="reserve_usd = 20.2"),
        "5: `budgets[0].reserve_usd` must be at most `limit_usd`, which is 20.1",
    ),
    (budget("session", rest="reserve_usd = 1"), "5: `budgets[0].reserve_usd` does nothing: a session shares"),
    (budget("project"), "1: `budgets[0].project_id` is missing: the `scope` is `project`"),
    (budget(rest="project_id = 'app'") + PROJECT, "5: `budgets[0].project_id` does nothing: the `scope` is"),
    (
        budget("project", rest="project_id = 'ap'") + PROJECT,
        "5: `budgets[0].project_id` names the project 'ap', which nobody defines; did you mean `app`?",
    ),
    (budget("project", rest="project_id = 'ap'"), "5: `budgets[0].project_id` names the project 'ap', which"),
    (
        budget() + budget(limit="3"),
        "6: `budgets[1]` has the scope, project and period of `budgets[0]`: keep one of them",
    ),
    ("[prices.m]\ninput = 1", "1: `prices.m.output` is missing"),
    ("[prices.m]\ninput = -1\noutput = 1", "2: `prices.m.input` must be at least 0"),
    ("[prices.m]\ninput = nan\noutput = 1", "2: `prices.m.input` must be "),
    ("[prices.m]\ninput = 1\noutput = 1\ncached = 1", "4: `prices.m.cached` is no key here; did you mean"),
    ("[prices.' ']\ninput = 1\noutput = 1", "1: `prices.' '` is no name of a model: 1 to 200 printable"),
    ("prices = []", "1: `prices` must be a table, not a list"),
    ("[approvals]\npolicy = 'maybe'", "2: `approvals.policy` must be 'ask', 'allow' or 'deny'"),
    ("[approvals]\ndeadline = 0", "2: `approvals.deadline` must be greater than 0"),
    (
        "[approvals]\npolicy = 'allow'\ndeadline = 3",
        "3: `approvals.deadline` does nothing: the `policy` is `allow`",
    ),
    (
        PROJECT + "approvals = { policy = 'deny', deadline = 3 }",
        "6: `projects[0].approvals.deadline` does nothing: the `policy` is `deny`",
    ),
    (
        "[approvals]\npolicy = 'deny'\n" + PROJECT + "approvals = { deadline = 3 }",
        "8: `projects[0].approvals.deadline` does nothing: the `policy` is `deny`",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_makes_no_sense_of_money_and_approvals_is_refused(
    load_toml: Load, text: str, message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load_toml(text)
    assert str(raised.value).startswith(f"ennio.toml:{message}")
    assert "\n" not in str(raised.value)


def test_no_value_of_a_variable_is_in_a_message(load_toml: Load) -> None:
    with pytest.raises(ConfigError) as raised:
        load_toml(budget("project", rest="project_id = '${T}'") + PROJECT)
    assert "s3cret" not in str(raised.value)
    assert "names the project '${T}', which nobody defines" in str(raised.value)
