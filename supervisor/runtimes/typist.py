"""Who types messages into a pane: one after the other, each whole, and each proved to have arrived."""

from collections import deque
from collections.abc import Callable

import structlog
import trio

from ..errors import CommandFailed, Conflict, EnnioError
from ..ids import SessionId
from .device import LONGEST_LINE, Device
from .keys import Keys, keys, objection
from .letters import Letter
from .tmux_server import Pane, TmuxServer

_log = structlog.get_logger()

_LOOK = 0.01
"""Seconds between two looks at what lies unread in the terminal."""

_STEADY = 3
"""So many looks in a row must find nothing unread: a long text comes in pieces."""

_BREATH = 0.3
"""Seconds between a text and Enter: what follows faster than anybody types is taken for a part of a paste
(gemini 0.61.0)."""

_PATIENCE = 0.5
"""Seconds within which a program reads what fits into the terminal; one that is busy finds it there later."""


class Message(Letter):
    """One write to a pane."""

    def __init__(self, typed: Keys, begun: Callable[[], None]) -> None:
        super().__init__(0, typed.text, begun)
        self.typed = typed
        self.sent = False
        """Whether its last key was pressed: a program that ends then may have ended because of it."""
        self.why: EnnioError | None = None
        """Why it was not done."""

    def refuse(self, why: EnnioError) -> None:
        """Nothing more becomes of it, for this reason, unless all of it was typed before."""
        self.why = None if self.sent else why
        self.settle(done=self.sent)


class Typist:
    """Types messages in their order. What was begun is completed before anything else.

    tmux counts what was pasted in the same breath as it pastes, so a later server knows how many messages
    the program has been given, and whether the last one still lacks its Enter.
    """

    def __init__(self, server: TmuxServer, pane: Pane | None, session_id: SessionId, folder: str) -> None:
        self._server, self._pane, self._session_id, self._folder = server, pane, session_id, folder
        self._count = pane.pasted if pane else 0
        self._lacks_enter = pane is not None and pane.entered < pane.pasted
        self._queue: deque[Message] = deque()
        self._arrived = trio.Event()
        self._at: Message | None = None
        self._over = False

    def put(self, data: bytes, begun: Callable[[], None]) -> Message:
        """Take a message. Raises `Conflict` for what can never be typed, and when nobody reads any more."""
        typed = keys(data)
        if why := objection(typed, lines=False):
            raise self._refusal(why)
        if self._over or self._pane is None:
            raise self._deaf()
        message = Message(typed, begun)
        self._queue.append(message)
        self._arrived.set()
        return message

    async def run(self) -> None:
        """Type what comes, until this is cancelled."""
        while True:
            while not self._queue:
                self._arrived = trio.Event()
                await self._arrived.wait()
            self._at = self._queue.popleft()
            await self._serve(self._at)

    def close(self) -> None:
        """Give back what was not begun, since nobody reads any more; what was may yet be whole."""
        self._over = True
        while self._queue:
            self._queue.popleft().refuse(self._deaf())

    def abandon(self) -> None:
        """Give back what was not typed to its end, too."""
        self.close()
        if self._at and not self._at.settled.is_set():
            self._at.refuse(self._deaf())

    async def _serve(self, message: Message) -> None:
        if self._pane is None:
            return message.refuse(self._deaf())
        try:
            await self._type(message, self._pane, Device(self._pane.tty))
        except (CommandFailed, OSError) as error:
            _log.info("a message could not be typed", session_id=self._session_id, error=str(error))
            message.refuse(self._deaf())

    async def _type(self, message: Message, pane: Pane, device: Device) -> None:
        """Type one message. Raises `CommandFailed` or `OSError` when the pane is gone."""
        if self._lacks_enter:
            await self._server.paste(pane, self._folder, text=b"", enter=True)
            self._lacks_enter = False
        lines = device.makes_lines()
        if why := objection(message.typed, lines=lines):
            message.refuse(self._refusal(why))
        elif not message.withdrawn:
            await self._begin(message, pane, device, lines=lines)
            message.settle(done=True)

    async def _begin(self, message: Message, pane: Pane, device: Device, *, lines: bool) -> None:
        """Type it from its first key to its last."""
        typed = message.typed
        fits = device.unread() + len(typed.text) < LONGEST_LINE
        message.begin()
        self._count += 1
        at_once = lines or not (typed.text and typed.enter)
        await self._server.paste(
            pane,
            self._folder,
            text=typed.text,
            enter=typed.enter and at_once,
            pasted=self._count,
            whole=at_once,
        )
        message.sent, self._lacks_enter = at_once, not at_once
        await self._arrival(device, fits=fits)
        if not at_once:  # with its text Enter would be taken for a part of it
            await trio.sleep(_BREATH)
            await self._server.paste(pane, self._folder, text=b"", enter=True)
            self._lacks_enter, message.sent = False, True
            await self._arrival(device, fits=fits)

    async def _arrival(self, device: Device, *, fits: bool) -> None:
        """Wait until the program has read what was typed; if it all `fits` into the terminal, not for long.

        A text comes piece by piece: what is not in the terminal yet lies in tmux, where nobody can count it.
        """
        until, steady = trio.current_time() + _PATIENCE, 0
        while steady < _STEADY and not (fits and trio.current_time() > until) and not self._over:
            await trio.sleep(_LOOK)
            steady = 0 if device.unread() else steady + 1

    def _refusal(self, why: str) -> Conflict:
        return Conflict(f"the message cannot be typed into the terminal of {self._session_id}: {why}")

    def _deaf(self) -> Conflict:
        return Conflict(f"the agent of {self._session_id} reads no more")
