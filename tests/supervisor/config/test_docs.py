"""The documentation has every key, with its default, and says of each whether it works yet."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_origin

import pytest
import yaml
from pydantic import BaseModel

from ennio.supervisor.config import load
from ennio.supervisor.config.check import check
from ennio.supervisor.config.not_yet import NOT_YET, not_yet
from ennio.supervisor.config.reactions import ACTIONS, DEFAULTS
from ennio.supervisor.config.review_tables import (
    NotifierTable,
    PluginTable,
    Reactions,
    ReactionTable,
    Routing,
)
from ennio.supervisor.config.schema import (
    AgentOptions,
    AgentTable,
    ApprovalTable,
    BudgetTable,
    Defaults,
    LimitTable,
    PriceTable,
    ProjectTable,
    RestartTable,
    Retention,
    Settings,
    SymlinkTable,
    TimeoutTable,
    known_keys,
    table_at,
)

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text()

SECTIONS: dict[str, tuple[type[BaseModel], str]] = {
    "## The server": (Settings, ""),
    "## `[defaults]`": (Defaults, "defaults."),
    "## `[timeouts]`": (TimeoutTable, "timeouts."),
    "## `[retention]`": (Retention, "retention."),
    "## `[limits]`": (LimitTable, "limits."),
    "## `[agents.NAME]`": (AgentTable, "agents.*."),
    "## `[approvals]`": (ApprovalTable, "approvals."),
    "## `[restart]`": (RestartTable, "restart."),
    "## `[[budgets]]`": (BudgetTable, "budgets."),
    '## `[prices."MODEL"]`': (PriceTable, "prices.*."),
    "## `[[notifiers]]`": (NotifierTable, "notifiers."),
    "## `[notification_routing]`": (Routing, "notification_routing."),
    "## `[reactions]`": (Reactions, "reactions."),
    "### Each reaction": (ReactionTable, "reactions.*."),
    "## `[[projects]]`": (ProjectTable, "projects[*]."),
    "### `agent_config`": (AgentOptions, "projects[*].agent_config."),
    "### `symlinks`": (SymlinkTable, "projects[*].symlinks[*]."),
    "### `tracker_config` and `scm_config`": (PluginTable, "projects[*].tracker_config."),
}


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """The rows of a section: default and meaning by key."""
    section = re.split(r"\n##+ ", DOCUMENT.split(f"\n{heading}\n", 1)[1], maxsplit=1)[0]
    cells = [
        [cell.strip() for cell in line.split("|")] for line in section.splitlines() if line.startswith("| `")
    ]
    return {key.strip("`"): (default, meaning) for _, key, _, default, meaning, _ in cells}


def tables(key: tuple[str | int, ...] = ()) -> Iterator[type[BaseModel]]:
    """Every table that the configuration can have."""
    table = table_at(key)
    if table is None:
        return
    yield table
    for name, annotation in known_keys(table).items():
        yield from tables((*key, name, *{dict: ("x",), list: (0,)}.get(get_origin(annotation), ())))


def default_of(table: type[BaseModel], key: str) -> Any:
    field = next(field for name, field in table.model_fields.items() if (field.alias or name) == key)
    if field.is_required():
        return "required"
    return (
        field.default.model_dump(exclude_unset=True)
        if isinstance(field.default, BaseModel)
        else field.default
    )


def default_told(cell: str) -> Any:
    return tomllib.loads(f"default = {cell.strip('`')}")["default"] if cell.startswith("`") else cell or None


def test_every_table_has_a_section() -> None:
    assert set(tables()) == {table for table, _ in SECTIONS.values()}


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_is_documented_with_its_default(heading: str) -> None:
    table, _ = SECTIONS[heading]
    told = {key: default for key, (default, _) in rows(heading).items()}
    subtables = {"defaults", "timeouts", "agents", "budgets", "notification_routing", "projects"}
    subtables |= {"limits", "retention", "approvals", "restart", "notifiers", "reactions", "prices"}
    keys = known_keys(table).keys() - (subtables if table is Settings else set())
    assert told.keys() == keys
    for key in keys:
        assert default_told(told[key]) == default_of(table, key), key


@pytest.mark.parametrize("heading", SECTIONS)
def test_exactly_what_does_not_work_yet_is_marked(heading: str) -> None:
    _, prefix = SECTIONS[heading]
    for key, (_, meaning) in rows(heading).items():
        path = prefix + key
        refused = any(path == pattern or path.startswith(f"{pattern}.") for pattern in NOT_YET)
        assert refused == ("Not yet" in meaning), path


def test_what_is_refused_is_a_key_of_the_schema() -> None:
    for pattern in NOT_YET:
        *table, name = pattern.replace("[*]", ".0").split(".")
        found = table_at(tuple(int(part) if part == "0" else part for part in table))
        assert found is not None
        assert name in known_keys(found), pattern


def test_the_examples_are_good_and_the_first_two_say_the_same() -> None:
    blocks = re.findall(r"```(toml|yaml)\n(.*?)```", DOCUMENT, re.DOTALL)
    data = [tomllib.loads(text) if kind == "toml" else yaml.safe_load(text) for kind, text in blocks]
    assert data[0] == data[1]
    for example in data:
        settings, problems = check(example)
        assert settings is not None, problems
        assert list(not_yet(example)) == []


def test_the_file_in_the_root_is_good_and_points_to_the_documentation() -> None:
    text = (ROOT / "ennio.toml").read_text()
    data = tomllib.loads(text)
    settings, problems = check(data)
    assert settings is not None, problems
    assert list(not_yet(data)) == []
    assert "docs/configuration.md" in text
    assert (settings.projects[0].path, settings.projects[0].agent) == (".demo/repo", "demo")
    assert settings.data_dir == ".demo/state"


def test_what_the_file_in_the_root_only_suggests_is_good_too() -> None:
    text = (ROOT / "ennio.toml").read_text()
    suggested = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    data = tomllib.loads(suggested)
    settings, problems = check(data)
    assert settings is not None, problems
    assert list(not_yet(data)) == []
    shown = {"agents", "approvals", "budgets", "prices", "notifiers", "reactions"}
    assert shown <= settings.model_fields_set
    assert {"tracker_config", "scm_config"} <= settings.projects[0].model_fields_set


def test_every_built_in_agent_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    agents = project["entry-points"]["ennio.agents"].keys() - {"command", "custom"}
    (told,) = re.findall(r"^(?:.* )?Built in: (`[^.]*`)\.$", DOCUMENT, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", told)) == agents


def test_the_usual_reactions_are_told_as_they_are() -> None:
    section = DOCUMENT.split("\n### The usual reactions\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    told = [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in lines]
    usual = []
    for name, reaction in DEFAULTS.items():
        numbers = ("" if n is None else f"{n:g}" for n in (reaction.retries, reaction.escalate_after))
        more = f"threshold = {reaction.threshold:g}" if reaction.threshold else ""
        more += "include_summary = true" if reaction.include_summary else ""
        others = ", ".join(sorted(ACTIONS[name] - {reaction.action}))
        usual.append([name, reaction.action, reaction.priority, *numbers, more, others])
    assert told == usual


def test_the_long_example_is_a_whole_configuration(tmp_path: Path) -> None:
    (text,) = re.findall(r"\n## An example: .*?```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    subprocess.run(["git", "init", "-q", tmp_path / "my-app"], check=True)
    (tmp_path / "ennio.toml").write_text(text.replace("/repos/", f"{tmp_path}/"))
    secrets = {name: f"s3cret-{name}" for name in re.findall(r"\$\{(\w+)\}", text)}
    config = load(tmp_path / "ennio.toml", environ={"HOME": "/", **secrets})
    assert config.secret_variables == secrets.keys()
    assert config.warnings == ()
    assert config.projects[0].reactions["agent-needs-input"].notifiers == ("chat", "pager")
