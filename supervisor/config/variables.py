"""`${VAR}` in any string is the environment's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .problems import Key, Problem, matches

_REFERENCE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{")

_SECRETS = (
    "api_token",
    "database_url",
    "notifiers",
    "projects[*].tracker_config",
    "projects[*].scm_config",
)
"""Where ennio's own secrets stand: the variables used there are not handed to agents."""


@dataclass(slots=True)
class Expansion:
    """What became of a file's data: `used` names the variables of each key, `problems` what is wrong."""

    data: Any = None
    used: dict[Key, frozenset[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def secret_variables(self) -> frozenset[str]:
        """Return the variables that the server keeps for itself."""
        return frozenset().union(*(names for key, names in self.used.items() if holds_secrets(key)))


def holds_secrets(key: Key) -> bool:
    """Tell whether a key stands where ennio's own secrets do."""
    return any(matches(pattern, key[:end]) for end in (1, 3) for pattern in _SECRETS)


def without_secrets(expansion: Expansion) -> Expansion:
    """Return it as a client of the server needs it, who knows the API token alone of the server's secrets."""
    needless = {key for key in (one.key for one in expansion.problems) if _is_servers(key)}
    data = {name: value for name, value in expansion.data.items() if (name,) not in needless}
    left = [one for one in expansion.problems if one.key not in needless]
    return Expansion(data, expansion.used, left)


def _is_servers(key: Key) -> bool:
    return holds_secrets(key) and key != ("api_token",)


def expand(data: Any, environ: Mapping[str, str]) -> Expansion:
    """Put the environment's values in; `$${` stands for `${` itself. What was put in is not looked at again.

    A string with a problem stays as it is.
    """
    expansion = Expansion()
    expansion.data = _value(data, (), environ, expansion)
    return expansion


def _value(value: Any, key: Key, environ: Mapping[str, str], expansion: Expansion) -> Any:
    if isinstance(value, dict):
        return {name: _value(inner, (*key, name), environ, expansion) for name, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner, (*key, index), environ, expansion) for index, inner in enumerate(value)]
    if isinstance(value, str):
        return _string(value, key, environ, expansion)
    return value


def _string(text: str, key: Key, environ: Mapping[str, str], expansion: Expansion) -> str:
    names = {name for name in _REFERENCE.findall(text) if name}
    says = _wrong(text, names, environ)
    if says is None:
        expanded = _REFERENCE.sub(lambda found: environ[found[1]] if found[1] else "${", text)
        says = _unfit(expanded)
    if says is not None:
        expansion.problems.append(Problem(key, says))
        return text
    if names:
        expansion.used[key] = frozenset(names)
    return expanded


def _wrong(text: str, names: set[str], environ: Mapping[str, str]) -> str | None:
    missing = sorted(names - environ.keys())
    if missing:
        return f"uses ${{{missing[0]}}}, which is not set in the environment"
    if any(found[0] == "${" for found in _REFERENCE.finditer(text)):
        return "holds `${` that begins no ${VARIABLE}; write `$${` for a literal `${`"
    return None


def _unfit(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    return None
