"""Being with one holder: hearing it, finding it again, seeing its end, and going on without it if need be."""

import math
from contextlib import suppress
from typing import Any

import structlog
import trio

from ..errors import Survivor
from ..protocols import Holder
from ..records import Hold
from .letters import Letters

_log = structlog.get_logger()

_SILENCE = 1.0
"""Seconds past the grace without a sign of life until a holder is let go on: it may have been stopped."""

_LAST_CHANCE = 2.0
"""Seconds that it has then; after them its tree is ended without its help."""

_LAST_WORDS = 0.25
"""Seconds for what a holder said before it ended."""

_RECONNECT = 0.05
_RARELY = 1.0
"""Seconds between two tries to find the connection again: at first, and in the end."""


class Vigil:
    """What is known of one agent from its holder, kept up to date by whoever keeps it.

    A task of the runtime keeps it. When that was cancelled, whoever waits for `progress` does.
    """

    def __init__(self, holder: Holder, hold: Hold, *, new: bool) -> None:
        self._holder, self._hold = holder, hold
        self.letters = Letters()
        self.attached, self.more = trio.Event(), trio.Event()
        if new:
            self.attached.set()
        self._introduced = new
        self.output_end: int | None = None
        self.code: int | None = None
        self.alone: float | None = None
        self.exited = self.over = False
        """Whether the agent itself has ended; whether nothing is left."""
        self._gone = self._left = False
        self._scope: trio.CancelScope | None = None
        self._news, self._asked = trio.Event(), trio.Event()
        self._force_at, self._heard_at = math.inf, -math.inf
        self._survivors: tuple[Survivor, ...] = ()

    @property
    def deaf(self) -> bool:
        """Whether nobody takes letters to the agent any more."""
        return self._gone or self._left

    @property
    def silent(self) -> bool:
        """Whether no more output will come that anybody tells of."""
        return self._gone or self._left or self._scope is None

    def ask(self, grace: float) -> None:
        """Have the end begin, and do not wait for it."""
        self._force_at = min(self._force_at, trio.current_time() + grace)
        self._holder.send({"do": "stop", "grace": grace})
        self._asked.set()

    def survivors(self) -> tuple[Survivor, ...]:
        """Who was asked to end and has not yet."""
        return () if self.over else self._holder.survivors() or self._survivors

    def keep_in(self, nursery: trio.Nursery) -> None:
        """Let a task of this nursery keep it. Raises `RuntimeError` when the nursery takes nobody in."""
        self._scope = trio.CancelScope()
        try:
            nursery.start_soon(self._keep_quietly, self._scope)
        except BaseException:
            self._scope = None
            raise

    async def progress(self) -> None:
        """Wait for news, such as the agent's end; keep the vigil meanwhile if nobody else does."""
        if self._scope is None and not self._left:
            self._scope = trio.CancelScope()
            await self._keep(self._scope)
        else:
            await self._news.wait()

    async def leave(self) -> None:
        """End the vigil; whoever waits for output or to write is told."""
        self._left = True
        self.attached.set()
        self.letters.refuse()
        self._tell()
        while self._scope:
            self._scope.cancel()
            await self._news.wait()

    async def answers_within(self, seconds: float) -> bool:
        """Wait for the holder to answer; return whether it did."""
        with trio.move_on_after(seconds):
            await self.attached.wait()
        return self.attached.is_set()

    def _tell(self) -> None:
        for event in (self._news, self.more):
            event.set()
        self._news, self.more = trio.Event(), trio.Event()

    # Keeping it.

    async def _keep(self, scope: trio.CancelScope) -> None:
        try:
            with scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._listen)
                    nursery.start_soon(self._insist)
                    await self._holder.gone()
                    nursery.cancel_scope.cancel()
                await self._conclude()
        finally:
            self._scope = None
            self._tell()

    async def _keep_quietly(self, scope: trio.CancelScope) -> None:
        """Keep it; a failure ends this, and nothing else. Whoever waits goes on, and hears of it."""
        try:
            await self._keep(scope)
        except Exception:
            _log.exception("an agent is no longer listened to", session_id=self._hold.session_id)

    async def _listen(self) -> None:
        """Carry what is said both ways; when the connection is lost, find it again."""
        pause = _RECONNECT
        while True:
            if self._holder.connected:
                if not self._introduced:
                    self._introduced = True
                    hold = self._hold
                    introduction = {
                        "do": "attach",
                        "grace": hold.grace,
                        "orphan_timeout": hold.orphan_timeout,
                    }
                    self._holder.send(introduction)
                    if self._force_at < math.inf:
                        self._holder.send({"do": "stop", "grace": self._rest_of_the_grace()})
                await self._holder.converse(self._heard)
            self._introduced = False
            await trio.sleep(pause)
            self._holder.connect()
            pause = _RECONNECT if self._holder.connected else min(2 * pause, _RARELY)

    async def _insist(self) -> None:
        """Once the end was asked for, do without a holder that gives no sign of life."""
        while True:
            await self._asked.wait()
            self._asked = trio.Event()
            while not self._asked.is_set():
                quiet_until = max(self._heard_at, self._force_at) + _SILENCE
                if trio.current_time() >= quiet_until:
                    await self._revive()
                else:
                    with trio.move_on_at(quiet_until):
                        await self._asked.wait()

    async def _revive(self) -> None:
        heard_at = self._heard_at
        self._holder.wake()
        await trio.sleep(_LAST_CHANCE)
        if self._heard_at == heard_at:
            session_id, pid = self._hold.session_id, self._holder.handle.holder
            _log.warning("what holds an agent does not answer; ending it too", session_id=session_id, pid=pid)
            await self._holder.end()

    async def _conclude(self) -> None:
        """Hear its last words, and end what it left."""
        with trio.move_on_after(_LAST_WORDS):
            await self._holder.converse(self._heard)
        self._gone = True
        self.attached.set()
        self.letters.refuse()
        word = self._holder.last_word()
        if word is not None:
            self.alone = word.alone
            self.code = self.code if self.exited else word.code
        self.exited = True
        self._tell()
        if not self._holder.clean:
            if not (word and word.empty):
                session_id, pid = self._hold.session_id, self._holder.handle.holder
                _log.warning(
                    "what held an agent is gone; ending what it left", session_id=session_id, pid=pid
                )
            await self._holder.end()
        self.over = True

    def _rest_of_the_grace(self) -> float:
        return max(0.0, self._force_at - trio.current_time())

    # What the holder says.

    def _heard(self, header: dict[str, Any], body: bytes) -> None:
        self._heard_at = trio.current_time()
        match header:
            case {"is": "begun" | "done" | "withdrawn" | "deaf" as word, "seq": int(seq)}:
                self.letters.heard(word, seq)
            case {"is": "output", "end": int(end)}:
                self._grown(end)
            case {"is": "attached", "taken": int(taken), "done": int(done), "end": int(end), "exit": code}:
                for letter in self.letters.resume(taken, done):
                    self._holder.send({"do": "write", "seq": letter.seq}, letter.data)
                self.attached.set()
                self._grown(end)
                if code is not None:
                    self._ended(code)
            case {"is": "exited", "code": code}:
                self._ended(code)
            case {"is": "left", "survivors": list(found)}:
                with suppress(TypeError):
                    self._survivors = tuple(Survivor(**one) for one in found)

    def _grown(self, end: int) -> None:
        self.output_end = end
        self.more.set()
        self.more = trio.Event()

    def _ended(self, code: object) -> None:
        if not self.exited:
            self.exited = True
            self.code = code if isinstance(code, int) else None
            self._tell()
