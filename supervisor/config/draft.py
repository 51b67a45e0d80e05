"""The configuration while it is looked at: typed tables, and what the file and the machine say about them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..plugins import names
from .file import Document
from .problems import Key
from .schema import ProjectTable, Settings
from .variables import Expansion

DEFAULT_AGENT = "claude-code"
_CUSTOM = frozenset({"command", "custom"})


@dataclass(frozen=True, slots=True)
class Draft:
    """Every key is good by itself; whether they are good together is for the rules.

    `installed` names the agents, runtimes and workspaces that this machine has.
    """

    document: Document
    expansion: Expansion
    settings: Settings
    environ: Mapping[str, str]
    installed: Mapping[str, frozenset[str]]

    def known(self, kind: str) -> frozenset[str]:
        """Return the names of all agents, runtimes or workspaces: built-in ones and the file's."""
        known = self.installed[kind]
        return known | self.settings.agents.keys() if kind == "agents" else known

    def agent_of(self, project: ProjectTable) -> str:
        """Return the name of the agent that a project ends up with."""
        return project.agent or self.settings.defaults.agent or DEFAULT_AGENT

    def runtime_of(self, project: ProjectTable) -> str:
        """Return the name of the runtime that holds a project's agents."""
        return project.runtime or self.settings.defaults.runtime

    def given(self, key: Key) -> Any:
        """Return what the file itself says at a key, `${VAR}` unexpanded, so that it may be shown."""
        value: Any = self.document.data
        for part in key:
            value = value[part]
        return value

    def path(self, text: str, base: Path | None = None) -> Path:
        """Return a path as an absolute one: from `base` or the file's own folder, `~` is the home folder.

        Symbolic links stay as they are, and `..` is taken as it is written.
        """
        if text == "~" or text.startswith("~/"):
            text = str(home(self.environ)) + text[1:]
        return Path(os.path.abspath((base or self.document.path.parent) / text))

    def program(self, text: str) -> str:
        """Return a program as an absolute path if it has a slash, else as a name for PATH to find."""
        if "/" not in text or text.startswith("{workspace}"):
            return text
        return str(self.path(text))

    def repository(self, text: str) -> str:
        """Return what git can clone from anywhere: an absolute path, or a URL or `host:path` as it is.

        Which is which is git-clone(1)'s rule: with a colon before the first slash it is no path.
        """
        return text if ":" in text.partition("/")[0] else str(self.path(text))


def home(environ: Mapping[str, str]) -> Path:
    """Return the user's home folder. Raises `ConfigError` where there is none."""
    if environ.get("HOME", "").startswith("/"):
        return Path(environ["HOME"])
    try:
        return Path.home()
    except RuntimeError as error:
        raise ConfigError(
            "this user has no home folder: set HOME, or data_dir in the configuration"
        ) from error


def installed() -> dict[str, frozenset[str]]:
    """Return the names of the installed agents, runtimes and workspaces, without importing any.

    Those by which custom agents are run are no agents themselves.
    """
    found = {kind: frozenset(names(kind)) for kind in ("agents", "runtimes", "workspaces")}
    return found | {"agents": found["agents"] - _CUSTOM}
