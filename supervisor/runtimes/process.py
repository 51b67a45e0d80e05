"""Agents as plain processes."""

import trio

from ..protocols import Host, Runtime, Terminal
from ..records import Handle, Hold, Launch
from .held import HeldRuntime
from .piped import PipedRuntime


class ProcessRuntime:
    """Start agents on a host and hold them: `protocols.Runtime`. What serves them runs in `nursery`.

    Where the host has holders an agent outlives the server, and all of its tree is ended with it;
    elsewhere it is held by its pipes.
    """

    containment = "best-effort"
    """Of a class: what any host gives. Of an instance: what its host gives."""

    def __init__(self, host: Host, nursery: trio.Nursery) -> None:
        self.containment = host.containment
        best_effort = host.containment == "best-effort"
        self._way: Runtime = PipedRuntime(host, nursery) if best_effort else HeldRuntime(host, nursery)

    async def launch(self, launch: Launch) -> Terminal:
        """Start an agent. Failed or cancelled: nothing of it runs. Raises what `Host.hold` raises."""
        return await self._way.launch(launch)

    async def adopt(self, hold: Hold, handle: Handle | None) -> Terminal:
        """Take over what an earlier server launched in this hold; see `protocols.Runtime`."""
        return await self._way.adopt(hold, handle)

    async def survey(self) -> None:
        """Look at what all agents held here take, in one pass; `Terminal.usage` tells."""
        await self._way.survey()
