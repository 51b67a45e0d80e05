"""What an agent is doing: told from what it shows and from the clock alone, without any I/O."""

import math
from collections import deque
from collections.abc import Iterable

import trio

from . import observations as o
from .events import now as utc_now
from .evidence import Evidence, remember, retrying, words_for
from .records import Activity

_UNREAD = 10.0
"""Seconds that an agent may leave its input unread until that is called blocked."""
_AT_WORK = 5
"""So many times as long it may be silent in the middle of a turn while a tool of it runs."""
_TICK = 0.001
"""Seconds, at least, until the clock is looked at again."""
_EVIDENCE = 64
"""So many of the last things that it showed are remembered."""

State = tuple[Activity | None, str | None]


class Doing:
    """The activity of one agent, with its reason. Times are seconds of any one clock that only goes forward.

    `turns`: its dialogue tells when a turn begins and ends; else output is all there is to go by.
    """

    def __init__(self, began: float, *, turns: bool, idle_after: float) -> None:
        self._turns, self._idle_after = turns, idle_after
        self._began, self._heard_at = began, -math.inf
        self._ready_since: float | None = None
        self._open = False
        self._asks: dict[str, str] = {}
        self._retry: str | None = None
        self._seems: State | None = None
        self._tool: str | None = None
        self.writing_since: float | None = None
        """Since when it has been given something that it has not read."""
        self.held: str | None = None
        """Why it is given nothing for now."""
        self.evidence: deque[Evidence] = deque(maxlen=_EVIDENCE)
        self.changed = trio.Event()
        """Set when the state may be another one."""

    def heard(self, now: float) -> None:
        """Note that it said anything at all."""
        self._heard_at = now

    def told(self, now: float) -> None:
        """Note that it was given a message, so that a turn is to begin."""
        if self._turns:
            self._open, self._ready_since, self._heard_at = True, None, max(now, self._heard_at)

    def ready(self, now: float) -> None:
        """Note that it waits for a message."""
        self._open, self._retry, self._tool = False, None, None
        self._asks.clear()
        if self._ready_since is None:
            self._ready_since = now

    def see(self, seen: Iterable[o.Observation], now: float) -> None:
        """Take in what its output shows."""
        for observation in seen:
            self._see(observation, now)
            if words := words_for(observation):
                self.note(words)

    def note(self, words: str) -> None:
        """Remember something as evidence."""
        remember(self.evidence, utc_now(), words)

    def _see(self, observation: o.Observation, now: float) -> None:
        match observation:
            case o.Unknown() | o.Spent() | o.Started():
                return
            case o.Seems(activity, words):
                self._seems = None if activity in {Activity.ACTIVE, Activity.READY} else (activity, words)
            case o.Asked(ask, tool, summary):
                self._asks[ask] = f"waits for approval of {tool}: {summary}"
            case o.AskWithdrawn(ask):
                self._asks.pop(ask, None)
            case o.Retrying():
                self._retry = retrying(observation)
                return
            case o.ToolStarted(tool, summary):
                self._tool = f"{tool} {summary}".strip()
            case o.ToolEnded():
                self._tool = None
            case o.TurnStarted():
                self._open, self._ready_since = True, None
            case o.TurnEnded():
                self.ready(now)
        self._retry = None

    def answered(self, ask: str) -> None:
        """Note that it does not wait for this permission any more."""
        self._asks.pop(ask, None)

    def state(self, now: float) -> State:
        """Return what it is doing, and why where that needs words."""
        if self._asks:
            return Activity.WAITING_INPUT, next(iter(self._asks.values()))
        if self._seems:
            return self._seems
        if self.held:
            return Activity.BLOCKED, self.held
        if self.writing_since is not None and now >= self.writing_since + _UNREAD:
            return Activity.BLOCKED, f"has not read its input for {_UNREAD:g} s"
        if self._retry:
            return Activity.BLOCKED, self._retry
        return self._in_turns(now) if self._turns else self._by_output(now)

    def _by_output(self, now: float) -> State:
        if now >= max(self._heard_at, self._began) + self._idle_after:
            return Activity.IDLE, None
        return (Activity.ACTIVE if self._heard_at > -math.inf else None), None

    def _in_turns(self, now: float) -> State:
        if self._ready_since is not None:
            long = now >= self._ready_since + self._idle_after
            return (Activity.IDLE if long else Activity.READY), None
        if now < max(self._heard_at, self._began) + self._patience:
            return Activity.ACTIVE, None
        where = f"while {self._tool} runs" if self._tool else "in mid-turn" if self._open else "yet"
        return Activity.BLOCKED, f"has said nothing for {self._patience:g} s {where}"

    @property
    def _patience(self) -> float:
        return self._idle_after * (_AT_WORK if self._tool else 1)

    def due(self, now: float) -> float:
        """Return how many seconds from now on the clock alone may change the state; infinite: never."""
        silent = max(self._heard_at, self._began)
        moments = [silent + self._idle_after, silent + self._patience]
        if self._ready_since is not None:
            moments.append(self._ready_since + self._idle_after)
        if self.writing_since is not None:
            moments.append(self.writing_since + _UNREAD)
        due = min((moment - now for moment in moments if moment > now), default=math.inf)
        return max(due, _TICK)
