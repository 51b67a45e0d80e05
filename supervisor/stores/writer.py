"""The one writer: what is queued goes into one transaction, and then everyone who waits is answered."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import structlog
import trio
from sqlalchemy import Engine

from .changes import Change, write_all
from .endurance import Endurance
from .faults import NotStored, ruined, said

_log = structlog.get_logger()

_MOST = 1000
"""Changes in one transaction."""
_LAST = 5.0
"""Seconds that a writer which was cancelled takes at most to write what it was given before."""


@dataclass(slots=True, eq=False)
class _Entry:
    """A change that somebody waits for."""

    change: Change
    done: Callable[[], None] | None = None
    over: trio.Event = field(default_factory=trio.Event)
    error: Exception | None = None

    def end(self, error: Exception | None = None) -> None:
        if self.over.is_set():
            return
        self.error = error
        if self.done and error is None:
            self.done()
        self.over.set()


class Writer:
    """Writes changes in the order in which they come, each whole or not at all.

    `engine` is asked for whenever there is something to write; `limiter` is held by the thread that writes.
    """

    def __init__(
        self, endurance: Endurance, engine: Callable[[], Awaitable[Engine]], limiter: trio.CapacityLimiter
    ) -> None:
        self._endurance, self._engine, self._limiter = endurance, engine, limiter
        self._queue: dict[_Entry, None] = {}
        self._more, self._leaving = trio.Event(), False
        self._closed: NotStored | None = None

    async def write(self, change: Change, done: Callable[[], None] | None = None) -> None:
        """Return when the change is durable, however long that takes. Raises `NotStored` if it never will be.

        `done` is called when it is durable, in the order of all changes, whether anyone still waits or not.
        Cancelled before it is being written, it is withdrawn; after that it may or may not get stored.
        """
        if self._closed:
            raise NotStored(f"{change} was not stored: {self._closed}") from self._closed
        entry = _Entry(change, done)
        self._queue[entry] = None
        self._more.set()
        try:
            await entry.over.wait()
        finally:
            self._queue.pop(entry, None)
        if entry.error is not None:
            raise NotStored(f"{change} was not stored: {said(entry.error)}") from entry.error

    async def run(self) -> None:
        """Write for ever. Cancelled, it first writes what is queued, unless that takes too long.

        Raises `NotStored` when the database is ruined: nothing will ever be stored in it again.
        """
        try:
            async with trio.open_nursery() as nursery:
                to_the_end = trio.CancelScope(shield=True)
                nursery.start_soon(self._work, to_the_end, nursery.cancel_scope)
                try:
                    await trio.sleep_forever()
                finally:
                    to_the_end.deadline = trio.current_time() + _LAST
                    self._leaving = True
                    self._more.set()
            if self._closed:
                raise self._closed
        finally:
            self._close(NotStored("the store is closed"))

    async def _work(self, to_the_end: trio.CancelScope, others: trio.CancelScope) -> None:
        with to_the_end:
            while not (self._closed or (self._leaving and not self._queue)):
                if self._queue:
                    await self._write_some()
                else:
                    self._more = trio.Event()
                    await self._more.wait()
        others.cancel()

    async def _write_some(self) -> None:
        batch = list(islice(self._queue, _MOST))
        for entry in batch:
            del self._queue[entry]
        try:
            await self._write(batch)
        finally:
            for entry in batch:
                entry.end(self._closed or NotStored("the store was closed meanwhile"))

    async def _write(self, batch: Sequence[_Entry]) -> None:
        """Write what can be written of the batch: one that cannot must not take the others with it."""
        try:
            engine = await self._engine()
            changes = [entry.change for entry in batch]
            await self._endurance.run(partial(_commit, engine, changes), self._limiter)
        except Exception as error:
            if ruined(error):
                self._close(NotStored(f"the database is ruined: {said(error)}"))
            elif len(batch) == 1:
                batch[0].end(error)
            else:
                for entry in batch:
                    await self._write([entry])
        else:
            for entry in batch:
                entry.end()

    def _close(self, why: NotStored) -> None:
        self._closed = self._closed or why
        for entry in self._queue:
            entry.end(self._closed)
        if self._queue:
            _log.error("changes were not stored", changes=len(self._queue), why=str(self._closed))


def _commit(engine: Engine, changes: Sequence[Change]) -> None:
    with engine.begin() as connection:
        write_all(connection, changes)
