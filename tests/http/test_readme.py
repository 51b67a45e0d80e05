"""What the README shows is so: its configuration is taken, its commands are there."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ennio.http.cli import app
from ennio.supervisor.config import load

TEXT = (Path(__file__).parents[2] / "README.md").read_text()
CONFIGURATION = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = sorted(set(re.findall(r"(?:`|bin/|^)ennio (session [a-z]+|[a-z]+)", TEXT, re.MULTILINE)))


@pytest.mark.parametrize("shown", CONFIGURATION)
def test_the_configuration_that_is_shown_is_taken(
    shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in re.findall(r"\$\{(\w+)\}", shown):
        monkeypatch.setenv(name, "secret")
    subprocess.run(["git", "init", "--quiet", tmp_path / "app"], check=True)
    (tmp_path / "app/.env").touch()
    if "[[projects]]" not in shown:
        shown += '[[projects]]\nname = "app"\npath = "app"\nagent = "demo"\n'
    (tmp_path / "ennio.toml").write_text(shown.replace("/repos/my-app", str(tmp_path / "app")))
    assert load(tmp_path / "ennio.toml").projects


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_that_are_shown_are_there(command: str) -> None:
    assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0


def test_there_is_something_to_hold_it_to() -> None:
    assert len(CONFIGURATION) >= 2
    assert {"spawn", "session kill", "doctor", "open"} <= set(COMMANDS)
