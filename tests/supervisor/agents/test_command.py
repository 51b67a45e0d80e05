from dataclasses import replace

import pytest

from ennio.supervisor.agents.command import CommandAgent
from ennio.supervisor.errors import Invalid
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Job

JOB = Job(
    session_id=SessionId("app-abc123"),
    project_id=ProjectId("app"),
    workspace="/trees/app-abc123",
    branch="feat/login",
    prompt="Fix it",
    model="opus",
)


def argv(*command: str, job: Job = JOB) -> tuple[str, ...]:
    return CommandAgent("mine", command, {}).command(job).argv


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
    assert CommandAgent("mine", ("prog", argument), {}).command(JOB).holds_prompt is holds


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
    agent = CommandAgent("mine", ("prog",), {"KEY": "value {branch}"})
    assert agent.command(JOB).env == {"KEY": "value {branch}"}


def test_the_program_is_the_first_word() -> None:
    agent = CommandAgent("mine", ("/opt/prog", "x"), {})
    assert (agent.name, agent.program) == ("mine", "/opt/prog")
