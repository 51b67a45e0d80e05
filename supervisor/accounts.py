"""Accounts that are at their usage limit: agents of that name are given nothing until it is over."""

from datetime import datetime

import trio

from .events import now

LONGEST = 8 * 86400.0
"""Seconds that a limit is believed to last, at most: vendors have limits of hours and of a week."""
UNKNOWN = 1800.0
"""Seconds that a limit is taken to last when the agent does not say."""


class Accounts:
    """By the agent's name: until when it may not use its model. In memory; sessions remember their own."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, datetime]] = {}

    def hold(self, agent: str, until: datetime) -> None:
        """Give this agent's sessions nothing until a moment; the latest that was said counts."""
        at = trio.current_time() + (until - now()).total_seconds()
        known = self._held.get(agent)
        if known is None or at > known[0]:
            self._held[agent] = at, until

    def left(self, agent: str) -> float:
        """Return for how many seconds more; 0: the agent may go on."""
        held = self._held.get(agent)
        return max(0.0, held[0] - trio.current_time()) if held else 0.0

    def why(self, agent: str) -> str | None:
        """Say until when, or None when it may go on."""
        if not self.left(agent):
            return None
        return f"its account is at its usage limit until {self._held[agent][1]:%Y-%m-%dT%H:%M:%SZ}"
