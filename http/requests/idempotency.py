"""The same request twice is done once: the answers that were given under an Idempotency-Key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from ennio.supervisor import Conflict, DeadlineExceeded, EnnioError

KEPT = 24 * 3600.0
"""Seconds that an answer is kept, from when it was given."""
MOST = 10_000
"""Answers kept; past that the oldest go first."""


@dataclass(slots=True, eq=False)
class _Attempt:
    """One request under a key: being carried out, or answered."""

    fingerprint: bytes
    rest: Callable[[], Awaitable[bytes]] | None = None
    """What is still under way of it, though nobody waited to the end."""
    over: trio.Event = field(default_factory=trio.Event)
    answer: bytes | None = None
    until: float = float("inf")


class GivenAnswers:
    """Remember what was answered, by what was asked for and under which key."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, str], _Attempt] = {}

    async def once(
        self,
        target: str,
        key: str | None,
        fingerprint: bytes,
        seconds: float,
        act: Callable[[], Awaitable[bytes]],
        begun: Callable[[], bool] = lambda: False,
        rest: Callable[[], Awaitable[bytes]] | None = None,
    ) -> bytes:
        """Carry out `act`, unless it was done already: then return the first answer.

        While another does it, wait for that one, at most `seconds`; should it fail or be cancelled, do it
        instead. A failure is not kept; but when `begun` says that `act` will be completed all the same,
        whoever comes next waits for `rest` instead of doing it twice. Raises `Conflict` when the key was
        used with another fingerprint.
        """
        if key is None:
            return await act()
        place = target, key
        with trio.move_on_after(seconds) as patience:
            while (first := self._find(place)) is not None:
                if first.fingerprint != fingerprint:
                    raise Conflict("this Idempotency-Key was used before, with another body: take a new one")
                if first.answer is not None:
                    return first.answer
                await first.over.wait()
                if first.rest is not None:
                    return await self._see_through(place, first, first.rest)
        if patience.cancelled_caught:
            words = "waiting for the first request with this Idempotency-Key took longer than"
            raise DeadlineExceeded(f"{words} {seconds:g} s")
        attempt = _Attempt(fingerprint)
        try:
            return await self._attempt(place, attempt, act)
        finally:
            if attempt.answer is None and begun():
                attempt.rest = rest
                self._keep(place, attempt)

    def _find(self, place: tuple[str, str]) -> _Attempt | None:
        attempt = self._attempts.get(place)
        if attempt is not None and attempt.until <= trio.current_time():
            del self._attempts[place]
            return None
        return attempt

    async def _attempt(
        self, place: tuple[str, str], attempt: _Attempt, act: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        self._attempts[place] = attempt
        try:
            attempt.answer = await act()
        finally:
            attempt.over.set()
            del self._attempts[place]
        self._keep(place, attempt)
        return attempt.answer

    async def _see_through(
        self, place: tuple[str, str], attempt: _Attempt, rest: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        try:
            attempt.answer = await rest()
        except EnnioError:
            self._attempts.pop(place, None)
            raise
        return attempt.answer

    def _keep(self, place: tuple[str, str], attempt: _Attempt) -> None:
        attempt.until = trio.current_time() + KEPT
        self._attempts[place] = attempt  # at the end: answers are in the order in which they were given
        if len(self._attempts) > MOST:
            over = (place for place, attempt in self._attempts.items() if attempt.over.is_set())
            del self._attempts[next(over)]
