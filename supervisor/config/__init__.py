"""The configuration: `ennio.toml` or `ennio.yaml` becomes frozen values, or an error that says what is wrong.

The way of a file, one module a step:

    file       find it and read it: toml and yaml know the line of each key
    variables  ${VAR} is the environment's
    check      each key by itself: schema has the keys, types what values may be
    not_yet    what this version cannot do yet
    rules      keys together, and this machine: *_rules have their parts
    build      the defaults filled in, reactions by merging, warnings by written_out: values has the result

`problems` is how all of them tell what is wrong.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import ConfigError
from .build import build
from .check import check
from .draft import Draft, installed
from .file import NAMES, find, read
from .not_yet import not_yet
from .problems import refusal
from .rules import problems
from .values import (
    AgentConfig,
    Approvals,
    Budget,
    Config,
    Limits,
    PluginConfig,
    Price,
    ProjectConfig,
    Restart,
    ScreenMarks,
    Symlink,
    Timeouts,
)
from .variables import expand, without_secrets

__all__ = [
    "AgentConfig",
    "Approvals",
    "Budget",
    "Config",
    "Limits",
    "PluginConfig",
    "Price",
    "ProjectConfig",
    "Restart",
    "ScreenMarks",
    "Symlink",
    "Timeouts",
    "find",
    "load",
]


def load(
    path: Path | None = None, *, environ: Mapping[str, str] | None = None, serving: bool = True
) -> Config:
    """Read the configuration: the file at `path`, or the nearest from the current folder upward.

    `environ` gives the values of `${VAR}`; the process's own unless told. Whoever is not `serving` needs
    none of the server's secrets but the API token: where they are not set, that is no error.
    Raises `ConfigError`, whose message has a line for everything that is wrong: `ennio.toml:12: ...`. No
    secret is in it.
    """
    environ = os.environ if environ is None else environ
    document = read(path or _nearest())
    expansion = expand(document.data, environ)
    if not serving:
        expansion = without_secrets(expansion)
    settings, wrong = check(expansion.data)
    wrong = [*expansion.problems, *wrong, *not_yet(expansion.data)]
    if settings is None or wrong:
        raise refusal(document.name, document.lines, wrong)
    draft = Draft(document, expansion, settings, environ, installed())
    if wrong := list(problems(draft)):
        raise refusal(document.name, document.lines, wrong)
    return build(draft)


def _nearest() -> Path:
    found = find(Path())
    if found is None:
        names = " or ".join(NAMES[:2])
        raise ConfigError(f"there is no {names} in this folder or above; --config FILE names one elsewhere")
    return found
