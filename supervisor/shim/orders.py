"""What a shim is told in the headers of frames, checked."""

import math
from dataclasses import dataclass
from typing import Any

from .frames import Malformed

Header = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """What to run, and how it is held.

    `folder` is the run folder, `output` the log's. `grace` and `orphan_timeout` are in seconds. `env` is
    the agent's whole environment but for `mark`, which it gets as ENNIO_MARK. With `terminal` the agent
    gets the shim's own standard input, output and error.
    """

    session_id: str
    incarnation: int
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    folder: str
    output: str
    keep_bytes: int
    grace: float
    orphan_timeout: float
    nice: int
    cgroup: str | None
    mark: str
    terminal: bool


def start(header: Header) -> Start:
    """Return what the first frame of all asks for. Raises `Malformed`."""
    if header.get("do") != "start":
        raise Malformed(f"the first frame must say start, not {header.get('do')!r}")
    env, argv = header.get("env"), header.get("argv")
    if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
        raise Malformed("the env of a start must be an object of texts")
    if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
        raise Malformed("the argv of a start must be a list of texts, and not empty")
    cgroup = header.get("cgroup")
    return Start(
        session_id=_text(header, "session_id"),
        incarnation=whole(header, "incarnation"),
        argv=tuple(argv),
        env=dict(env),
        cwd=_text(header, "cwd"),
        folder=_text(header, "folder"),
        output=_text(header, "output"),
        keep_bytes=whole(header, "keep_bytes"),
        grace=seconds(header, "grace"),
        orphan_timeout=seconds(header, "orphan_timeout"),
        nice=whole(header, "nice") if "nice" in header else 10,
        cgroup=_text(header, "cgroup") if cgroup is not None else None,
        mark=_text(header, "mark"),
        terminal=header.get("terminal", False) is True,
    )


def whole(header: Header, key: str) -> int:
    """Return a whole number that a header holds. Raises `Malformed`."""
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{key} must be a whole number, not {value!r}")
    return value


def number(header: Header) -> int:
    """Return the number of a letter, from 1. Raises `Malformed`."""
    seq = whole(header, "seq")
    if seq < 1:
        raise Malformed(f"letters are counted from 1, not {seq}")
    return seq


def seconds(header: Header, key: str) -> float:
    """Return a duration that a header holds, never below 0. Raises `Malformed`."""
    value = header.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        raise Malformed(f"{key} must be a number of seconds, not {value!r}")
    return max(0.0, float(value))


def _text(header: Header, key: str) -> str:
    value = header.get(key)
    if not isinstance(value, str):
        raise Malformed(f"{key} must be a text, not {value!r}")
    return value
