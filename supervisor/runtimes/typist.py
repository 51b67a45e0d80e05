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

_PATIENCE = 0.5
"""Seconds within which a program reads what fits into the terminal; one that is busy finds it there later."""


class Message(Letter):
    """One write to a pane."""

    def __init__(self, typed: Keys, begun: Callable[[], None]) -> None:
        super().__init__(0, typed.text, begun)
        self.typed = typed
        self.why: EnnioError | None = None
        """Why it was not done."""

    def refuse(self, why: EnnioError) -> None:
        """Nothing more becomes of it, for this reason."""
        self.why = why
        self.settle(done=False)


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

    async def run(self, ready: Callable[[], object]) -> None:
        """Type what comes, until this is cancelled."""
        while True:
            while not self._queue:
                self._arrived = trio.Event()
                await self._arrived.wait()
            message = self._queue[0]
            if not message.withdrawn:
                await self._serve(message)
            self._queue.popleft()

    def close(self) -> None:
        """Give back what was not typed, since nobody reads any more."""
        self._over = True
        for message in self._queue:
            if not message.settled.is_set():
                message.refuse(self._deaf())
        self._queue.clear()
