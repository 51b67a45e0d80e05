"""The hold on one agent in a pane of tmux."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog
import trio

from ..errors import CommandFailed, Conflict
from ..output import Chunk
from ..protocols import Holder, Picture, Shown
from ..records import Hold
from .recording import Recording
from .terminal import HeldTerminal
from .tmux_server import Pane, TmuxServer
from .typist import Typist

_log = structlog.get_logger()

_STEP = 65536

_RETRY = 1.0
"""Seconds until kept output is read again that could not be, and between two tries to record it anew."""

_TRIES = 3
"""So many, and then the terminal itself is taken to be gone."""

_LAST_WORDS = 2.0
"""Seconds that the recorder may take for the rest, once nothing of the agent is left."""

_SETTLE = 3.0
_QUIET = 0.15
"""Seconds that a new program may take to show something, and for which it must show nothing more: keys
that come while it takes over its terminal are lost to it."""


class TmuxTerminal(HeldTerminal):
    """The hold on one agent: `protocols.Terminal`, and what only a terminal has.

    Its end, its exit code and its adoption are the holder's matter. Its output comes by a recorder, and
    what it is told goes by a typist.
    """

    def __init__(
        self,
        holder: Holder,
        hold: Hold,
        server: TmuxServer,
        pane: Pane | None,
        recording: Recording,
        *,
        new: bool,
    ) -> None:
        super().__init__(holder, hold, new=new)
        self.handle = replace(self.handle, runtime="tmux")
        self.taken = pane.pasted if pane else 0
        self.attach = server.attach(hold.session_id)
        """The command by which somebody attaches to the session."""
        self._server, self._pane, self._recording, self._new = server, pane, recording, new
        self._typist = Typist(server, pane, hold.session_id, f"{hold.folder}/run")
        self._scope = trio.CancelScope()
        self._served = trio.Event()
        self._closing = trio.Lock()
        self._closed = False

    async def write(self, data: bytes, begun: Callable[[], None]) -> None:
        """Type all of `data`; call `begun` when its first key is on the way. The last line feed is Enter.

        Returns when the program has read it, or when it lies in the terminal and the program is busy.
        Cancelled before it was begun: nothing was typed. Cancelled later: it is completed all the same.
        Raises `Conflict` when the agent reads no more, and for what cannot be typed.
        """
        await trio.lowlevel.checkpoint()
        message = self._typist.put(data, partial(self._begun, begun))
        try:
            await message.settled.wait()
        except trio.Cancelled:
            if not message.done:
                message.withdrawn = True
                raise
        if message.why:
            raise message.why

    async def read(self, after: int) -> Chunk:
        """Wait for output past the byte `after`; an empty chunk means that no more will come."""
        await trio.lowlevel.checkpoint()
        while True:
            final, more = self._recording.over, self._recording.more
            try:
                self._log.refresh()
                chunk = self._log.read(after, _STEP)
            except OSError as error:
                session_id = self._hold.session_id
                _log.error("kept output cannot be read", session_id=session_id, error=error.strerror)
                await trio.sleep(_RETRY)
                continue
            if chunk.data or final:
                return chunk
            await more.wait()

    @property
    def place(self) -> int:
        """The number of the next write: what was withdrawn takes none."""
        return self.taken + 1

    def _begun(self, tell: Callable[[], None]) -> None:
        self.taken += 1
        tell()

    async def close_input(self) -> None:
        """Do nothing: a terminal's input has no end."""
        await trio.lowlevel.checkpoint()

    async def screen(self) -> Shown:
        """Return what the terminal shows now. Raises `Conflict` when it is gone."""
        try:
            if self._pane:
                return await self._server.screen(self._pane)
        except CommandFailed as error:
            raise self._gone() from error
        raise self._gone()

    async def picture(self) -> Picture:
        """Return how the terminal looks now. Raises `Conflict` when it is gone."""
        try:
            if self._pane:
                return await self._server.picture(self._pane)
        except CommandFailed as error:
            raise self._gone() from error
        raise self._gone()

    async def press(self, text: str, key: str | None) -> None:
        """Type as somebody does who has attached to it. Raises `Conflict` when it is gone."""
        try:
            if self._pane:
                return await self._server.press(self._pane, text, key)
        except CommandFailed as error:
            raise self._gone() from error
        raise self._gone()

    async def stop(self, grace: float) -> None:
        """End the agent and all it started; see `protocols.Terminal.stop`. Its session in tmux ends too."""
        await super().stop(grace)
        async with self._closing:
            if not self._closed:
                with trio.move_on_after(_LAST_WORDS):
                    while not self._recording.over:
                        await self._recording.more.wait()
                await self._server.close(self._hold.session_id)
                self._closed = True

    async def aclose(self) -> None:
        """Let go of the agent; if it was not stopped it goes on, for as long as its holder has patience."""
        self._scope.cancel()
        self._recording.close()
        self._typist.abandon()
        await super().aclose()

    async def serve(self) -> None:
        """Carry messages and output until the agent's end. A failure ends this, and nothing else."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._type)
                    nursery.start_soon(self._record)
                    await self.wait()
                    self._typist.close()
                    while not self.vigil.over:
                        await self.vigil.progress()
                    with trio.move_on_after(_LAST_WORDS):
                        while not self._recording.over:
                            await self._recording.more.wait()
                    nursery.cancel_scope.cancel()
        except Exception:
            _log.exception("a terminal is no longer served", session_id=self._hold.session_id)
        finally:
            self._typist.abandon()
            self._recording.finish()

    async def _type(self) -> None:
        if self._new:
            await self._settle()
        await self._typist.run()

    async def _settle(self) -> None:
        """Wait until a new program has shown itself and is quiet, but not for long."""
        until = trio.current_time() + _SETTLE
        while (now := trio.current_time()) < until:
            shown = self._log_has_grown()
            if shown and now > self._recording.heard_at + _QUIET:
                return
            await trio.sleep(0.02)

    def _log_has_grown(self) -> bool:
        self._log.refresh()
        return self._log.end > self.handle.output_start

    async def _record(self) -> None:
        """Hear the recorder; where it was killed, have another one."""
        tries = 0
        while not self.vigil.over:
            await self._recording.follow()
            with trio.move_on_after(_RETRY):
                await self.wait()
                break
            tries += 1
            if self._pane is None or tries > _TRIES:
                self._lose()
                return
            try:
                _log.warning(
                    "what records an agent has ended; starting another", session_id=self._hold.session_id
                )
                await self._server.pipe(self._pane, self._recording.command())
                await self._recording.ready()
            except CommandFailed:
                self._lose()
                return
        await self._recording.follow()
        self._recording.finish()

    def _lose(self) -> None:
        """End an agent that has lost its terminal: nobody could tell it anything or hear of it again."""
        _log.warning("the terminal of an agent is gone; ending it", session_id=self._hold.session_id)
        self.vigil.ask(self._hold.grace)
        self._recording.finish()

    def _gone(self) -> Conflict:
        return Conflict(f"the terminal of {self._hold.session_id} is gone")
