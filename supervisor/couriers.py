"""Couriers: one for each notifier, who carries notices to it in order. No session ever waits for one."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import stamina
import structlog
import trio

from .errors import NotFound, NotifierFailed
from .events import now
from .ids import ProjectId, SessionId, event_id
from .protocols import Notifier
from .records import Notice

MOST_WAITING = 1000
"""Notices that may wait for one notifier; newer ones are refused."""
ATTEMPTS = 5
"""Tries of one notice, if trying may help: over about two minutes."""
_FIRST_WAIT, _LONGEST_WAIT, _JITTER = 8.0, 90.0, 4.0
"""Seconds between tries; each wait is twice as long as the one before."""
_MOST_PATIENCE = 300.0
"""Seconds that a notifier may ask for until the next try; if it asks for more, there is none."""
_ATTEMPT, _CLOSING = 30.0, 2.0
"""Seconds that one try may take, and that all notifiers together may take to close."""

Told = Callable[[str, NotifierFailed | None], Awaitable[None]]
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What is under way: a notice, and who is told what became of it."""

    notice: Notice
    told: Told


class Couriers:
    """Carries notices to the notifiers, by their names.

    A notice is delivered at least once: what was under way when the server ended has to be posted again, and
    keeps its `id`.
    """

    def __init__(self, notifiers: Mapping[str, Notifier]) -> None:
        self._couriers = {name: _Courier(name, notifier) for name, notifier in notifiers.items()}
        refused = trio.open_memory_channel[tuple[str, NotifierFailed, Told]](math.inf)
        self._refuse, self._refused = refused

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the notifiers that there are."""
        return tuple(self._couriers)

    async def run_forever(self) -> None:
        """Deliver what is posted, then let go of all notifiers.

        Nothing that a notifier does ends this; what a `told` raises does, in an exception group.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tell_refused)
                for courier in self._couriers.values():
                    nursery.start_soon(courier.run_forever)
        finally:
            with trio.move_on_after(_CLOSING, shield=True):
                async with trio.open_nursery() as nursery:
                    for courier in self._couriers.values():
                        nursery.start_soon(courier.close)

    def post(self, notice: Notice, told: Told) -> None:
        """Hand a notice to each notifier that waits for it. Never waits and never raises.

        `told` is awaited once for each of these names: with None when it was delivered, with the error when
        it is given up or refused. It must not wait long, for the notices behind wait for it.
        """
        for name in notice.waiting:
            courier = self._couriers.get(name)
            if courier is None:
                says = f"the notifier {name} is not configured any more; {self._known()}"
                self._refuse.send_nowait((name, NotifierFailed(says, lasting=True), told))
            elif not courier.take(_Parcel(notice, told)):
                says = f"{MOST_WAITING} notices wait for the notifier {name} already: this one was dropped"
                self._refuse.send_nowait((name, NotifierFailed(says), told))

    async def test(self, name: str) -> None:
        """Deliver a notice that is only a test, now and with one try.

        Raises `NotFound` for a notifier that there is not, and `NotifierFailed`.
        """
        if name not in self._couriers:
            raise NotFound(f"there is no notifier {name[:80]!a}; {self._known()}")
        await self._couriers[name].try_once(_test_notice(name))

    async def _tell_refused(self) -> None:
        async for name, error, told in self._refused:
            await told(name, error)

    def _known(self) -> str:
        return f"there are: {', '.join(self._couriers)}" if self._couriers else "none is configured"


class _Courier:
    """Carries notices to one notifier, one after the other.

    Once one was given up because the notifier is `down`, the others do not wait for tries that will fail as
    well: each has one, until one is delivered.
    """

    def __init__(self, name: str, notifier: Notifier) -> None:
        self._name, self._notifier, self._down = name, notifier, False
        self._outgoing, self._incoming = trio.open_memory_channel[_Parcel](MOST_WAITING)

    def take(self, parcel: _Parcel) -> bool:
        """Put it behind the others; return whether there was room."""
        try:
            self._outgoing.send_nowait(parcel)
        except trio.WouldBlock:
            return False
        return True

    async def run_forever(self) -> None:
        """Deliver one parcel after the other."""
        structlog.contextvars.bind_contextvars(notifier=self._name)
        async for parcel in self._incoming:
            await parcel.told(self._name, await self._deliver(parcel.notice))

    async def try_once(self, notice: Notice) -> None:
        """Deliver it with one try, or raise `NotifierFailed`: for a bug too, which is logged as well."""
        with trio.move_on_after(_ATTEMPT) as scope:
            try:
                await self._notifier.notify(notice)
            except NotifierFailed:
                raise
            except Exception as error:
                _log.error("a notifier has a bug", notifier=self._name, notice=notice.id, exc_info=error)
                says = f"has a bug ({type(error).__name__}); the server's log has it"
                raise NotifierFailed(f"the notifier {self._name} {says}", lasting=True) from error
        if scope.cancelled_caught:
            raise NotifierFailed(f"the notifier {self._name} took longer than {_ATTEMPT:g} s")
        self._down = False

    async def close(self) -> None:
        """Let go of the notifier; a bug in that is logged, for everything ends anyway."""
        try:
            await self._notifier.aclose()
        except Exception as error:
            _log.error("a notifier cannot be closed", notifier=self._name, exc_info=error)

    async def _deliver(self, notice: Notice) -> NotifierFailed | None:
        try:
            async for attempt in stamina.retry_context(
                on=_once_more,
                attempts=1 if self._down else ATTEMPTS,
                timeout=None,
                wait_initial=_FIRST_WAIT,
                wait_max=_LONGEST_WAIT,
                wait_jitter=_JITTER,
            ):
                with attempt:
                    await self.try_once(notice)
        except NotifierFailed as error:
            self._down = self._down or not error.lasting
            _log.warning("a notice was given up", notifier=self._name, notice=notice.id, why=str(error))
            return error
        return None


def _once_more(error: Exception) -> bool | float:
    """Return whether to try again, and where the notifier says it: after how many seconds."""
    if not isinstance(error, NotifierFailed) or error.lasting:
        return False
    if error.seconds is None:
        return True
    return max(error.seconds, _FIRST_WAIT) if error.seconds <= _MOST_PATIENCE else False


def _test_notice(name: str) -> Notice:
    return Notice(
        id=event_id(),
        session_id=SessionId("test"),
        project_id=ProjectId("test"),
        reaction="test",
        priority="info",
        title="ennio: a test",
        text=f"This is a test of the notifier {name}. Nothing has happened.",
        at=now(),
        waiting=(name,),
    )
