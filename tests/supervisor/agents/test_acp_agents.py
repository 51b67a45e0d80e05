"""The agents that are spoken to in the Agent Client Protocol: opencode, gemini, qwen, copilot."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ennio.supervisor.agents.copilot import Copilot
from ennio.supervisor.agents.dialogues.acp import Acp
from ennio.supervisor.agents.dialogues.screen import Screen
from ennio.supervisor.agents.gemini import Gemini
from ennio.supervisor.agents.opencode import OpenCode
from ennio.supervisor.agents.qwen import Qwen
from ennio.supervisor.errors import Invalid
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.protocols import Agent
from ennio.supervisor.records import Job, Permissions

JOB = Job(
    session_id=SessionId("app-abc123"),
    project_id=ProjectId("app"),
    workspace="/trees/app-abc123",
    branch="feat/login",
    prompt="Fix it",
)
KINDS: list[Callable[..., Agent]] = [OpenCode, Gemini, Qwen, Copilot]
CONTENT = "OPENCODE_CONFIG_CONTENT"


@pytest.fixture(autouse=True)
def _no_configuration_of_the_person_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONTENT, raising=False)


def argv(agent: Agent, job: Job = JOB, **changes: Any) -> tuple[str, ...]:
    return agent.command(replace(job, **changes)).argv


def configuration(job: Job = JOB, env: dict[str, str] | None = None, **changes: Any) -> Any:
    return json.loads(OpenCode(env=env).command(replace(job, **changes)).env[CONTENT])


def first_after_hello(agent: Agent, job: Job) -> dict[str, Any]:
    """What the agent is asked once it has said that it can do everything."""
    dialogue = agent.dialogue(job)
    dialogue.open()
    can = {"loadSession": True, "sessionCapabilities": {"resume": {}}}
    hello = {"id": 1, "result": {"protocolVersion": 1, "agentCapabilities": can}}
    assert not tuple(dialogue.receive(json.dumps(hello).encode()))
    asked: dict[str, Any] = json.loads(dialogue.replies())
    return asked


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (OpenCode(), ("opencode", "acp")),
        (Gemini(), ("gemini", "--acp", "--skip-trust")),
        (Qwen(), ("qwen", "--acp")),
        (Copilot(), ("copilot", "--acp", "--stdio")),
    ],
)
def test_without_wishes_the_person_s_own_settings_decide(agent: Agent, expected: tuple[str, ...]) -> None:
    command = agent.command(JOB)
    assert command.argv == expected
    assert not command.holds_prompt
    assert CONTENT not in command.env


@pytest.mark.parametrize("kind", KINDS)
def test_name_program_and_variables_can_be_told(kind: Callable[..., Agent]) -> None:
    agent = kind("mine", "/opt/agent", {"KEY": "value"})
    assert (agent.name, agent.program) == ("mine", "/opt/agent")
    command = agent.command(JOB)
    assert command.argv[0] == "/opt/agent"
    assert command.env["KEY"] == "value"


def test_a_variable_of_the_configuration_wins_over_ours() -> None:
    agent = Gemini(env={"GEMINI_CLI_NO_RELAUNCH": "false"})
    assert agent.command(JOB).env == {"GEMINI_CLI_NO_RELAUNCH": "false"}


@pytest.mark.parametrize("kind", [Gemini, Qwen, Copilot])
def test_a_model_is_one_word_of_the_command(kind: Callable[..., Agent]) -> None:
    assert "--model=--odd" in argv(kind(), model="--odd")


@pytest.mark.parametrize(
    ("kind", "permissions", "words"),
    [
        (Gemini, Permissions.ASK, ("--approval-mode", "default")),
        (Gemini, Permissions.EDITS, ("--approval-mode", "auto_edit")),
        (Gemini, Permissions.FULL, ("--approval-mode", "yolo")),
        (Qwen, Permissions.ASK, ("--approval-mode", "default")),
        (Qwen, Permissions.EDITS, ("--approval-mode", "auto-edit")),
        (Qwen, Permissions.FULL, ("--approval-mode", "yolo")),
        (Copilot, Permissions.ASK, ("--acp", "--stdio")),
        (Copilot, Permissions.EDITS, ("--stdio", "--allow-tool=write")),
        (Copilot, Permissions.FULL, ("--stdio", "--allow-all")),
    ],
)
def test_permissions_are_the_agent_s_own_words(
    kind: Callable[..., Agent], permissions: Permissions, words: tuple[str, ...]
) -> None:
    assert argv(kind(), permissions=permissions)[-2:] == words


@pytest.mark.parametrize("kind", KINDS)
def test_with_full_permissions_nobody_is_asked_even_if_the_agent_asks(kind: Callable[..., Agent]) -> None:
    dialogue = kind().dialogue(replace(JOB, permissions=Permissions.FULL))
    options = [{"optionId": "yes", "kind": "allow_once"}]
    params = {"sessionId": "s", "toolCall": {"kind": "execute"}, "options": options}
    asked = {"id": 0, "method": "session/request_permission", "params": params}
    assert not tuple(dialogue.receive(json.dumps(asked).encode()))
    assert json.loads(dialogue.replies())["result"]["outcome"]["optionId"] == "yes"


@pytest.mark.parametrize(("kind", "asked"), [(OpenCode, "resume"), (Qwen, "resume"), (Copilot, "resume")])
def test_an_earlier_conversation_is_gone_on_with_in_the_workspace(
    kind: Callable[..., Agent], asked: str
) -> None:
    agent = kind()
    assert agent.resumes
    request = first_after_hello(agent, replace(JOB, conversation="c1"))
    assert request["method"] == f"session/{asked}"
    assert request["params"] == {"sessionId": "c1", "cwd": "/trees/app-abc123", "mcpServers": []}


def test_gemini_always_begins_a_new_conversation() -> None:
    agent = Gemini()
    assert not agent.resumes
    request = first_after_hello(agent, replace(JOB, conversation="c1"))
    assert (request["method"], request["params"]["cwd"]) == ("session/new", "/trees/app-abc123")


@pytest.mark.parametrize("kind", KINDS)
def test_rules_are_part_of_the_first_prompt(kind: Callable[..., Agent]) -> None:
    assert not kind().reads_rules


@pytest.mark.parametrize("kind", KINDS)
def test_options_are_passed_on_but_for_those_that_are_set_here(kind: Callable[..., Agent]) -> None:
    agent = kind()
    assert argv(agent, passthrough={"log_level": "INFO"})[-2:] == ("--log-level", "INFO")
    with pytest.raises(Invalid, match=f"passthrough.model of agent {agent.name}"):
        agent.command(replace(JOB, passthrough={"model": "x"}))


def test_opencode_is_told_its_model_and_permissions_by_a_variable() -> None:
    config = configuration(model="fake/model", permissions=Permissions.ASK)
    assert config["model"] == "fake/model"
    assert config["permission"]["*"] == "ask"
    assert "edit" not in config["permission"]
    assert configuration(permissions=Permissions.EDITS)["permission"]["edit"] == "allow"
    assert configuration(permissions=Permissions.FULL)["permission"] == {"*": "allow"}


def test_opencode_keeps_what_its_configuration_holds_besides() -> None:
    given = {
        "provider": {"fake": {}},
        "permission": {"bash": {"git *": "allow"}, "*": "allow"},
        "model": "a/b",
    }
    config = configuration(env={CONTENT: json.dumps(given)}, permissions=Permissions.ASK)
    assert (config["provider"], config["model"]) == ({"fake": {}}, "a/b")
    rules = list(config["permission"].items())
    assert (rules[0], rules[-1]) == (("*", "ask"), ("bash", {"git *": "allow"}))


def test_opencode_keeps_the_configuration_of_the_server_s_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CONTENT, '{"share": "disabled", "permission": "allow"}')
    config = configuration(permissions=Permissions.EDITS)
    assert config["share"] == "disabled"
    assert config["permission"]["edit"] == "allow"
    assert configuration(env={CONTENT: "{}"}, model="a/b") == {"model": "a/b"}


@pytest.mark.parametrize("content", ["x", "[]", "3", "[" * 100_000])
def test_a_configuration_that_is_none_is_refused_by_name(content: str) -> None:
    with pytest.raises(Invalid, match=CONTENT):
        configuration(env={CONTENT: content}, model="a/b")


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (OpenCode(), ("opencode", "--session=c1")),
        (Gemini(), ("gemini", "--skip-trust")),
        (Qwen(), ("qwen", "--resume=c1")),
    ],
)
def test_in_a_terminal_it_is_the_screen(agent: Agent, expected: tuple[str, ...]) -> None:
    job = replace(JOB, terminal=True, conversation="c1")
    assert agent.command(job).argv == expected
    assert isinstance(agent.dialogue(job), Screen)
    assert isinstance(agent.dialogue(JOB), Acp)


def test_copilot_is_not_run_in_a_terminal() -> None:
    job = replace(JOB, terminal=True)
    for do in (Copilot().command, Copilot().dialogue):
        with pytest.raises(Invalid, match=r"copilot .* runtime"):
            do(job)
