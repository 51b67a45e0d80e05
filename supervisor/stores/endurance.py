"""To go on when the database does not: what can pass is tried again, and said meanwhile."""

from collections.abc import Callable
from typing import TypeVar

import structlog
import trio

from .faults import passing, said

Result = TypeVar("Result")

_log = structlog.get_logger()

_SHORTEST, _LONGEST = 0.05, 1.0
"""Seconds between two tries: the first, and at most."""
_SILENCE = 3.0
"""Seconds without an answer until that is called trouble."""


class Endurance:
    """Runs what talks to a database in threads, for as long as it takes."""

    def __init__(self) -> None:
        self._troubles: dict[object, str] = {}
        self._asked: dict[object, float] = {}

    @property
    def trouble(self) -> str | None:
        """What is the matter just now, or None."""
        if self._troubles:
            return next(iter(self._troubles.values()))
        long_ago = trio.current_time() - _SILENCE
        return "the database does not answer" if any(at < long_ago for at in self._asked.values()) else None

    async def run(self, act: Callable[[], Result], limiter: trio.CapacityLimiter) -> Result:
        """Return what `act` does; what can pass is tried again. Raises what cannot.

        Cancelled: `act` may still be at work in its thread, and nobody learns what came of it.
        """
        me, pause = object(), _SHORTEST
        try:
            while True:
                self._asked[me] = trio.current_time()
                try:
                    result = await trio.to_thread.run_sync(act, abandon_on_cancel=True, limiter=limiter)
                except Exception as error:
                    words = passing(error)
                    if words is None:
                        raise
                    self._begins(me, words, error)
                else:
                    self._ends(me)
                    return result
                await trio.sleep(pause)
                pause = min(_LONGEST, pause * 2)
        finally:
            self._troubles.pop(me, None)
            del self._asked[me]

    def _begins(self, who: object, words: str, error: Exception) -> None:
        if not self._troubles:
            _log.warning("the database is in trouble, and what needs it waits", why=words, said=said(error))
        self._troubles[who] = words

    def _ends(self, who: object) -> None:
        if self._troubles.pop(who, None) and not self._troubles:
            _log.info("the database is out of trouble")
