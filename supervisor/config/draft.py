"""The configuration while it is looked at: typed tables, and what the file and the machine say about them."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..plugins import names
from .file import Document
from .problems import Key
from .review_tables import NotifierTable, PluginTable
from .schema import ProjectTable, Settings
from .variables import Expansion

DEFAULT_AGENT = "claude-code"
_KINDS = ("agents", "runtimes", "workspaces", "trackers", "scms", "notifiers")
_CUSTOM = frozenset({"command", "custom"})


@dataclass(frozen=True, slots=True)
class Draft:
    """Every key is good by itself; whether they are good together is for the rules.

    `installed` names what this machine has, by kind: agents, runtimes, workspaces, trackers, scms, notifiers.
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

    def plugins(self) -> Iterator[tuple[str, Key, PluginTable | NotifierTable]]:
        """Yield every notifier, tracker and code host: its kind, where it stands, and its table."""
        for index, notifier in enumerate(self.settings.notifiers):
            yield "notifiers", ("notifiers", index), notifier
        for index, project in enumerate(self.settings.projects):
            if project.tracker_config is not None:
                yield "trackers", ("projects", index, "tracker_config"), project.tracker_config
            if project.scm_config is not None:
                yield "scms", ("projects", index, "scm_config"), project.scm_config

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
    """Return the names of what is installed, by kind, without importing any.

    Those by which custom agents are run are no agents themselves.
    """
    found = {kind: frozenset(names(kind)) for kind in _KINDS}
    return found | {"agents": found["agents"] - _CUSTOM}
