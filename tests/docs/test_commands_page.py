"""docs/commands.md names every command that there is, and no other, each with an example."""

import re
from pathlib import Path

import pytest
from shown import commands
from typer.main import get_command
from typer.testing import CliRunner

from ennio.http.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()


def there() -> set[str]:
    """Return all commands of the command line."""
    found = set[str]()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        found |= {f"ennio {name} {one}" for one in below} if below else {f"ennio {name}"}
    return found


def told() -> set[str]:
    return set(re.findall(r"^\| `(ennio [a-z ]+)` \|", PAGE, re.MULTILINE))


def test_every_command_stands_in_a_table_and_no_other() -> None:
    assert told() == there()


@pytest.mark.parametrize("command", sorted(told()))
def test_each_has_an_example(command: str) -> None:
    assert [one for one in commands(PAGE) if f"{one} ".startswith(f"{command} ")]


@pytest.mark.parametrize("command", sorted(told()))
def test_the_options_that_are_shown_are_there(command: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{command}` |"))
    help_text = CliRunner().invoke(app, [*command.split()[1:], "--help"]).output
    for option in re.findall(r"`(--?[a-z]+)[ `]", row):
        assert option in help_text


def test_the_options_ahead_of_a_command_are_shown() -> None:
    help_text = CliRunner().invoke(app, ["--help"]).output
    for option in re.findall(r"^  (--[a-z-]+)", help_text, re.MULTILINE):
        assert option in PAGE
