"""Agents that are held by a process of their own, which outlives the server."""

import trio

from ..protocols import Host, Terminal
from ..records import Handle, Hold, Launch
from .terminal import HeldTerminal

_ANSWER = 1.0
"""Seconds within which a holder answers, unless somebody has stopped it."""

_LAST_CHANCE = 2.0
"""Seconds that it has after it was let go on."""


class HeldRuntime:
    """Start agents under a holder each: `protocols.Runtime`. What listens to them runs in `nursery`."""

    def __init__(self, host: Host, nursery: trio.Nursery) -> None:
        self.containment = host.containment
        self._host, self._nursery = host, nursery

    async def launch(self, launch: Launch) -> Terminal:
        """Start an agent. Failed or cancelled: nothing of it runs. Raises what `Host.hold` raises."""
        holder = await self._host.hold(launch)
        terminal = HeldTerminal(holder, launch.hold, new=True)
        try:
            terminal.vigil.keep_in(self._nursery)
        except BaseException:  # a nursery that has closed takes nobody in
            with trio.CancelScope(shield=True):
                await holder.end()
                await holder.aclose()
            raise
        return terminal

    async def adopt(self, hold: Hold, handle: Handle | None) -> Terminal:
        """Take over what an earlier server launched in this hold; see `protocols.Runtime`."""
        holder = await self._host.find(hold, handle)
        terminal = HeldTerminal(holder, hold, new=False)
        try:
            terminal.vigil.keep_in(self._nursery)
            if not await terminal.vigil.answers_within(_ANSWER):
                holder.wake()
                if not await terminal.vigil.answers_within(_LAST_CHANCE):
                    terminal.vigil.ask(0)
        except BaseException:
            with trio.CancelScope(shield=True):
                await terminal.aclose()
            raise
        terminal.taken = terminal.vigil.letters.taken
        return terminal

    async def survey(self) -> None:
        """Look at what all agents held here take, in one pass; `Terminal.usage` tells."""
        await self._host.survey()
