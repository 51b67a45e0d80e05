"""The same request twice is done once: the answers that were given under an Idempotency-Key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from ennio.supervisor import Conflict, DeadlineExceeded

KEPT = 24 * 3600.0
"""Seconds that an answer is kept, from when it was given."""
MOST = 10_000
"""Answers kept; past that the oldest go first."""


@dataclass(slots=True, eq=False)
class _Attempt:
    """One request under a key: being carried out, or answered."""

    fingerprint: bytes
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
    ) -> bytes:
        """Carry out `act`, unless it was done already: then return the first answer.

        While another does it, wait for that one, at most `seconds`; should it fail or be cancelled, do it
        instead. A failure is not kept. Raises `Conflict` when the key was used with another fingerprint.
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
        if patience.cancelled_caught:
            words = "waiting for the first request with this Idempotency-Key took longer than"
            raise DeadlineExceeded(f"{words} {seconds:g} s")
        return await self._attempt(place, _Attempt(fingerprint), act)

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
        attempt.until = trio.current_time() + KEPT
        self._attempts[place] = attempt  # at the end: answers are in the order in which they were given
        self._forget_the_oldest()
        return attempt.answer

    def _forget_the_oldest(self) -> None:
        if len(self._attempts) > MOST:
            answered = (place for place, attempt in self._attempts.items() if attempt.answer is not None)
            del self._attempts[next(answered)]
