"""What was seen of an agent, in words: for people who ask why it is said to do what it does."""

from collections.abc import Callable, MutableSequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import observations as o


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that was seen of an agent, and when: of the same seen time and again, the last time."""

    at: datetime
    what: str


def remember(evidence: MutableSequence[Evidence], at: datetime, words: str) -> None:
    """Add what was seen as the last; seen once more, it takes the place of the last with the new time."""
    if evidence and evidence[-1].what == words:
        evidence.pop()
    evidence.append(Evidence(at, words))


def retrying(retry: o.Retrying) -> str:
    """Say what an agent tries again, for instance `retrying 529, attempt 3 of 10`."""
    what = f"retrying {retry.status or retry.words or ''}".strip()
    attempt = "" if retry.attempt is None else f", attempt {retry.attempt}"
    most = "" if retry.most is None else f" of {retry.most}"
    return f"{what}{attempt}{most}"


def words_for(observation: o.Observation) -> str | None:
    """Say in words what was seen; None: that would only be noise."""
    says = _WORDS.get(type(observation))
    return says(observation) if says else None


def _ended(turn: o.TurnEnded) -> str:
    return f"its turn ended: {turn.outcome}" + (f": {turn.words}" if turn.words else "")


def _limited(limit: o.UsageLimited) -> str:
    until = limit.until.isoformat() if limit.until else "a time that it does not say"
    return f"its account is at its usage limit until {until}: {limit.words}"


_WORDS: dict[type, Callable[[Any], str]] = {
    o.Started: lambda _: "it said who it is",
    o.TurnStarted: lambda _: "it took a message up",
    o.TurnEnded: _ended,
    o.ToolStarted: lambda tool: f"it began {tool.tool} {tool.summary}".strip(),
    o.ToolEnded: lambda tool: f"{tool.tool} ended",
    o.Asked: lambda ask: f"it asked for {ask.tool}: {ask.summary}",
    o.AskWithdrawn: lambda _: "it waits for a permission no more",
    o.Spent: lambda _: "it said what it used",
    o.Retrying: lambda retry: f"it is {retrying(retry)}",
    o.UsageLimited: _limited,
    o.Refused: lambda refused: f"it cannot be talked to: {refused.words}",
    o.Seems: lambda seems: f"its output shows that it is {seems.activity}",
}
