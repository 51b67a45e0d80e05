"""Agents: how they are talked to, how they go on, and what their screens show."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ennio.supervisor.config import Config, ScreenMarks, load
from ennio.supervisor.errors import ConfigError

Load = Callable[[str], Config]
Refuse = Callable[[str], list[str]]

PROJECT = '[[projects]]\nname = "p"\npath = "repo"\nagent = "x"\n'
IN_TMUX = PROJECT + 'runtime = "tmux"\n'
DEMO_IN_TMUX = IN_TMUX.replace('"x"', '"demo"')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the git repository `repo`."""
    made = tmp_path_factory.mktemp("agents")
    subprocess.run(["git", "init", "-q", made / "repo"], check=True)
    return made


@pytest.fixture
def load_toml(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(folder)

    def write_and_load(text: str) -> Config:
        (folder / "ennio.toml").write_text(text)
        return load(folder / "ennio.toml", environ={"HOME": "/home/me", "T": "s3cret[", "LONG": "long-token"})

    return write_and_load


@pytest.fixture
def refuse(load_toml: Load) -> Refuse:
    """Load a text that is refused; return the lines of the message."""

    def load_refused(text: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load_toml(text)
        return str(raised.value).splitlines()

    return load_refused


def agent(protocol: str, rest: str = "", command: str = "['x']") -> str:
    return f"[agents.x]\ncommand = {command}\nprotocol = '{protocol}'\n{rest}"


@pytest.mark.parametrize("protocol", ["lines", "stream-json", "acp", "app-server", "one-shot"])
def test_an_agent_speaks_the_protocol_that_it_is_said_to(load_toml: Load, protocol: str) -> None:
    assert load_toml(PROJECT + agent(protocol)).agents["x"].protocol == protocol


@pytest.mark.parametrize("protocol", ["stream-json", "acp", "app-server", "one-shot"])
def test_an_agent_goes_on_by_a_command_of_its_own(load_toml: Load, folder: Path, protocol: str) -> None:
    resume = "['./bin/x', '--at={conversation_id}', '{prompt}']"
    config = load_toml(agent(protocol, f"resume = {resume}"))
    assert config.agents["x"].command == ("x",)
    assert config.agents["x"].resume == (f"{folder}/bin/x", "--at={conversation_id}", "{prompt}")


def test_an_agent_that_takes_one_message_may_take_it_from_a_file(load_toml: Load) -> None:
    x = load_toml(
        agent(
            "one-shot",
            "resume = ['x', '{conversation_id}', '{message_file}']",
            "['x', '--file={message_file}']",
        )
    ).agents["x"]
    assert x.command == ("x", "--file={message_file}")
    assert x.resume == ("x", "{conversation_id}", "{message_file}")


def test_a_screen_is_read_by_its_marks(load_toml: Load) -> None:
    marks = "ready = ['^> ', '[»$]']\nworking = ['esc to (cancel|interrupt)']\nasks = ['Allow \\w+\\?']"
    config = load_toml(IN_TMUX + agent("screen", marks))
    assert config.agents["x"].marks == ScreenMarks(
        ("^> ", "[»$]"), ("esc to (cancel|interrupt)",), (r"Allow \w+\?",)
    )
    assert config.agents["demo"].marks == ScreenMarks()


def test_the_marks_of_a_built_in_agent_can_be_adjusted_where_it_runs_in_a_terminal(load_toml: Load) -> None:
    config = load_toml(f"[agents.demo]\nready = ['>']\n{DEMO_IN_TMUX}")
    assert config.agents["demo"].marks.ready == (">",)
    defaults = DEMO_IN_TMUX.replace("runtime", "max_sessions").replace('"tmux"', "3")
    assert load_toml(f"defaults.runtime = 'tmux'\n[agents.demo]\nasks = ['>']\n{defaults}").agents[
        "demo"
    ].marks.asks == (">",)


REFUSED = [
    (agent("acpp"), "3: `agents.x.protocol` must be 'lines', 'stream-json', 'acp', 'app-server', 'one-shot'"),
    ("[agents.x]\nresume = ['x', '{conversation_id}']", "1: `agents.x` has no `command`, and no agent of"),
    ("[agents.demo]\nresume = ['{conversation_id}']", "2: `agents.demo.resume` is for custom agents, and"),
    (agent("acp", "resume = []"), "4: `agents.x.resume` must not be empty"),
    (agent("acp", "resume = [' ', '{conversation_id}']"), "4: `agents.x.resume[0]` must name a program"),
    (agent("acp", "resume = ['x', '--last']"), "4: `agents.x.resume` must hold {conversation_id}: it says"),
    (
        agent("acp", "resume = ['x', '{conversation}']"),
        "4: `agents.x.resume[1]` holds a name in braces that is no placeholder; did you mean `conversation_",
    ),
    (
        agent("lines", "resume = ['x', '{conversation_id}']"),
        "4: `agents.x.resume` does nothing: in the `protocol` `lines` no agent says what its conversation",
    ),
    (
        IN_TMUX + agent("screen", "ready = ['>']\nresume = ['x', '{conversation_id}']"),
        "10: `agents.x.resume` does nothing: in the `protocol` `screen` no agent says what its conversation",
    ),
    (
        agent("acp", command="['x', '{conversation_id}']"),
        "2: `agents.x.command[1]` holds {conversation_id}, which stands in `resume` alone",
    ),
    (
        agent("lines", command="['x', '{message_file}']"),
        '2: `agents.x.command[1]` holds {message_file}, which is for `protocol = "one-shot"`; here it is',
    ),
    (
        agent("acp", "resume = ['x', '{conversation_id}{message_file}']"),
        "4: `agents.x.resume[1]` holds {message_file}, which is for",
    ),
    (agent("lines", "ready = ['>']"), "4: `agents.x.ready` does nothing: the `protocol` is `lines`, not"),
    (
        "[agents.x]\ncommand = ['x']\nasks = ['>']",
        "3: `agents.x.asks` does nothing: the `protocol` is `lines`",
    ),
    (
        "[agents.demo]\nworking = ['>']",
        "2: `agents.demo.working` does nothing: no project runs this agent in a terminal",
    ),
    (
        "[agents.demo]\nready = ['>']\n" + DEMO_IN_TMUX.replace("tmux", "process"),
        "2: `agents.demo.ready` does nothing: no project runs this agent in a terminal",
    ),
    (IN_TMUX + agent("screen"), "6: `agents.x.ready` is missing: without it nobody sees when"),
    (
        IN_TMUX + agent("screen", "ready = ['>']\nasks = ['a', '(']"),
        "10: `agents.x.asks[1]` is no valid regular expression (Python's `re`): look at character 1",
    ),
    (
        IN_TMUX + agent("screen", "ready = ['a{99999999999}']"),
        "9: `agents.x.ready[0]` is a regular expression",
    ),
    (IN_TMUX + agent("screen", "ready = ['x*']"), "9: `agents.x.ready[0]` matches an empty line too"),
    (IN_TMUX + agent("screen", "ready = ['']"), "9: `agents.x.ready[0]` matches an empty line too"),
    (IN_TMUX + agent("screen", "ready = '>'"), "9: `agents.x.ready` must be a list, not text"),
    (
        PROJECT + agent("screen", "ready = ['>']"),
        '7: `agents.x.protocol` = "screen" needs a terminal: say `runtime = "tmux"` in `projects[0]`',
    ),
    *(
        (
            IN_TMUX + agent(protocol),
            f'8: `agents.x.protocol` = "{protocol}" is nothing for a terminal, in which `projects[0]` runs',
        )
        for protocol in ("stream-json", "acp", "app-server", "one-shot")
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_makes_no_sense_of_an_agent_is_refused(refuse: Refuse, text: str, message: str) -> None:
    (line,) = refuse(text)
    assert line.startswith(f"ennio.toml:{message}")


@pytest.mark.parametrize("runtime", ["process", "tmux"])
def test_an_agent_that_reads_lines_runs_anywhere(load_toml: Load, runtime: str) -> None:
    config = load_toml(PROJECT + f"runtime = '{runtime}'\n" + agent("lines"))
    assert (config.projects[0].runtime, config.agents["x"].protocol) == (runtime, "lines")


def test_what_a_project_asks_of_an_agent_is_kept_as_it_was_written(load_toml: Load) -> None:
    options = '{ max_turns = 200, verbose = true, ratio = 0.5, "add-dir" = ["/a", 1, false], note = "${T}" }'
    config = load_toml(
        PROJECT.replace('"x"', '"demo"')
        + f'agent_config.permissions = "edits"\nagent_config.passthrough = {options}'
    )
    (project,) = config.projects
    assert project.permissions == "edits"
    assert project.passthrough == {
        "max_turns": 200,
        "verbose": True,
        "ratio": 0.5,
        "add-dir": ("/a", 1, False),
        "note": "s3cret[",
    }
    with pytest.raises(TypeError):
        project.passthrough["max_turns"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        ("{ a = { b = 1 } }", ".a", "must be text, a number, a boolean or a list of those, not a table"),
        (
            "{ a = ['x', { b = 1 }] }",
            ".a[1]",
            "must be text, a number, a boolean or a list of those, not a ta",
        ),
        (
            "{ a = [1, [2]] }",
            ".a[1]",
            "must be text, a number, a boolean or a list of those, not a list in a",
        ),
        ("{ a = inf }", ".a", "must be a finite number"),
        ("{ a = [nan] }", ".a[0]", "must be a finite number"),
        ("{ a = 2026-11-24 }", ".a", "must not be a date or a time"),
        ("{ ' ' = 1 }", ".' '", "is no name of an option"),
        ("[]", "", "must be a table, not a list"),
    ],
)
def test_an_option_is_a_plain_value(refuse: Refuse, value: str, key: str, says: str) -> None:
    (line,) = refuse(PROJECT.replace('"x"', '"demo"') + f"agent_config.passthrough = {value}")
    assert line.startswith(f"ennio.toml:5: `projects[0].agent_config.passthrough{key}` {says}")


@pytest.mark.parametrize(
    ("protocol", "options", "says"),
    [
        (
            "lines",
            "permissions = 'full'",
            "permissions` does nothing: with the protocol `lines` a custom agent",
        ),
        (
            "one-shot",
            "permissions = 'ask'",
            "permissions` does nothing: with the protocol `one-shot` a custom",
        ),
        (
            "stream-json",
            "permissions = 'edits'",
            "permissions` does nothing: with the protocol `stream-json`",
        ),
        (
            "acp",
            "passthrough = { a = 1 }",
            "passthrough` does nothing: the options of a custom agent stand in",
        ),
        ("acp", "model = 'm'", "model` does nothing: the agent's command holds no {model}"),
    ],
)
def test_what_cannot_reach_a_custom_agent_is_refused(
    refuse: Refuse, protocol: str, options: str, says: str
) -> None:
    (line,) = refuse(f"{PROJECT}agent_config = {{ {options} }}\n{agent(protocol)}")
    assert line.startswith(f"ennio.toml:5: `projects[0].agent_config.{says}")


def test_what_reaches_a_custom_agent_by_its_protocol_is_taken(load_toml: Load) -> None:
    text = PROJECT + "agent_config = { model = 'm', permissions = 'edits' }\n" + agent("app-server")
    (project,) = load_toml(text).projects
    assert (project.model, project.permissions) == ("m", "edits")


def test_a_model_may_be_for_the_way_on_alone(load_toml: Load, refuse: Refuse) -> None:
    x = agent("acp", "resume = ['x', '{conversation_id}', '{model}']")
    assert load_toml(PROJECT + "agent_config.model = 'm'\n" + x).projects[0].model == "m"
    (line,) = refuse(PROJECT + x)
    assert line.endswith("`projects[0].agent_config.model` is missing: the agent's command holds {model}")


@pytest.mark.parametrize("key", ["ready", "working", "asks"])
def test_no_part_of_an_expression_is_in_a_message(refuse: Refuse, key: str) -> None:
    (line,) = refuse(
        IN_TMUX
        + agent("screen", f"ready = ['>']\n{key} = ['${{T}}']".replace("ready = ['>']\nready", "ready"))
    )
    assert "s3cret" not in line
    assert f"`agents.x.{key}[0]` is no valid regular expression" in line


def test_the_token_is_no_option_of_an_agent(refuse: Refuse) -> None:
    project = PROJECT.replace('"x"', '"demo"') + "agent_config.passthrough = { key = ['x-long-token'] }"
    (line,) = refuse("api_token = '${LONG}'\n" + project)
    assert line.startswith("ennio.toml:6: `projects[0].agent_config.passthrough.key[0]` holds the API token")
    assert "long-token" not in line
