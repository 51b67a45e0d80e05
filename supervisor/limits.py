"""How much of its limits an agent has used, as pure functions over a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .config import Limits
from .records import Usage

NEAR = 0.8
"""The share of a limit from which on the agent is near it."""
CLEARLY_BELOW = 0.6
"""Below this share it is not near any more, and may come near anew."""

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one run of an agent; times are seconds of trio's clock.

    `began` is when it was started, also by an earlier server. `silent_since` is when it said something
    last, None while that is being taken in. `usage` is as of the last survey. `turns` counts what it was
    told, its first prompt included.
    """

    began: float
    silent_since: float | None
    usage: Usage | None
    turns: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What an agent has `used` of a limit, and the `most` that it may, in the limit's own unit."""

    name: str
    used: float
    most: float

    @property
    def share(self) -> float:
        """The part that is used; over 1 past the limit."""
        return self.used / self.most


class _Row(NamedTuple):
    name: str
    most: Callable[[Limits], float | None]
    used: Callable[[Facts, float], float | None]


def _silent(facts: Facts, now: float) -> float | None:
    return None if facts.silent_since is None else now - max(facts.began, facts.silent_since)


def _mebibytes(size: int | None) -> float | None:
    return None if size is None else size / _MIB


def _memory(facts: Facts, now: float) -> float | None:
    return _mebibytes(facts.usage.memory_bytes) if facts.usage else None


def _processes(facts: Facts, now: float) -> int | None:
    return facts.usage.processes if facts.usage else None


_TABLE = (
    _Row("wall_clock", lambda limits: limits.wall_clock, lambda facts, now: now - facts.began),
    _Row("idle", lambda limits: limits.idle, _silent),
    _Row("memory_mb", lambda limits: _mebibytes(limits.memory_bytes), _memory),
    _Row("processes", lambda limits: limits.processes, _processes),
    _Row("turns", lambda limits: limits.turns, lambda facts, _: facts.turns),
)
"""Each limit: its key in the configuration, what it gives, and what was used of it at a moment."""


def measure(limits: Limits, facts: Facts, now: float) -> tuple[Finding, ...]:
    """Return what is used of each limit that is set, where that is known."""
    rows = ((row.name, row.used(facts, now), row.most(limits)) for row in _TABLE)
    return tuple(Finding(name, used, most) for name, used, most in rows if used is not None and most)


def passed(findings: Iterable[Finding]) -> Finding | None:
    """Return a limit that the agent went past, or None: all that it was given may be used."""
    return next((finding for finding in findings if finding.used > finding.most), None)


def coming_near(known: frozenset[str], findings: Iterable[Finding]) -> tuple[frozenset[str], list[Finding]]:
    """Return which limits the agent is near, and those of them that are news.

    One that was `known` is news again only after its use was clearly below in between.
    """
    still = {finding.name for finding in findings if finding.name in known and finding.share >= CLEARLY_BELOW}
    news = [finding for finding in findings if finding.name not in still and finding.share >= NEAR]
    return frozenset(still | {finding.name for finding in news}), news


def needs_survey(limits: Limits) -> bool:
    """Whether holding an agent to these takes looking at its processes."""
    return limits.memory_bytes is not None or limits.processes is not None
