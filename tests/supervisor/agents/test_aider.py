import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ennio.supervisor.agents.aider import Aider
from ennio.supervisor.agents.dialogues.one_shot import OneShot
from ennio.supervisor.agents.dialogues.screen import Screen
from ennio.supervisor.errors import Invalid
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.observations import Started
from ennio.supervisor.protocols import Agent
from ennio.supervisor.records import Job, Permissions

JOB = Job(
    session_id=SessionId("app-abc123"),
    project_id=ProjectId("app"),
    workspace="/trees/app-abc123",
    branch="feat/login",
    prompt="Fix it",
    folder="/sessions/app-abc123",
)
AGAIN = replace(JOB, conversation="aider-history.md")

STAND_IN = """#!/bin/sh
# What aider does, as far as it can be seen from outside.
while [ $# -gt 0 ]; do
  case $1 in
    --message-file) message=$2 ;;
    --chat-history-file) history=$2 ;;
    --analytics-log) log=$2 ;;
  esac
  shift
done
cat "$history"
echo "#### $(cat "$message")" | tee -a "$history"
echo '{"event": "message_send_starting", "properties": {}}' >> "$log"
spent='{"prompt_tokens": 7, "completion_tokens": 2, "cost": 0.5}'
echo '{"event": "message_send", "properties": '"$spent}" >> "$log"
mkdir -p .aider.tags.cache.v4 && touch .aider.tags.cache.v4/cache.db
"""


def words(job: Job = JOB) -> tuple[str, ...]:
    """Return how aider itself is run."""
    argv = Aider().command(job).argv
    return argv[argv.index("--") + 1 :]


def value(flag: str, job: Job = JOB) -> str:
    found = words(job)
    return found[found.index(flag) + 1]


def test_it_is_an_agent_that_resumes_and_reads_rules() -> None:
    agent: Agent = Aider()
    assert (agent.name, agent.program, agent.resumes, agent.reads_rules) == ("aider", "aider", True, True)


def test_the_program_and_the_environment_can_be_told() -> None:
    agent = Aider("mine", "/opt/aider", {"BROWSER": "firefox", "KEY": "value"})
    command = agent.command(JOB)
    assert (agent.name, agent.program) == ("mine", "/opt/aider")
    assert command.argv[command.argv.index("--") + 1] == "/opt/aider"
    assert command.env == {"PYTHONUNBUFFERED": "1", "BROWSER": "firefox", "KEY": "value"}


def test_a_message_is_read_from_a_file_and_never_stands_among_the_arguments() -> None:
    assert value("--message-file") == "{message_file}"
    assert not Aider().command(JOB).holds_prompt
    assert JOB.prompt not in Aider().command(JOB).argv


def test_what_it_keeps_is_in_the_session_s_own_folder() -> None:
    for flag in ("--chat-history-file", "--input-history-file", "--analytics-log"):
        assert os.path.dirname(value(flag)) == JOB.folder
    python, _, _, _, *options = Aider().command(JOB).argv
    assert python == sys.executable
    assert options[: options.index("--")] == [
        *("--log", value("--analytics-log"), "--folder", JOB.folder, "--ignored", ".aider.tags.cache.v4")
    ]


def test_a_new_conversation_begins_with_an_empty_history_and_an_old_one_keeps_its_own() -> None:
    assert Aider().command(JOB).files == {"aider-history.md": ""}
    assert Aider().command(AGAIN).files == {}
    assert "--restore-chat-history" in words(JOB)
    assert words(JOB) == words(AGAIN)


def test_the_conversation_is_called_by_its_history() -> None:
    dialogue = Aider().dialogue(JOB)
    assert isinstance(dialogue, OneShot)
    assert tuple(dialogue.receive(b'{"hello":1}')) == (Started(conversation=AGAIN.conversation),)


def test_rules_are_a_file_that_it_reads() -> None:
    job = replace(JOB, rules=("Always write tests", "Be brief"))
    assert Aider().command(job).files["aider-rules.md"] == "Always write tests\nBe brief\n"
    assert value("--read", job) == f"{JOB.folder}/aider-rules.md"
    assert "--read" not in words(JOB)


def test_the_model_is_passed_on() -> None:
    assert value("--model", replace(JOB, model="openai/gpt-5")) == "openai/gpt-5"
    assert "--model" not in words(JOB)


@pytest.mark.parametrize(
    ("permissions", "terminal", "yes"),
    [
        (None, False, True),
        (Permissions.EDITS, False, True),
        (Permissions.FULL, False, False),
        (Permissions.ASK, True, False),
        (None, True, True),
        (Permissions.FULL, True, True),
    ],
)
def test_permissions_are_yes_always_or_its_own_default_answers(
    permissions: Permissions | None, terminal: bool, yes: bool
) -> None:
    job = replace(JOB, permissions=permissions, terminal=terminal)
    assert ("--yes-always" in Aider().command(job).argv) is yes


def test_to_ask_it_needs_a_terminal() -> None:
    with pytest.raises(Invalid, match=r"aider has no way to ask .*permissions to \"edits\""):
        Aider().command(replace(JOB, permissions=Permissions.ASK))


def test_options_in_its_own_words_are_passed_on() -> None:
    job = replace(JOB, passthrough={"map_tokens": 0, "auto_test": True, "file": ["a.py", "b.py"]})
    line = " ".join(words(job))
    assert "--map-tokens 0 --auto-test --file a.py --file b.py" in line


@pytest.mark.parametrize("name", ["message", "m", "message_file", "yes_always", "analytics_log", "model"])
def test_options_that_are_set_here_are_refused(name: str) -> None:
    with pytest.raises(Invalid, match="which ennio sets itself"):
        Aider().command(replace(JOB, passthrough={name: "x"}))


def test_in_a_terminal_it_is_run_by_itself_and_its_screen_is_read() -> None:
    job = replace(JOB, terminal=True)
    argv = Aider().command(job).argv
    assert argv[0] == "aider"
    assert not {"--no-pretty", "--no-fancy-input", "--message-file"} & {*argv}
    dialogue = Aider().dialogue(job)
    assert isinstance(dialogue, Screen)
    for ready in ("diff> ", "> ", "ask> ", "architect>"):
        screen = Aider().dialogue(job)
        assert isinstance(screen, Screen)
        assert [*screen.look(ready, ""), *screen.look(ready, "")] == [Started(AGAIN.conversation)]


def test_two_starts_are_one_conversation_and_leave_a_clean_workspace(tmp_path: Path) -> None:
    program, tree, folder = tmp_path / "aider", tmp_path / "tree", tmp_path / "folder"
    program.write_text(STAND_IN)
    program.chmod(stat.S_IRWXU)
    tree.mkdir()
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    agent, text = Aider(program=str(program)), ""
    for job in (replace(JOB, folder=str(folder)), replace(AGAIN, folder=str(folder))):
        command = agent.command(job)
        for name, content in command.files.items():
            (folder / name).write_text(content)
        dialogue = agent.dialogue(job)
        told = dialogue.tell("one") + dialogue.tell("two")
        done = subprocess.run(command.argv, cwd=tree, input=told, capture_output=True, check=True)
        lines = done.stdout.splitlines()
        seen = [one for line in lines for one in dialogue.receive(line)]
        assert [type(one).__name__ for one in seen if type(one).__name__ != "Said"] == [
            *("Started", "TurnStarted", "Spent", "TurnEnded", "TurnStarted", "Spent", "TurnEnded")
        ]
        text = "".join(dialogue.readable(line) for line in lines)
    assert text == (
        "#### one\n#### two\n#### one\n"  # all that was said before, and the first message
        "#### one\n#### two\n#### one\n#### two\n"
    )
    status = ["git", "status", "--porcelain"]
    assert subprocess.run(status, cwd=tree, check=True, capture_output=True).stdout == b""
