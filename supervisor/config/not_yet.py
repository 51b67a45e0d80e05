"""What the configuration has a word for and this version cannot do yet: refused at start, never ignored."""

from collections.abc import Iterator
from typing import Any

from .problems import Problem, matches, walk

NOT_YET: dict[str, frozenset[str]] = {
    "defaults.runtime": frozenset({"ssh", "ray"}),
    "projects[*].runtime": frozenset({"ssh", "ray"}),
}
"""Each key with the words for which it is refused."""


def not_yet(data: Any) -> Iterator[Problem]:
    """Yield a problem for everything in the file that does not work yet."""
    for key, value in walk(data):
        for pattern, refused in NOT_YET.items():
            if matches(pattern, key) and isinstance(value, str) and value in refused:
                yield Problem(key, f'= "{value}" is not supported by this version yet')
