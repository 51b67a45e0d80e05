"""The same request twice is done once: the answers that were given under an Idempotency-Key.

Memory knows the requests that are under way, and the store those that came to an end. Before a request is
carried out the store is told that it was begun: so a server that is killed meanwhile leaves a trace of it.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
import trio

from ennio.supervisor import Answer, Answers, Conflict, DeadlineExceeded, EnnioError

KEPT = timedelta(days=1)
"""How long an answer is kept, from when it was given."""
MOST = 10_000
"""Requests that memory holds on to though they are over, because the store does not know their end."""
PATIENCE = 2.0
"""Seconds that the store has to hear the end of a request; past them only memory knows it."""

_OTHER_BODY = "this Idempotency-Key was used before, with another body: take a new one"
_END_UNKNOWN = (
    "the server was cut short in the first request with this Idempotency-Key, and whether that was delivered"
    " is not known: look at the session's messages and output, and take a new key to send it again"
)
_OTHERS = "waiting for the first request with this Idempotency-Key"
_STORING = "storing that a request with this Idempotency-Key was begun"

_log = structlog.get_logger()

Place = tuple[str, str]
"""What was asked for, and the key."""
Act = Callable[[], Awaitable[bytes]]


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True, eq=False)
class _Attempt:
    """One request under a key: being carried out, or over, of which the store does not know yet."""

    fingerprint: bytes
    begun_at: datetime
    noted: bool = False
    """The store may have been told that it was begun."""
    rest: Act | None = None
    """What is still under way of it, though nobody waited to the end."""
    over: trio.Event = field(default_factory=trio.Event)
    answer: bytes | None = None

    @property
    def failed(self) -> bool:
        return self.over.is_set() and self.answer is None and self.rest is None


class GivenAnswers:
    """Remember what was answered, by what was asked for and under which key."""

    def __init__(self, store: Answers, clock: Callable[[], datetime] = now) -> None:
        self._store, self._now = store, clock
        self._attempts: dict[Place, _Attempt] = {}

    async def once(
        self,
        target: str,
        key: str | None,
        fingerprint: bytes,
        seconds: float,
        act: Act,
        begun: Callable[[], bool] = lambda: False,
        rest: Act | None = None,
        done: Callable[[], bytes | None] = lambda: None,
    ) -> bytes:
        """Carry out `act`, unless it was done already: then return the first answer.

        While another does it, wait for that one, at most `seconds`; should it fail or be cancelled, do it
        instead. A failure is not kept; but when `begun` says that `act` will be completed all the same,
        whoever comes next waits for `rest` instead of doing it twice. Raises `Conflict` when the key was
        used with another fingerprint.

        When a server is killed in an `act` without a `rest`, its end undoes that, so it may be done again;
        unless `done` finds that it was completed, and returns the answer. Nobody knows what became of an
        `act` that has a `rest`: that is a `Conflict` too.
        """
        if key is None:
            return await act()
        place, until = (target, key), trio.current_time() + seconds
        with _limit(_OTHERS, seconds, until):
            while (first := self._find(place)) is not None and not first.failed:
                if first.fingerprint != fingerprint:
                    raise Conflict(_OTHER_BODY)
                if first.answer is not None:
                    return first.answer
                await first.over.wait()
                if first.rest is not None:
                    return await self._see_through(place, first, first.rest)
        attempt, store_may_lag = _Attempt(fingerprint, self._now()), first is not None
        self._attempts[place] = attempt
        try:
            with _limit(_STORING, seconds, until):
                if not store_may_lag:
                    attempt.answer = await self._recall(place, fingerprint, done if rest is None else None)
                if attempt.answer is None:
                    attempt.noted = True
                    await self._store.remember(Answer(*place, fingerprint, self._now(), None))
            if attempt.answer is None:
                attempt.answer = await act()
        finally:
            if attempt.answer is None and begun():
                attempt.rest = rest
            attempt.over.set()
            await self._settle(place, attempt)
        return attempt.answer

    def _find(self, place: Place) -> _Attempt | None:
        attempt = self._attempts.get(place)
        if attempt is not None and attempt.over.is_set() and self._now() - attempt.begun_at >= KEPT:
            del self._attempts[place]
            return None
        return attempt

    async def _recall(
        self, place: Place, fingerprint: bytes, done: Callable[[], bytes | None] | None
    ) -> bytes | None:
        """Return the answer that the store has; what was only begun counts for what `done` finds of it."""
        known = await self._store.recall(*place)
        if known is None or self._now() - known.given_at >= KEPT:
            return None
        answer = done() if done and known.content is None else known.content
        if done and answer is None:
            return None
        if known.fingerprint != fingerprint:
            raise Conflict(_OTHER_BODY)
        if answer is None:
            raise Conflict(_END_UNKNOWN)
        return answer

    async def _see_through(self, place: Place, attempt: _Attempt, rest: Act) -> bytes:
        try:
            attempt.answer = await rest()
        except EnnioError:
            attempt.rest = None
            await self._settle(place, attempt)
            raise
        attempt.rest = None
        await self._settle(place, attempt)
        return attempt.answer

    async def _settle(self, place: Place, attempt: _Attempt) -> None:
        """Tell the store the end of a request. Until it knows, memory holds on to that."""
        if not attempt.noted or (attempt.rest is None and await self._told(place, attempt)):
            if self._attempts.get(place) is attempt:
                del self._attempts[place]
        elif len(self._attempts) > MOST:
            over = (place for place, attempt in self._attempts.items() if attempt.over.is_set())
            self._attempts.pop(next(over, place), None)

    async def _told(self, place: Place, attempt: _Attempt) -> bool:
        with trio.move_on_after(PATIENCE, shield=True) as patience:
            try:
                if attempt.answer is None:
                    await self._store.dismiss(*place)
                else:
                    answer = Answer(*place, attempt.fingerprint, self._now(), attempt.answer)
                    await self._store.remember(answer)
            except EnnioError as error:
                _log.warning("the end of a request could not be stored", target=place[0], why=str(error))
                return False
        return not patience.cancelled_caught


@contextmanager
def _limit(what: str, seconds: float, until: float) -> Iterator[None]:
    with trio.move_on_at(until) as scope:
        yield
    if scope.cancelled_caught:
        raise DeadlineExceeded(f"{what} took longer than {seconds:g} s")
