"""Reactions: what cannot be done is refused, and so is a key that would do nothing."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ennio.supervisor.config import load
from ennio.supervisor.errors import ConfigError

Refuse = Callable[[str], list[str]]

PROJECT = '[[projects]]\nname = "p"\npath = "repo"\nagent = "demo"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the git repository `repo`."""
    made = tmp_path_factory.mktemp("reaction_rules")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    return made


@pytest.fixture
def refuse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    """Load a text that is refused; return the lines of the message."""
    monkeypatch.chdir(folder)

    def load_refused(text: str) -> list[str]:
        (folder / "ennio.toml").write_text(text)
        with pytest.raises(ConfigError) as raised:
            load(environ={"HOME": "/home/me"})
        return str(raised.value).splitlines()

    return load_refused


@pytest.mark.parametrize(
    ("name", "key", "says"),
    [
        (
            "ci-failed",
            "action = 'auto_merge'",
            "action` cannot be `auto_merge` for `ci-failed`, it may be `notify` or `send_to_agent`",
        ),
        (
            "agent-exited",
            "action = 'send_to_agent'",
            "action` cannot be `send_to_agent` for `agent-exited`, it may be `notify`",
        ),
        ("all-complete", "action = 'auto_merge'", "action` cannot be `auto_merge` for `all-complete`"),
        ("agent-needs-input", "action = 'send_to_agent'", "action` cannot be `send_to_agent` for"),
        ("agent-stuck", "action = 'auto_merge'", "action` cannot be `auto_merge` for `agent-stuck`"),
        (
            "ci-failed",
            "action = 'merge'",
            "action` must be 'send_to_agent', 'notify' or 'auto_merge'",
        ),
        ("ci-failed", "priority = 'high'", "priority` must be 'info', 'action', 'urgent' or 'critical'"),
        ("ci-failed", "retries = -1", "retries` must be at least 0"),
        ("ci-failed", "retries = 1.0", "retries` must be a whole number, not a fraction"),
        ("ci-failed", "escalate_after = 0", "escalate_after` must be greater than 0"),
        ("ci-failed", "message = ' '", "message` must not be blank"),
        ("ci-failed", "enabled = 'no'", "enabled` must be true or false, not text"),
        (
            "agent-exited",
            "retries = 1",
            "retries` does nothing: the `action` is `notify`, not `send_to_agent`",
        ),
        ("agent-stuck", "escalate_after = 1", "escalate_after` does nothing: the `action` is `notify`, not"),
        ("ci-failed", "threshold = 1", "threshold` does nothing: only `agent-stuck` has it"),
        ("ci-failed", "include_summary = true", "include_summary` does nothing: only `all-complete` has it"),
        ("all-complete", "threshold = 1", "threshold` does nothing: only `agent-stuck` has it"),
    ],
)
@pytest.mark.parametrize(("table", "line"), [("reactions", 2), ("projects[0].reactions", 6)])
def test_a_key_that_is_wrong_is_refused_for_all_and_for_one_project(
    refuse: Refuse, table: str, line: int, name: str, key: str, says: str
) -> None:
    before = "" if table == "reactions" else PROJECT
    (told,) = refuse(f"{before}[{table.replace('[0]', '')}.{name}]\n{key}")
    assert told.startswith(f"ennio.toml:{line}: `{table}.{name}.{says}")


@pytest.mark.parametrize("key", ["retries = 3", "escalate_after = 60"])
def test_what_is_about_telling_an_agent_does_nothing_where_an_operator_is_told(
    refuse: Refuse, key: str
) -> None:
    (told,) = refuse(f"[reactions.ci-failed]\naction = 'notify'\n{key}")
    assert told.startswith(
        f"ennio.toml:3: `reactions.ci-failed.{key.split(maxsplit=1)[0]}` does nothing: the `action`"
    )


def test_nor_does_it_where_a_pull_request_is_merged(refuse: Refuse) -> None:
    (told,) = refuse("[reactions.approved-and-green]\naction = 'auto_merge'\nretries = 3")
    assert told.endswith("does nothing: the `action` is `auto_merge`, not `send_to_agent`")


def test_the_keys_of_a_reaction_that_is_not_enabled_do_nothing(refuse: Refuse) -> None:
    told = refuse("[reactions.ci-failed]\nenabled = false\nmessage = 'm'\npriority = 'info'")
    says = "does nothing: the reaction is not `enabled`"
    assert told == [
        f"ennio.toml:3: `reactions.ci-failed.message` {says}",
        f"ennio.toml:4: `reactions.ci-failed.priority` {says}",
    ]


def test_a_project_cannot_say_more_of_what_is_not_enabled_for_all(refuse: Refuse) -> None:
    text = f"[reactions.ci-failed]\nenabled = false\n{PROJECT}reactions.ci-failed.message = 'm'"
    (told,) = refuse(text)
    assert told.startswith(
        "ennio.toml:7: `projects[0].reactions.ci-failed.message` does nothing: the reaction"
    )


def test_a_project_s_action_decides_on_its_own_keys(refuse: Refuse) -> None:
    text = f"[reactions.ci-failed]\naction = 'notify'\n{PROJECT}reactions.ci-failed.retries = 1"
    (told,) = refuse(text)
    assert told.startswith(
        "ennio.toml:7: `projects[0].reactions.ci-failed.retries` does nothing: the `action`"
    )


def test_a_key_for_all_that_does_something_in_one_project_is_taken(folder: Path) -> None:
    text = f"""
        [reactions.ci-failed]
        enabled = false
        retries = 5
        {PROJECT}
        [projects.reactions.ci-failed]
        enabled = true
        {PROJECT.replace('"p"', '"q"')}
    """
    (folder / "ennio.toml").write_text(text)
    one, other = load(folder / "ennio.toml", environ={"HOME": "/"}).projects
    assert (one.reactions["ci-failed"].enabled, one.reactions["ci-failed"].retries) == (True, 5)
    assert not other.reactions["ci-failed"].enabled


def test_reactions_on_pull_requests_may_stand_where_no_code_host_does(folder: Path) -> None:
    text = f"[reactions.ci-failed]\nretries = 1\n{PROJECT}reactions.approved-and-green.action = 'auto_merge'"
    (folder / "ennio.toml").write_text(text)
    assert load(folder / "ennio.toml", environ={"HOME": "/"}).projects[0].scm is None
