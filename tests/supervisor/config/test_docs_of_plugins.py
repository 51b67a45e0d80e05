"""The documentation has every option of every plugin that comes with ennio, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest

from ennio.supervisor.errors import ConfigError
from ennio.supervisor.options import Options
from ennio.supervisor.plugins import load, names

DOCUMENT = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
OF = {"trackers": "tracker", "scms": "code host"}
NEEDED: dict[str, dict[str, Any]] = {
    "github": {"owner": "o", "repo": "r", "token": "t"},
    "gitlab": {"project": "o/r", "token": "t"},
    "linear": {"team": "ENG", "token": "t"},
    "webhook": {"url": "http://localhost"},
    "slack": {"url": "http://localhost"},
    "apprise": {"urls": ["json://localhost"]},
    "desktop": {},
}
"""What each plugin must be given."""

PLUGINS = [(kind, name) for kind in ("trackers", "scms", "notifiers") for name in names(kind)]


def documented(kind: str, name: str) -> dict[str, bool]:
    """The options of a plugin in the documentation, each with whether it must be given."""
    section = DOCUMENT.split(f"\n### Options of `{name}`\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines()]
    options = [row for row in rows if row and row[0].startswith("`")]
    if kind in OF:
        options = [[key, *rest] for key, of, *rest in options if of in {"both", OF[kind]}]
    return {key.strip("`"): default == "required" for key, _, default, _ in options}


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_every_option_of_a_plugin_is_documented_and_no_other(kind: str, name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(kind, name)(Options({**NEEDED[name], "###": 1}, "config"))
    told = re.fullmatch(r"`config\.###` is no key here; there are: (.*)", str(raised.value))
    assert told, raised.value
    assert set(filter(None, told[1].split(", "))) == documented(kind, name).keys()


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_what_is_required_is_marked(kind: str, name: str) -> None:
    required = {key for key, is_required in documented(kind, name).items() if is_required}
    assert required <= NEEDED[name].keys()
    for key in required:
        without = {other: value for other, value in NEEDED[name].items() if other != key}
        with pytest.raises(ConfigError, match=rf"`config\.{key}` (is missing|must have at least one)"):
            load(kind, name)(Options(without, "config"))
