"""What an agent says: taken in line by line, and told to its session where it matters to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
import trio

from . import observations as o
from .bounds import bounded
from .doing import Doing, State
from .events import now
from .lines import Lines
from .mailbox import Mailbox
from .messages import Heard, Observed
from .outbox import Outbox
from .output import Chunk
from .protocols import Dialogue, Terminal, Watching
from .records import Mark

_MATTERS = (
    o.Started,
    o.TurnStarted,
    o.TurnEnded,
    o.Asked,
    o.AskWithdrawn,
    o.Spent,
    o.UsageLimited,
    o.Refused,
)
"""What a session makes events of; the rest shows in the activity alone."""


_log = structlog.get_logger()


class Hearing:
    """The one reader of an agent's output, from `start` on. `answer` writes to it.

    A session is told of a line before the next one is read, so that none is taken in twice or never. Of
    the `floor` see `Speaking`.
    `known_end` is up to where an earlier server had seen the output.
    """

    def __init__(
        self,
        name: str,
        dialogue: Dialogue,
        doing: Doing,
        mailbox: Mailbox,
        outbox: Outbox,
        answer: Callable[[bytes], Awaitable[None]],
        floor: trio.Lock,
        start: int,
        known_end: int = 0,
    ) -> None:
        self.last_output_at: datetime | None = None
        self.silent_since: float | None = trio.current_time()
        self._name, self._dialogue, self._doing = name, dialogue, doing
        self._mailbox, self._outbox, self._answer = mailbox, outbox, answer
        self._floor, self._failed = floor, False
        self._lines = Lines(start)
        self._taken, self._known_end = start, known_end
        self._told: State | None = None

    @property
    def position(self) -> int:
        """Up to where its output was read."""
        return self._lines.at

    def mark(self) -> Mark:
        """Return how far the output is taken in, and what the dialogue must remember from there."""
        return Mark(self._taken, dict(self._dialogue.memory()))

    async def listen(self, terminal: Terminal) -> None:
        """Read until no more will come."""
        while True:
            chunk = await terminal.read(self._lines.at)
            if not chunk.data:
                await self._take(self._lines.rest(), self._lines.at)
                return
            news = chunk.end > self._known_end
            if news:
                self.last_output_at, self.silent_since = now(), None
                self._doing.heard(trio.current_time())
                self._doing.changed.set()
            await self._take_all(chunk)
            if news:  # a session that is slow to listen does not make its agent silent
                self.silent_since = trio.current_time()

    async def _take_all(self, chunk: Chunk) -> None:
        for line, end in self._lines.cut(chunk):
            await self._take(line, end)

    async def _take(self, line: bytes, end: int) -> None:
        async with self._having_the_floor():
            was_ready = self._dialogue.ready
            seen, replies = self._receive(line)
            if replies:  # first: what is taken in is not seen again after a crash
                await self._answer(replies)
            self._taken = end
            await self._make_of(seen, was_ready, answered=bool(replies))

    @asynccontextmanager
    async def _having_the_floor(self) -> AsyncIterator[None]:
        try:
            self._floor.acquire_nowait()
        except trio.WouldBlock:
            await self._floor.acquire()
        try:
            yield
        finally:
            self._floor.release()
            self._outbox.stir()

    def _receive(self, line: bytes) -> tuple[tuple[o.Observation, ...], bytes]:
        """Return what a line shows, and what to say to it; nothing when the dialogue fails over it."""
        try:
            seen = tuple(bounded(one) for one in self._dialogue.receive(line))
            return seen, self._dialogue.replies()
        except Exception:
            if not self._failed:
                self._failed = True
                what = "a dialogue failed over a line of output; such lines are passed over"
                _log.exception(what, session_id=self._name)
            self._doing.note("it said something over which its dialogue failed: a bug of ennio")
            return (o.Unknown(),), b""

    async def _make_of(
        self, seen: tuple[o.Observation, ...], was_ready: bool, answered: bool = False
    ) -> None:
        at = trio.current_time()
        if seen:
            self._doing.see(seen, at)
        if self._dialogue.ready and not was_ready:
            self._doing.ready(at)
        self._doing.changed.set()
        mattering = tuple(one for one in seen if isinstance(one, _MATTERS))
        if mattering or answered:
            await self._mailbox.tell(Heard(mattering, self.mark()))

    async def watch(self) -> None:
        """Tell the session whenever the agent does something else, for ever."""
        while True:
            self._doing.changed = trio.Event()
            state = activity, reason = self._doing.state(trio.current_time())
            if state != self._told and activity is not None:
                self._told = state
                await self._mailbox.tell(Observed(activity, reason))
            with trio.move_on_after(self._doing.due(trio.current_time())):
                await self._doing.changed.wait()

    async def look(self, screen: str, title: str) -> None:
        """Take in a screen, for a dialogue that goes by that."""
        if isinstance(self._dialogue, Watching):
            async with self._having_the_floor():
                was_ready = self._dialogue.ready
                seen = tuple(bounded(one) for one in self._dialogue.look(screen, title))
                await self._make_of(seen, was_ready)
