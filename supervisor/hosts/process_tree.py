"""A running program with all that it started, and their end: ask, grant a grace, force."""

import math
import os
import signal
from contextlib import suppress

import trio

from ..errors import Survivor
from .census import CENSUS
from .force import force, look, survivors
from .kin import Aim, Kin

_HEAD_START = 0.02
"""Seconds that the leader's group has to end before others are looked for: most trees need no look."""


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
            await force(self.kin, self.nothing_left)
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
        return () if self.ended else survivors(self.kin)

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
            nursery.start_soon(look, self.kin)  # which asks those outside the group
            await self.leader.wait()
            if self.nothing_left():
                nursery.cancel_scope.cancel()
        pause = 0.002
        while not self.nothing_left():
            await look(self.kin)
            if not self.kin.members:
                return
            await trio.sleep(pause)
            pause = min(2 * pause, 0.05)
