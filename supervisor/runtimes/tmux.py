"""Agents in the panes of a tmux server of ennio's own: for what wants a terminal, and for onlookers."""

import os
import sys
from dataclasses import replace
from importlib.util import find_spec

import trio

from ..errors import Unavailable
from ..protocols import Host
from ..records import Handle, Hold, Launch
from .recording import Recording
from .tmux_server import TERM, Pane, TmuxServer
from .tmux_terminal import TmuxTerminal

_ANSWER = 1.0
"""Seconds within which a holder answers, unless somebody has stopped it."""

_LAST_CHANCE = 2.0
"""Seconds that it has after it was let go on."""

_FOREIGN = ("TMUX", "TMUX_PANE", "COLUMNS", "LINES", "TERMCAP")
"""What the environment tells of another terminal, if the server itself was started in one."""


class TmuxRuntime:
    """Start agents in a terminal each: `protocols.Runtime`. What serves them runs in `nursery`.

    A session of tmux has the name of ennio's. The agent is held by a holder of its own inside of the pane,
    so it outlives the server, and all of its tree is ended with it, as with plain processes.
    """

    containment = "best-effort"
    """Of a class: what any host gives. Of an instance: what its host gives."""

    def __init__(self, host: Host, nursery: trio.Nursery) -> None:
        self.containment = host.containment
        self._host, self._nursery = host, nursery
        self._servers: dict[str, TmuxServer] = {}

    async def launch(self, launch: Launch) -> TmuxTerminal:
        """Start an agent. Failed or cancelled: nothing of it runs.

        Raises `AgentMissing` where tmux is missing or too old, `Unavailable` where nothing can hold an
        agent, and what `Host.hold` raises.
        """
        if self.containment == "best-effort":
            raise Unavailable('the runtime tmux needs Linux, with pidfds: use runtime = "process" here')
        hold = launch.hold
        server = self._server(hold)
        await server.check()
        folder = await self._host.clear(hold)
        recording = Recording(hold, folder)
        try:
            pane = await self._open(server, hold, folder, recording)
            holder = await self._host.hold(_in_terminal(launch), terminal=True)
            terminal = TmuxTerminal(holder, hold, server, pane, recording, new=True)
            try:
                self._keep(terminal)
            except BaseException:  # a nursery that has closed takes nobody in
                with trio.CancelScope(shield=True):
                    await holder.end()
                    await holder.aclose()
                raise
        except BaseException:
            recording.close()
            with trio.CancelScope(shield=True):
                await server.close(hold.session_id)
                await self._host.end_marked(self._host.mark(hold))
            raise
        return terminal

    async def adopt(self, hold: Hold, handle: Handle | None) -> TmuxTerminal:
        """Take over what an earlier server launched in this hold; see `protocols.Runtime`."""
        holder = await self._host.find(hold, handle)
        recording = Recording(hold, f"{hold.folder}/run")
        server = self._server(hold)
        try:
            pane = await server.find(holder.handle.holder) if holder.handle.holder else None
        except BaseException:
            with trio.CancelScope(shield=True):
                await holder.aclose()
            raise
        recording.listen()
        terminal = TmuxTerminal(holder, hold, server, pane, recording, new=False)
        try:
            self._keep(terminal)
            if holder.connected and not await terminal.vigil.answers_within(_ANSWER):
                holder.wake()
                if not await terminal.vigil.answers_within(_LAST_CHANCE):
                    terminal.vigil.ask(0)
        except BaseException:
            with trio.CancelScope(shield=True):
                await terminal.aclose()
            raise
        return terminal

    async def survey(self) -> None:
        """Look at what all agents held here take, in one pass; `Terminal.usage` tells."""
        await self._host.survey()

    async def _open(self, server: TmuxServer, hold: Hold, folder: str, recording: Recording) -> Pane:
        """Make a terminal with somebody in it who waits to hold the agent, and record what it shows."""
        recording.make()
        shim = (sys.executable, "-I", "-S", _bootstrap(), "listen", os.path.abspath(folder))
        pane = await server.open(hold.session_id, self._host.mark(hold), shim, recording.command())
        await recording.ready()
        return pane

    def _keep(self, terminal: TmuxTerminal) -> None:
        terminal.vigil.keep_in(self._nursery)
        self._nursery.start_soon(terminal.serve)

    def _server(self, hold: Hold) -> TmuxServer:
        """Return the server of this data folder: a mark begins with its name."""
        instance = self._host.mark(hold).partition("/")[0]
        if instance not in self._servers:
            self._servers[instance] = TmuxServer(self._host, self._nursery, f"ennio-{instance}")
        return self._servers[instance]


def _in_terminal(launch: Launch) -> Launch:
    """Return the launch with an environment that speaks of the pane, not of the server's own terminal."""
    env = {name: value for name, value in launch.env.items() if name not in _FOREIGN}
    return replace(launch, env={**env, "TERM": TERM})


def _bootstrap() -> str:
    found = find_spec("..shim.bootstrap", __package__)
    if found is None or found.origin is None:
        raise Unavailable(
            "the program that holds agents is not installed: ennio/supervisor/shim/bootstrap.py"
        )
    return found.origin
