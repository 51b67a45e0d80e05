"""A running program with all that it started, and their end: ask, grant a grace, force."""

import math
import os
import signal
from contextlib import suppress

import structlog
import trio

from ..errors import Survivor
from . import table
from .census import CENSUS
from .kin import Aim, Kin

_log = structlog.get_logger()

_BLIND = 0.5
"""Seconds until the next look after one that was not possible."""

_HEAD_START = 0.02
"""Seconds that the leader's group has to end before others are looked for: most trees need no look."""

_QUIET = 1.0
"""Seconds for which nothing may be found while orphans, whosever they are, keep turning up and vanishing."""


class ProcessTree:
    """One program that this process started, its leader, and whatever descends from it."""

    def __init__(self, leader: trio.Process, kin: Kin) -> None:
        self.leader, self.kin = leader, kin
        self.ended = False
        self._turn = trio.Lock()
        self._force_at = math.inf
        self._patience = trio.CancelScope()

    async def stop(self, grace: float) -> None:
        """End it all; see `protocols.Process.stop`. The shortest grace that anyone gives counts.

        When the caller who does the work is cancelled, another one that joined takes over.
        """
        self._force_at = min(self._force_at, trio.current_time() + grace)
        self._patience.deadline = min(self._patience.deadline, self._force_at)
        async with self._turn:
            if self.ended:
                return
            if trio.current_time() < self._force_at:
                with trio.CancelScope(deadline=self._force_at) as self._patience:
                    await self._ask()
            await self._force()
            await self.leader.wait()
            self.forget()

    def forget(self) -> None:
        """Note that nothing is left, or that what is left is nobody's."""
        self.ended = True
        CENSUS.forget(self.kin)

    def nothing_left(self) -> bool:
        """Tell at once that it is all gone; False: it takes a look to know."""
        try:
            return self.leader.poll() is not None and CENSUS.is_empty(self.kin)
        except OSError:  # no descriptor is left to look with
            return False

    def strike_group(self, number: signal.Signals) -> None:
        """Signal the leader's process group, for as long as the leader keeps its number from others."""
        if self.leader.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.leader.pid, number)

    def survivors(self) -> tuple[Survivor, ...]:
        """Return what the last look found and is there still, once its end was asked for."""
        if self.ended or self.kin.aim is Aim.LIVE:
            return ()
        members = self.kin.members
        return tuple(
            Survivor(now.pid, now.command, now.state, table.uid_of(now.pid))
            for now, entry in zip((table.look(entry.pid) for entry in members), members, strict=True)
            if now and now.alive and now.ident == entry.ident
        )

    async def _ask(self) -> None:
        """Ask everyone to end, and wait for as long as anyone is left."""
        if self.kin.aim is Aim.LIVE:
            self.kin.group_asked = self.leader.poll() is None
            self.strike_group(signal.SIGTERM)
            self.strike_group(signal.SIGCONT)
            self.kin.aim = Aim.LEAVE
        with trio.move_on_after(_HEAD_START):
            await self.leader.wait()
        if self.nothing_left():
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look)  # which asks those outside the group
            await self.leader.wait()
            if self.nothing_left():
                nursery.cancel_scope.cancel()
        pause = 0.002
        while not self.nothing_left():
            await self._look()
            if not self.kin.members:
                return
            await trio.sleep(pause)
            pause = min(2 * pause, 0.05)

    async def _force(self) -> None:
        """Freeze and kill whatever is left, for as long as anything is."""
        self.kin.aim = Aim.DIE
        pause, last_seen = 0.001, trio.current_time()
        while not self.nothing_left():
            before = len(self.kin.members)
            await self._look()
            if self.kin.members:
                last_seen = trio.current_time()
            elif not CENSUS.restless or trio.current_time() > last_seen + _QUIET:
                return
            if self.kin.unsettled:
                continue
            await trio.sleep(pause)
            pause = min(2 * pause, 1.0) if len(self.kin.members) == before else 0.001

    async def _look(self) -> None:
        try:
            await CENSUS.look()
        except (OSError, RuntimeError) as error:  # no descriptor, or no thread, is to be had
            _log.warning("processes cannot be looked at; trying again", pid=self.leader.pid, error=str(error))
            await trio.sleep(_BLIND)
