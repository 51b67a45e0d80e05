"""What this version cannot do yet: each such key is good in itself, and refused."""

import subprocess
from pathlib import Path

import pytest

from ennio.supervisor.config import load
from ennio.supervisor.config.not_yet import NOT_YET
from ennio.supervisor.errors import ConfigError

PROJECT = '[[projects]]\nname = "p"\npath = "repo"\nagent = "demo"\n'

NOT_YET_SAMPLES = {"defaults.runtime": "defaults.runtime = 'ssh'", "projects[*].runtime": "runtime = 'ray'"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the git repository `repo` in it."""
    subprocess.run(["git", "init", "-q", tmp_path / "repo"], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("pattern", NOT_YET)
def test_what_does_not_work_yet_is_refused_and_nothing_else_is_wrong_with_it(
    folder: Path, pattern: str
) -> None:
    sample = NOT_YET_SAMPLES[pattern]
    (folder / "ennio.toml").write_text(PROJECT + sample if pattern.startswith("projects") else sample)
    with pytest.raises(ConfigError) as raised:
        load(environ={"HOME": "/"})
    (line,) = str(raised.value).splitlines()
    key = pattern.replace("[*]", "[0]")
    assert f": `{key}` " in line
    assert line.endswith("is not supported by this version yet")


def test_what_works_already_may_be_said(folder: Path) -> None:
    words = """
        on_shutdown = "stop"
        notifiers = []
        budgets = []
        [defaults]
        agent = "demo"
        runtime = "process"
        notifiers = []
        [restart]
        policy = "never"
        [agents.x]
        command = ["x", "{prompt}{session_id}{branch}{model}{workspace}",
            '{"a": {}}', "{ print }", "$${HOME}"]
        protocol = "lines"
        [[projects]]
        name = "p"
        path = "repo"
        notifiers = []
        restart.policy = "never"
    """
    (folder / "ennio.toml").write_text(words)
    assert load(folder / "ennio.toml", environ={"HOME": "/"}).agents["x"].command == (
        "x",
        "{prompt}{session_id}{branch}{model}{workspace}",
        '{"a": {}}',
        "{ print }",
        "${HOME}",
    )
