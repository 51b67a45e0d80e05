"""What the configuration has a word for and this version cannot do yet: refused at start, never ignored."""

from collections.abc import Iterator
from typing import Any

from .problems import Problem, matches, walk

ALL = None
NOT_YET: dict[str, frozenset[str] | None] = {
    "poll_interval": ALL,
    "defaults.runtime": frozenset({"ssh", "ray"}),
    "defaults.notifiers": ALL,
    "notifiers": ALL,
    "notification_routing": ALL,
    "reactions": ALL,
    "projects[*].runtime": frozenset({"ssh", "ray"}),
    "projects[*].notifiers": ALL,
    "projects[*].reactions": ALL,
    "projects[*].tracker_config": ALL,
    "projects[*].scm_config": ALL,
}
"""Each key with the values of it that are refused: some words, or all but an empty list."""


def not_yet(data: Any) -> Iterator[Problem]:
    """Yield a problem for everything in the file that does not work yet."""
    for key, value in walk(data):
        for pattern, refused in NOT_YET.items():
            if matches(pattern, key) and _asks_for(value, refused):
                yield Problem(key, _says(value, refused))


def _asks_for(value: Any, refused: frozenset[str] | None) -> bool:
    if refused is ALL:
        return bool(value != [])
    return isinstance(value, str) and value in refused


def _says(value: Any, refused: frozenset[str] | None) -> str:
    meant = "" if refused is ALL else f'= "{value}" '
    return f"{meant}is not supported by this version yet"
