"""What is wrong in a configuration, and how it is told: file, line, key, and what would be right."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError

Key = tuple[str | int, ...]
"""Where something stands, for instance `("projects", 0, "symlinks", 1, "target")`."""

DEEPEST = 32
"""How deep tables and lists may stand in each other."""

_BARE = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at `key`; `says` goes on the sentence that begins with the key."""

    key: Key
    says: str


def dotted(key: Key) -> str:
    """Write a key as people do: `projects[0].symlinks[1].target`."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else ascii(part[:80])
            text += f".{name}" if text else name
    return text


def matches(pattern: str, key: Key) -> bool:
    """Tell whether a key is meant by a pattern, in which `[*]` is any index and `*` any name."""
    parts = pattern.replace("[*]", ".[*]").split(".")
    return len(parts) == len(key) and all(_fits(*pair) for pair in zip(parts, key, strict=True))


def _fits(pattern: str, part: str | int) -> bool:
    if isinstance(part, int):
        return pattern == "[*]"
    return pattern == "*" or (pattern == part and pattern != "[*]")


def walk(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield every key with its value, each table and list before what is in it."""
    yield key, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from walk(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, (*key, index))


def nearest(name: str, known: Iterable[str]) -> str:
    """Say what was probably meant, or else what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"there are: {', '.join(names)}" if names else "there are none"


def line_of(key: Key, lines: Mapping[Key, int]) -> int | None:
    """Return the line of a key, or of the nearest thing around it that has one."""
    return next((lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in lines), None)


def located(name: str, line: int | None, says: str) -> str:
    """Write one line of an error: `ennio.toml:12: ...`."""
    return f"{name}:{line}: {says}" if line else f"{name}: {says}"


def refusal(name: str, lines: Mapping[Key, int], problems: Iterable[Problem]) -> ConfigError:
    """Make one error of all problems: one a line, in the order of the file, one for each key."""
    first: dict[Key, Problem] = {}
    for problem in problems:
        first.setdefault(problem.key, problem)
    placed = sorted(((line_of(key, lines), problem) for key, problem in first.items()), key=_place)
    told = [located(name, line, f"`{dotted(problem.key)}` {problem.says}") for line, problem in placed]
    return ConfigError("\n".join(told))


def _place(placed: tuple[int | None, Problem]) -> int:
    return placed[0] or 0
