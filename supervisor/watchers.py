"""Looks at code hosts: one watcher a repository, which tells sessions the facts of their pull requests.

A look that failed tells no facts. Whatever takes long or fails at a host is in no session's way.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import structlog
import trio

from .errors import EnnioError, ForgeFailed, ForgeRefused, SessionOver, Throttled
from .events import now
from .ids import SessionId
from .messages import Seen, Unseen
from .pace import Pace
from .preparing import bug
from .protocols import Scm
from .records import Hint, PullRequest
from .review import sought
from .session import Session

_AT_ONCE = 4
"""So many sessions of one repository are looked at side by side."""
_GATHER = 0.3
"""Seconds in which hints are gathered: a host sends several words of one change. So nobody who repeats them
can have a session looked at more often than that."""
_SLOWEST_RETRY = 30.0
"""Seconds, at most, until a host that fails is asked again."""
_LONGEST_REST = 3600.0
"""Seconds, at most, that a host's limits keep a watcher from looking."""

_log = structlog.get_logger()


class Watcher:
    """Look at one repository for all `sessions` that work in it, every `interval` seconds and when hinted."""

    def __init__(self, scm: Scm, interval: float, sessions: Callable[[], Iterable[Session]]) -> None:
        self.scm, self._interval, self._sessions = scm, interval, sessions
        self._hinted, self._woken = set[SessionId](), trio.Event()
        self._told: dict[SessionId, PullRequest | None] = {}
        self._pace = Pace()
        self._failed = 0
        self._trouble: EnnioError | None = None
        self._alone = set[SessionId]()
        """Whose looks failed though the host answers: what is wrong is their own."""

    async def run_forever(self) -> None:
        """Look at all in rounds, and between them at those that were hinted at or that failed alone."""
        while True:
            began = trio.current_time()
            await self._look_at(self._due())
            again = max(began + self._pause(trio.current_time() - began), trio.current_time())
            while trio.current_time() < again:
                if not await self._woken_before(min(again, self._again_alone())):
                    self._hinted |= self._alone
                if trio.current_time() >= again:
                    break
                failed = self._failed
                await self._look_at(self._take_hinted())
                if self._failed > failed:
                    again = trio.current_time() + self._pause(0)

    def _again_alone(self) -> float:
        """Return when those are asked for again whose looks failed while others' did not."""
        return trio.current_time() + _SLOWEST_RETRY if self._alone else math.inf

    async def _woken_before(self, moment: float) -> bool:
        """Wait for hints, and for more of them; return whether there were any before a moment."""
        with trio.move_on_at(moment):
            await self._woken.wait()
            await trio.sleep(_GATHER)
            return True
        return False

    def hint(self, hint: Hint) -> None:
        """Look at those sessions at once that this may be about."""
        found = {session.record.id for session in self._sessions() if _is_meant(session, hint)}
        if found - self._hinted:
            self._hinted |= found
            self._woken.set()

    def _take_hinted(self) -> list[Session]:
        """Return the sessions that were hinted at, each to be asked for everything."""
        hinted, self._hinted, self._woken = self._hinted, set(), trio.Event()
        found = [session for session in self._sessions() if session.record.id in hinted]
        for session in found:
            self._pace.hinted(session.record)
        return found

    def _due(self) -> list[Session]:
        """Return the sessions to look at now; forget what is known of those that are watched no more."""
        watched = [session for session in self._sessions() if sought(session.record) is not None]
        hinted = {session.record.id for session in self._take_hinted()}
        if not watched:  # nobody's trouble keeps the next one waiting
            self._recovered()
        self._told = {
            one.record.id: self._told[one.record.id] for one in watched if one.record.id in self._told
        }
        resting = self._failed == 0 and self.scm.wait > 0
        self._pace.keep({session.record.id for session in watched})
        return [
            session
            for session in watched
            if session.record.id in hinted or self._pace.is_due(session.record, now(), resting=resting)
        ]

    async def _look_at(self, sessions: Sequence[Session]) -> None:
        """Look at sessions, side by side. One that fails does not keep the others from being seen."""
        alone = self._alone
        at_once = trio.CapacityLimiter(_AT_ONCE)
        seen, failures = set[SessionId](), dict[SessionId, EnnioError]()

        async def look(session: Session) -> None:
            async with at_once:
                if not _refuses(failures.values()):
                    try:
                        await self._look(session)
                        seen.add(session.record.id)
                    except EnnioError as error:
                        failures[session.record.id] = error

        async with trio.open_nursery() as nursery:
            for session in sessions:
                nursery.start_soon(look, session)
        unseen = [one for one in sessions if one.record.id not in seen]
        ids = {one.record.id for one in unseen}
        first = next(iter(failures.values()), None)
        self._alone = (self._alone - seen) | ids
        if first and (_refuses(failures.values()) or not (seen or ids <= alone)):
            self._alone = set()
            self._fail(first)
        elif seen:
            self._recovered()
        for session in unseen:
            if error := failures.get(session.record.id, first):
                await self._tell_trouble(session, error)

    async def _look(self, session: Session) -> None:
        target, thorough = sought(session.record), self._pace.thorough(session.record)
        if target is None:
            return
        try:
            facts = await self.scm.look(target, thorough=thorough)
        except EnnioError:
            raise
        except Exception as error:
            raise ForgeFailed(bug(self.scm, error)) from error
        self._pace.looked(session.record)
        news = session.record.id not in self._told or self._told[session.record.id] != facts
        if news or thorough or session.record.host_trouble is not None:
            self._told[session.record.id] = facts
            with suppress(SessionOver):
                await session.mailbox.tell(Seen(facts))

    async def _tell_trouble(self, session: Session, error: EnnioError) -> None:
        """Say once that nothing new is known, and why."""
        if sought(session.record) is not None and session.record.host_trouble is None:
            with suppress(SessionOver):
                await session.mailbox.tell(Unseen(str(error)))

    def _fail(self, error: EnnioError) -> None:
        """Note that the host cannot be asked: all are due as soon as it can be."""
        self._failed += 1
        self._pace.again()
        if self._trouble is None or type(self._trouble) is not type(error):
            _log.error("a code host cannot be asked", code_host=self.scm.name, error=str(error))
        self._trouble = error

    def _recovered(self) -> None:
        if self._trouble is not None:
            _log.info("a code host can be asked again", code_host=self.scm.name)
        self._failed, self._trouble = 0, None

    def _pause(self, took: float) -> float:
        """Return how long after its beginning a round that `took` so many seconds is followed by the next."""
        if isinstance(self._trouble, Throttled):
            return took + min(self._trouble.seconds, _LONGEST_REST)
        if self._failed:
            backoff = min(_SLOWEST_RETRY, min(self._interval, 1.0) * 2 ** min(self._failed, 10))
            return took + float(backoff * random.uniform(0.5, 1.0))
        return self._interval


class Watchers:
    """One watcher for each repository of the configured projects."""

    def __init__(
        self, scms: Iterable[Scm], interval: float, sessions: Callable[[], Iterable[Session]]
    ) -> None:
        self._watchers: dict[str, Watcher] = {}
        for scm in scms:
            if scm.name not in self._watchers:
                self._watchers[scm.name] = Watcher(scm, interval, _of(scm, sessions))

    async def run_forever(self) -> None:
        """Watch all of them. A bug here goes on to whoever started it."""
        async with trio.open_nursery() as nursery:
            for watcher in self._watchers.values():
                nursery.start_soon(watcher.run_forever)

    def hint(self, scm: Scm, hint: Hint) -> None:
        """Have a repository looked at, as far as a host's word is about a session."""
        self._watchers[scm.name].hint(hint)


def _of(scm: Scm, sessions: Callable[[], Iterable[Session]]) -> Callable[[], list[Session]]:
    """Return those sessions that work in a repository."""
    return lambda: [
        one for one in sessions() if one.project.scm and one.project.scm.name == scm.name and not one.vanished
    ]


def _refuses(errors: Iterable[EnnioError]) -> bool:
    """Whether the host takes nothing from us now, whatever it is about."""
    return any(isinstance(error, Throttled | ForgeRefused) for error in errors)


def _is_meant(session: Session, hint: Hint) -> bool:
    pull = session.record.pull
    by_pull = pull is not None and (pull.number in hint.numbers or pull.head in hint.commits)
    return session.record.branch in hint.branches or by_pull
