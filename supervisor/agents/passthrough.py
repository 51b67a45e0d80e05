"""What the project passes on to an agent in the agent's own words, as flags of its command line."""

import math
import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..errors import Invalid

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LONGEST_ARGUMENT = 128 * 1024 - 1
"""Bytes; MAX_ARG_STRLEN of Linux, its final NUL aside (execve(2))."""


def flags(options: Mapping[str, Any], taken: Collection[str], *, agent: str) -> tuple[str, ...]:
    """Return `{max_turns: 200, verbose: true, add_dir: ["a", "b"]}` as
    `--max-turns 200 --verbose --add-dir a --add-dir b`.

    False, None and an empty list are left out; a name of one letter gets one dash. A value that begins with a
    dash is one word with its flag, `--name=-1`, so that no program takes it for another flag. Raises
    `Invalid` for what is no flag or no value of one, and for a flag in `taken`, which the agent's knowledge
    sets itself.
    """
    return tuple(word for name, value in options.items() for word in _option(name, value, taken, agent))


def _option(name: str, value: Any, taken: Collection[str], agent: str) -> Iterator[str]:
    where = f"agent_config.passthrough.{name} of agent {agent}"
    if not _NAME.fullmatch(name):
        raise Invalid(f"{where} is no flag's name: write letters, digits, `_` and `-`")
    flag = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
    if flag in taken:
        raise Invalid(f"{where} is {flag}, which ennio sets itself: take it out of the configuration")
    for item in value if isinstance(value, list | tuple) else (value,):
        if item is None or item is False:
            continue
        if item is True:
            yield flag
            continue
        argument = _argument(item, where)
        if argument.startswith("-"):
            yield f"{flag}{'=' if len(name) > 1 else ''}{argument}"
        else:
            yield from (flag, argument)


def _argument(value: object, where: str) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"{where} is {value}: write a finite number")
    if not isinstance(value, str | int | float):
        raise Invalid(
            f"{where} holds a {type(value).__name__}: write a text, a number, a bool, or a list of them"
        )
    argument = str(value)
    if "\0" in argument:
        raise Invalid(f"{where} holds a NUL, which no argument of a program can: take it out")
    try:
        size = len(os.fsencode(argument))
    except UnicodeEncodeError as error:
        raise Invalid(
            f"{where} holds {error.object[error.start]!r}, which is no character: take it out"
        ) from error
    if size > _LONGEST_ARGUMENT:
        raise Invalid(f"{where} is {size} bytes; an argument holds at most {_LONGEST_ARGUMENT}: shorten it")
    return argument
