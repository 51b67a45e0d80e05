"""When a tree is asked to end, when it is forced, and how long nobody may be there to decide it."""

import math

from .tree import Tree

_ASK_AGAIN = 0.25
_ASK_PAUSE = 0.02
"""Seconds between two looks for newcomers: at most, and at least."""

_FIRST_PAUSE = 0.001
_LAST_PAUSE = 0.25
"""Seconds between two rounds of force that found nobody new: at first, and in the end."""


class Lease:
    """How long an agent may go on with no server: a deadline, which a connection lifts."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.deadline = math.inf

    def lost(self, now: float) -> None:
        """Note that no server is there any more."""
        self.deadline = now + self.timeout

    def renewed(self, timeout: float) -> None:
        """Note that one is there, and how long the next absence may be."""
        self.timeout, self.deadline = timeout, math.inf


class Ending:
    """The end of a tree: SIGTERM, a grace, and then force for as long as anyone is left."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.due = math.inf
        """When `step` is to be called next."""
        self._force_at = math.inf
        self._last = -math.inf
        self._pause = _FIRST_PAUSE
        self.stopping = False
        self.forcing = False

    def stop(self, now: float, grace: float) -> None:
        """End it all; the shortest grace that anyone gave counts."""
        self.stopping = True
        self._force_at = min(self._force_at, now + grace)
        self.due = min(self.due, self._force_at)
        if self._last == -math.inf:
            self.due = now

    def someone_ended(self) -> None:
        """Look soon for newcomers among those that are asked."""
        if self.stopping and not self.forcing:
            self.due = min(self.due, self._last + _ASK_PAUSE)

    def step(self, now: float) -> None:
        """Do what is due."""
        self._last = now
        if now < self._force_at:
            self._tree.ask()
            self.due = min(self._force_at, now + _ASK_AGAIN)
            return
        self.forcing = True
        # Whoever runs away has to be run after. Who cannot be killed must not cost a processor.
        self._pause = 0.0 if self._tree.force() else min(max(2 * self._pause, _FIRST_PAUSE), _LAST_PAUSE)
        self.due = now + self._pause
