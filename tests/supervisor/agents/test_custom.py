import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ennio.supervisor.agents.custom import CustomAgent, Marks
from ennio.supervisor.config.values import ScreenMarks
from ennio.supervisor.errors import Invalid
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.observations import Said, Started, TurnEnded, TurnStarted
from ennio.supervisor.protocols import Watching
from ennio.supervisor.records import Job, Permissions

JOB = Job(
    session_id=SessionId("app-abc123"),
    project_id=ProjectId("app"),
    workspace="/trees/app-abc123",
    branch="feat/login",
    prompt="Fix it",
    model="opus",
)


def argv(*command: str, job: Job = JOB) -> tuple[str, ...]:
    return CustomAgent("mine", command, {}).command(job).argv


def test_every_placeholder_is_replaced() -> None:
    filled = argv("prog", "{prompt}", "{session_id}", "{branch}", "{model}", "{workspace}")
    assert filled == ("prog", "Fix it", "app-abc123", "feat/login", "opus", "/trees/app-abc123")


def test_a_placeholder_is_replaced_inside_an_argument_too() -> None:
    assert argv("{workspace}/run", "--on={branch}:{branch}") == (
        "/trees/app-abc123/run",
        "--on=feat/login:feat/login",
    )


def test_a_value_that_holds_a_placeholder_is_not_expanded_again() -> None:
    prompt = "say {branch} and {prompt} and {model}"
    assert argv("prog", "{prompt}", job=replace(JOB, prompt=prompt)) == ("prog", prompt)


def test_other_braces_stay_as_they_are() -> None:
    assert argv("prog", "{}", "{{branch}}", "{nobody}", "${HOME}", "%s") == (
        ("prog", "{}", "{feat/login}", "{nobody}", "${HOME}", "%s")
    )


def test_a_prompt_is_one_argument_whatever_it_holds() -> None:
    prompt = "; rm -rf / $(date)\n'\" *"
    assert argv("prog", "{prompt}", job=replace(JOB, prompt=prompt)) == ("prog", prompt)


def test_without_a_prompt_on_restore_the_argument_is_empty() -> None:
    assert argv("prog", "--prompt={prompt}", "{prompt}", job=replace(JOB, prompt=None)) == (
        ("prog", "--prompt=", "")
    )


@pytest.mark.parametrize(("argument", "holds"), [("-p={prompt}", True), ("{branch}", False)])
def test_a_command_tells_whether_it_holds_the_prompt(argument: str, holds: bool) -> None:
    assert CustomAgent("mine", ("prog", argument), {}).command(JOB).holds_prompt is holds


def test_a_model_that_is_not_configured_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match=r"mine holds \{model\}"):
        argv("prog", "--model", "{model}", job=replace(JOB, model=None))


def test_a_model_that_nobody_asks_for_need_not_be_configured() -> None:
    assert argv("prog", job=replace(JOB, model=None)) == ("prog",)


def test_a_prompt_that_is_too_long_for_an_argument_is_refused() -> None:
    longest = 128 * 1024 - 1
    assert argv("prog", "{prompt}", job=replace(JOB, prompt="x" * longest))[1] == "x" * longest
    with pytest.raises(Invalid, match="131072 bytes"):
        argv("prog", "{prompt}", job=replace(JOB, prompt="é" * 65536))


def test_the_environment_is_what_the_configuration_says() -> None:
    agent = CustomAgent("mine", ("prog",), {"KEY": "value {branch}"})
    assert agent.command(JOB).env == {"KEY": "value {branch}"}


def test_the_program_is_the_first_word() -> None:
    agent = CustomAgent("mine", ("/opt/prog", "x"), {})
    assert (agent.name, agent.program) == ("mine", "/opt/prog")


# Its language.


def agent(
    *command: str, protocol: str = "lines", resume: tuple[str, ...] | None = None, marks: Marks | None = None
) -> CustomAgent:
    return CustomAgent("mine", command, {"KEY": "value"}, protocol=protocol, resume=resume, marks=marks)


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        ("lines", "Lines"),
        ("stream-json", "StreamJson"),
        ("acp", "Acp"),
        ("app-server", "AppServer"),
        ("one-shot", "OneShot"),
        ("screen", "Screen"),
    ],
)
def test_the_protocol_chooses_the_dialogue(protocol: str, name: str) -> None:
    dialogue = agent("prog", protocol=protocol).dialogue(JOB)
    assert type(dialogue).__name__ == name
    assert dialogue.turns is (protocol != "lines")


def test_a_protocol_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid, match="mine has the protocol 'telnet'; there are: lines, stream-json"):
        agent("prog", protocol="telnet").dialogue(JOB)


def test_a_dialogue_of_its_own_is_given_to_each_run() -> None:
    mine = agent("prog", protocol="one-shot")
    assert mine.dialogue(JOB) is not mine.dialogue(JOB)


def test_with_resume_it_goes_on_with_a_conversation() -> None:
    mine = agent("prog", "{prompt}", resume=("prog", "--resume={conversation_id}", "{branch}"))
    assert mine.resumes
    assert mine.command(JOB).argv == ("prog", "Fix it")
    command = mine.command(replace(JOB, conversation="c-1", prompt=None))
    assert command.argv == ("prog", "--resume=c-1", "feat/login")
    assert not command.holds_prompt


def test_without_resume_a_conversation_is_begun_anew() -> None:
    mine = agent("prog", "new", protocol="one-shot")
    assert not mine.resumes
    assert mine.command(replace(JOB, conversation="c-1")).argv == mine.command(JOB).argv


@pytest.mark.parametrize("protocol", ["acp", "app-server"])
def test_a_protocol_that_resumes_needs_no_other_command_line(protocol: str) -> None:
    mine = agent("prog", "new", protocol=protocol)
    assert mine.resumes
    assert mine.command(replace(JOB, conversation="c-1")).argv == ("prog", "new")


def test_a_conversation_that_has_no_name_is_called_like_the_session() -> None:
    assert argv("prog", "--session={conversation_id}") == ("prog", "--session=app-abc123")


@pytest.mark.parametrize("protocol", ["stream-json", "acp", "app-server", "screen"])
def test_other_protocols_have_their_prompt_in_the_command_too(protocol: str) -> None:
    command = agent("prog", "-p", "{prompt}", protocol=protocol).command(JOB)
    assert command.argv == ("prog", "-p", "Fix it")
    assert command.holds_prompt


def test_the_name_of_a_message_s_file_stays_as_it_is_where_there_is_none() -> None:
    assert argv("prog", "{message_file}") == ("prog", "{message_file}")


@pytest.mark.parametrize("protocol", ["lines", "stream-json", "one-shot", "screen"])
def test_permissions_are_refused_where_it_cannot_be_told_of_them(protocol: str) -> None:
    with pytest.raises(Invalid, match=f"mine speaks {protocol}, which knows no permissions"):
        agent("prog", protocol=protocol).command(replace(JOB, permissions=Permissions.ASK))


@pytest.mark.parametrize("protocol", ["acp", "app-server"])
def test_permissions_are_taken_where_it_can(protocol: str) -> None:
    mine, job = agent("prog", protocol=protocol), replace(JOB, permissions=Permissions.FULL)
    assert mine.command(job).argv == ("prog",)
    assert mine.dialogue(job).turns


def test_options_beside_its_command_are_refused() -> None:
    with pytest.raises(Invalid, match="mine is described by its command"):
        agent("prog").command(replace(JOB, passthrough={"max_turns": 3}))


def test_the_screen_is_read_by_the_marks() -> None:
    marks = ScreenMarks(ready=("^>",), working=("busy",), asks=(r"\?$",))
    dialogue = agent("prog", protocol="screen", marks=marks).dialogue(JOB)
    assert isinstance(dialogue, Watching)
    looks = (">", ">", "> busy", "really?")
    assert [type(one).__name__ for look in looks for one in dialogue.look(look, "")] == [
        *("Started", "TurnStarted", "Seems")
    ]


# A run for each message.


def test_one_shot_is_run_for_each_message_in_its_folder() -> None:
    job = replace(JOB, folder="/sessions/app")
    command = agent("prog", "-m", "{model}", "-p", "{prompt}", protocol="one-shot").command(job)
    python, _, _, script, *rest = command.argv
    assert (python, Path(script).name) == (sys.executable, "turns_program.py")
    assert rest == ["--folder", "/sessions/app", "--", "prog", "-m", "opus", "-p", "{prompt}"]
    assert not command.holds_prompt
    assert command.env == {"KEY": "value"}


def test_one_shot_begins_with_command_and_goes_on_with_resume() -> None:
    resume = ("prog", "--resume", "{conversation_id}", "{message_file}")
    mine = agent("prog", "{message_file}", protocol="one-shot", resume=resume)
    (started,) = mine.dialogue(JOB).receive(b'{"hello":1}')
    assert started == Started(conversation="app-abc123")
    again = mine.command(replace(JOB, conversation="app-abc123")).argv
    assert again[again.index("--") + 1 :] == ("prog", "--resume", "app-abc123", "{message_file}")


def test_one_shot_without_resume_has_no_conversation() -> None:
    (started,) = agent("prog", protocol="one-shot").dialogue(JOB).receive(b'{"hello":1}')
    assert started == Started()


def test_a_branch_that_would_be_taken_for_the_message_is_refused() -> None:
    mine = agent("prog", "{branch}", protocol="one-shot")
    with pytest.raises(Invalid, match=r"holds \{prompt\} or \{message_file\}: give it another name"):
        mine.command(replace(JOB, branch="feat/{prompt}"))


def test_messages_arrive_as_they_were_written(tmp_path: Path) -> None:
    job = replace(JOB, folder=str(tmp_path))
    mine = agent("sh", "-c", 'echo "$0 on {branch}"; exit $1', "{prompt}", "0", protocol="one-shot")
    dialogue = mine.dialogue(job)
    told = dialogue.tell("say {branch}") + dialogue.tell("{message_file}; `exit`")
    done = subprocess.run(mine.command(job).argv, cwd=tmp_path, input=told, capture_output=True, check=True)
    seen = [one for line in done.stdout.splitlines() for one in dialogue.receive(line)]
    assert seen == [
        Started(),
        *(TurnStarted(), Said("say {branch} on feat/login\n"), TurnEnded()),
        *(TurnStarted(), Said("{message_file}; `exit` on feat/login\n"), TurnEnded()),
    ]
