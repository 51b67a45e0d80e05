import json
import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor.agents.codex import Codex
from ennio.supervisor.agents.dialogues.app_server import AppServer
from ennio.supervisor.agents.dialogues.screen import Screen
from ennio.supervisor.errors import Invalid
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.observations import Asked, Seems, Started
from ennio.supervisor.protocols import Agent, Dialogue, Watching
from ennio.supervisor.records import Activity, Job, Permissions

JOB = Job(
    session_id=SessionId("app-abc123"),
    project_id=ProjectId("app"),
    workspace="/trees/app-abc123",
    branch="feat/login",
    prompt="Fix it",
)
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=20)
PLAIN = (
    TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=5
)


def argv(job: Job = JOB, **changes: Any) -> list[str]:
    return list(Codex().command(replace(job, **changes)).argv)


def settings(words: list[str]) -> dict[str, Any]:
    """Return Codex's configuration as its command line has it."""
    found: dict[str, Any] = {}
    for word in words:
        if word.startswith("--config="):
            found |= tomllib.loads(word.removeprefix("--config="))
    return found


def wishes(**changes: Any) -> dict[str, Any]:
    """Return the parameters with which a thread is begun."""
    dialogue = Codex().dialogue(replace(JOB, **changes))
    dialogue.open()
    dialogue.receive(b'{"id":1,"result":{}}')
    request = json.loads(dialogue.replies().splitlines()[1])
    return {"method": request["method"], **request["params"]}


def test_it_is_an_agent() -> None:
    agent: Agent = Codex("mine", "/opt/codex", {"KEY": "value"})
    command = agent.command(JOB)
    assert (agent.name, agent.program) == ("mine", "/opt/codex")
    assert (command.argv[0], command.env) == ("/opt/codex", {"KEY": "value"})
    assert agent.resumes
    assert agent.reads_rules


def test_it_serves_one_thread_and_looks_for_no_update() -> None:
    assert argv() == ["codex", "app-server", "--config=check_for_update_on_startup=false"]
    assert isinstance(Codex().dialogue(JOB), AppServer)


def test_the_prompt_is_told_and_stands_nowhere() -> None:
    for terminal in (False, True):
        command = Codex().command(replace(JOB, terminal=terminal))
        assert not command.holds_prompt
        assert "Fix it" not in " ".join(command.argv)


def test_what_the_job_does_not_say_is_left_to_the_users_configuration() -> None:
    assert wishes() == {"method": "thread/start", "cwd": "/trees/app-abc123"}
    assert settings(argv(terminal=True)) == {"check_for_update_on_startup": False}


@pytest.mark.parametrize(
    ("permissions", "policy", "sandbox", "policy_on_screen", "sandbox_on_screen"),
    [
        (Permissions.ASK, "untrusted", "workspace-write", "on-request", "read-only"),
        (Permissions.EDITS, "on-request", "workspace-write", "on-request", "workspace-write"),
        (Permissions.FULL, "never", "danger-full-access", "never", "danger-full-access"),
    ],
)
def test_permissions_are_a_policy_and_a_sandbox(
    permissions: Permissions, policy: str, sandbox: str, policy_on_screen: str, sandbox_on_screen: str
) -> None:
    told = wishes(permissions=permissions)
    assert (told["approvalPolicy"], told["sandbox"]) == (policy, sandbox)
    shown = settings(argv(permissions=permissions, terminal=True))
    assert (shown["approval_policy"], shown["sandbox_mode"]) == (policy_on_screen, sandbox_on_screen)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_workspace_with_permissions_is_trusted_for_this_run(terminal: bool) -> None:
    odd = '/trees/it\'s "odd"'
    found = settings(argv(workspace=odd, permissions=Permissions.ASK, terminal=terminal))
    assert found["projects"] == {odd: {"trust_level": "trusted"}}


def test_model_and_rules_are_told_to_the_thread() -> None:
    told = wishes(model="gpt", rules=("Test", "it"))
    assert (told["model"], told["developerInstructions"]) == ("gpt", "Test\n\nit")


def test_a_conversation_is_resumed() -> None:
    told = wishes(conversation="c1")
    assert (told["method"], told["threadId"]) == ("thread/resume", "c1")
    assert "c1" not in argv(conversation="c1")


def test_in_a_terminal_it_is_given_the_same_by_its_command_line() -> None:
    words = argv(model="gpt", rules=("Test", "it"), conversation="c1", terminal=True)
    assert words[0] == "codex"
    assert words[-2:] == ["resume", "c1"]
    assert "app-server" not in words
    found = settings(words)
    assert (found["model"], found["developer_instructions"]) == ("gpt", "Test\n\nit")


def look(screen: str, title: str = "") -> list[object]:
    dialogue: Dialogue = Codex().dialogue(replace(JOB, terminal=True))
    assert isinstance(dialogue, Screen)
    assert isinstance(dialogue, Watching)
    return [one for _ in range(2) for one in dialogue.look(screen, title)]


def test_its_screen_is_read_by_its_marks() -> None:
    assert look("\u203a Ask Codex to do anything\n  gpt default") == [Started()]
    for question in ("Would you like to run the following command?", "  Trust this folder? Codex can read"):
        (seems,) = look(f"  {question}\n\u203a 1. Yes")
        assert isinstance(seems, Seems)
        assert seems.activity is Activity.WAITING_INPUT
    assert not any(isinstance(one, Asked) for one in look("esc to interrupt"))


@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9_-]{1,9}", fullmatch=True), VALUES, max_size=3))
def test_what_is_passed_through_arrives_as_it_was_configured(passthrough: dict[str, Any]) -> None:
    found = settings(argv(passthrough=passthrough))
    assert found == {"check_for_update_on_startup": False, **passthrough}


def test_a_key_may_be_a_path() -> None:
    found = settings(argv(passthrough={"model_providers.x.base_url": "http://localhost"}))
    assert found["model_providers"] == {"x": {"base_url": "http://localhost"}}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("check_for_update_on_startup", True, "set by ennio"),
        ("model", "other", "set by ennio"),
        ("approval_policy", "never", "set by ennio"),
        ("developer_instructions", "none", "set by ennio"),
        ("projects", {}, "set by ennio"),
        ("a b", 1, "no key"),
        ("", 1, "no key"),
        ("a=b", 1, "no key"),
        ("a..b", 1, "no key"),
        ("key", None, "holds None"),
        ("key", float("nan"), "holds nan"),
        ("key", "a\0b", "no way to write"),
        ("key", ["\ud800"], "no way to write"),
        ("key", "x" * 131_072, "too long"),
    ],
)
def test_what_cannot_be_passed_through_is_refused_by_name(key: str, value: object, words: str) -> None:
    job = replace(JOB, model="gpt", rules=("Test",), permissions=Permissions.ASK, passthrough={key: value})
    with pytest.raises(Invalid, match=words) as refused:
        Codex("mine").command(job)
    assert "mine" in str(refused.value)
    assert key in str(refused.value)
