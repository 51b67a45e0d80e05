"""What each reaction of a project comes to, and who hears of it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ennio.supervisor.config import load
from ennio.supervisor.config.merging import merged
from ennio.supervisor.config.reactions import ACTIONS, DEFAULTS, MERGE, NOTIFY, SEND, Reaction
from ennio.supervisor.config.review_tables import Reactions, ReactionTable, Routing
from ennio.supervisor.config.schema import known_keys

Load = Callable[[str], dict[str, Reaction]]

PROJECT = '[[projects]]\nname = "p"\npath = "repo"\nagent = "demo"\n'
NOTIFIERS = "".join(
    f"[[notifiers]]\nname = '{name}'\nplugin = 'webhook'\nconfig = {{url = 'http://x'}}\n" for name in "abc"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the git repository `repo`."""
    made = tmp_path_factory.mktemp("merging")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    return made


@pytest.fixture
def reactions(folder: Path) -> Load:
    """Load a text, and return the reactions of its first project."""

    def write_and_load(text: str) -> dict[str, Reaction]:
        (folder / "ennio.toml").write_text(text)
        config = load(folder / "ennio.toml", environ={"HOME": "/home/me"})
        return dict(config.projects[0].reactions)

    return write_and_load


def test_the_file_has_the_reactions_that_there_are() -> None:
    assert known_keys(Reactions).keys() == known_keys(Routing).keys() == DEFAULTS.keys() == ACTIONS.keys()


def test_the_keys_of_a_reaction_are_those_of_its_table() -> None:
    assert known_keys(ReactionTable).keys() | {"notifiers"} == set(Reaction.__slots__)


def test_without_a_word_all_is_as_usual(reactions: Load) -> None:
    assert reactions(PROJECT) == DEFAULTS


def test_a_project_s_own_words_come_before_those_for_all_key_by_key(reactions: Load) -> None:
    text = f"""
        [reactions.ci-failed]
        message = "all"
        retries = 7
        {PROJECT}
        [projects.reactions.ci-failed]
        message = "own"
        escalate_after = 0.5
        [projects.reactions.all-complete]
        enabled = false
    """
    found = reactions(text)
    assert found["ci-failed"] == Reaction(
        SEND, "action", message="own", retries=7, escalate_after=0.5, notifiers=()
    )
    assert found["all-complete"] == Reaction(NOTIFY, "info", enabled=False, include_summary=True)
    assert {name: found[name] for name in found if name not in {"ci-failed", "all-complete"}} == {
        name: DEFAULTS[name] for name in DEFAULTS if name not in {"ci-failed", "all-complete"}
    }


def test_every_key_of_a_reaction_can_be_said(reactions: Load) -> None:
    text = PROJECT + (
        "[projects.reactions]\n"
        "ci-failed = {enabled = true, action = 'send_to_agent', message = 'm', priority = 'critical', "
        "retries = 0, escalate_after = 9}\n"
        "agent-stuck = {threshold = 1.5}\n"
        "all-complete = {include_summary = false}\n"
        "approved-and-green = {action = 'auto_merge'}\n"
    )
    found = reactions(text)
    assert found["ci-failed"] == Reaction(SEND, "critical", True, "m", 0, 9.0)
    assert found["agent-stuck"].threshold == 1.5
    assert found["all-complete"].include_summary is False
    assert found["approved-and-green"].action == MERGE


@pytest.mark.parametrize(
    ("name", "tables", "told"),
    [
        ("ci-failed", [{}], (SEND, 2, 120.0)),
        ("ci-failed", [{"action": NOTIFY}], (NOTIFY, None, None)),
        ("ci-failed", [{"retries": 5}, {"action": NOTIFY}], (NOTIFY, None, None)),
        ("ci-failed", [{"action": NOTIFY}, {"action": SEND}], (SEND, 2, 120.0)),
        ("agent-stuck", [{"action": SEND}], (SEND, None, None)),
        ("agent-stuck", [{"retries": 1}, {"action": SEND}], (SEND, 1, None)),
        ("changes-requested", [{"retries": 0}], (SEND, 0, 1800.0)),
    ],
)
def test_only_a_reaction_that_tells_an_agent_has_retries_and_an_escalation(
    name: str, tables: list[dict[str, Any]], told: tuple[str, int | None, float | None]
) -> None:
    reaction = merged(name, None, *(ReactionTable(**table) for table in tables))
    assert (reaction.action, reaction.retries, reaction.escalate_after) == told


@pytest.mark.parametrize(
    ("defaults", "own", "ci_failed", "others"),
    [
        ("", "", "abc", "abc"),
        ("defaults.notifiers = []", "", "abc", "abc"),
        ("defaults.notifiers = ['b', 'a']", "", "ba", "ba"),
        ("defaults.notifiers = ['a']", "notifiers = ['c']", "c", "c"),
        ("defaults.notifiers = ['a']", "notifiers = []", "", ""),
        ("notification_routing.ci-failed = ['c', 'b']", "", "cb", "abc"),
        ("notification_routing.ci-failed = ['c']\ndefaults.notifiers = ['b']", "notifiers = ['a']", "c", "a"),
        ("notification_routing.ci-failed = []", "", "", "abc"),
    ],
)
def test_a_route_comes_first_then_the_project_then_the_defaults_then_all(
    reactions: Load, defaults: str, own: str, ci_failed: str, others: str
) -> None:
    found = reactions(f"{defaults}\n{NOTIFIERS}{PROJECT}{own}\n")
    assert found.pop("ci-failed").notifiers == tuple(ci_failed)
    assert {reaction.notifiers for reaction in found.values()} == {tuple(others)}
