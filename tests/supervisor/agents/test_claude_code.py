import os
from dataclasses import replace

import pytest

from ennio.supervisor.agents.claude_code import ClaudeCode
from ennio.supervisor.agents.dialogues.screen import Screen
from ennio.supervisor.agents.dialogues.stream_json import StreamJson
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
STREAMS = [
    *("claude", "--print", "--verbose"),
    *("--input-format", "stream-json", "--output-format", "stream-json"),
]
ASKS = ["--permission-prompt-tool", "stdio"]


def argv(**job: object) -> list[str]:
    return list(ClaudeCode().command(replace(JOB, **job)).argv)  # type: ignore[arg-type]


def test_it_speaks_stream_json_and_says_what_it_takes_up() -> None:
    assert argv() == [*STREAMS, "--replay-user-messages", *ASKS]
    assert isinstance(ClaudeCode().dialogue(JOB), StreamJson)


def test_the_prompt_is_told_and_stands_nowhere() -> None:
    command = ClaudeCode().command(JOB)
    assert not command.holds_prompt
    assert "Fix it" not in command.argv


@pytest.mark.parametrize(
    ("permissions", "mode", "asks"),
    [
        (Permissions.ASK, "default", True),
        (Permissions.EDITS, "acceptEdits", True),
        (Permissions.FULL, "bypassPermissions", False),
    ],
)
def test_permissions_are_a_mode_and_somebody_to_ask(permissions: Permissions, mode: str, asks: bool) -> None:
    words = argv(permissions=permissions)
    assert words[words.index("--permission-mode") + 1] == mode
    assert ("--permission-prompt-tool" in words) is asks


@pytest.mark.parametrize(("user", "sandbox"), [(0, "1"), (1000, None)])
def test_full_as_root_says_that_it_is_a_sandbox(
    user: int, sandbox: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    env = ClaudeCode().command(replace(JOB, permissions=Permissions.FULL)).env
    assert env.get("IS_SANDBOX") == sandbox
    for less in (None, Permissions.ASK, Permissions.EDITS):
        assert "IS_SANDBOX" not in ClaudeCode().command(replace(JOB, permissions=less)).env


def test_the_model_and_the_conversation_are_named() -> None:
    words = argv(model="opus", conversation="40c92e02-5e7c")
    assert words[-2:] == ["--model=opus", "--resume=40c92e02-5e7c"]


def test_a_conversation_with_an_evil_name_is_no_flag() -> None:
    assert "--resume=--dangerously-skip-permissions" in argv(conversation="--dangerously-skip-permissions")


def test_rules_are_part_of_its_system_prompt() -> None:
    words = argv(rules=("Write tests", "- be kind"))
    assert words[-2:] == ["--append-system-prompt", "Write tests\n- be kind"]


def test_rules_that_are_too_long_for_an_argument_are_refused() -> None:
    with pytest.raises(Invalid, match=r"agent_rules of project app are 131072 bytes"):
        argv(rules=("x" * 131_072,))


def test_what_is_passed_through_comes_last() -> None:
    words = argv(passthrough={"max_turns": 200, "add_dir": ["a", "b"]})
    assert words[-6:] == ["--max-turns", "200", "--add-dir", "a", "--add-dir", "b"]


@pytest.mark.parametrize(
    "name", ["model", "permission_mode", "dangerously_skip_permissions", "resume", "r", "output-format", "p"]
)
def test_what_is_set_by_the_project_in_our_words_is_not_passed_through(name: str) -> None:
    with pytest.raises(Invalid, match=rf"passthrough\.{name} of agent claude-code"):
        argv(passthrough={name: "x"})


def test_it_neither_updates_itself_nor_reports_unless_told_to() -> None:
    env = ClaudeCode().command(JOB).env
    assert env == {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    told = ClaudeCode(env={"DISABLE_AUTOUPDATER": "0", "KEY": "x"}).command(JOB).env
    assert told == {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "0", "KEY": "x"}


def test_in_a_terminal_it_is_the_program_that_people_know() -> None:
    job = replace(JOB, terminal=True, model="opus", permissions=Permissions.EDITS, conversation="c1")
    options = ["--permission-mode", "acceptEdits", "--model=opus", "--resume=c1"]
    assert list(ClaudeCode().command(job).argv) == ["claude", *options]
    assert isinstance(ClaudeCode().dialogue(job), Screen)


def test_it_may_be_elsewhere_and_have_another_name() -> None:
    agent: Agent = ClaudeCode("mine", "/opt/claude")
    assert (agent.name, agent.program, agent.command(JOB).argv[0]) == ("mine", "/opt/claude", "/opt/claude")
    assert agent.resumes
    assert agent.reads_rules
