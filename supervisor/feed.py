"""What happens, as it happens, for any number of readers: none misses anything, none sees anything twice.

The latest events are kept in memory once for all readers, each of whom has a place among them. A reader that
is so slow that its place is gone is told so, instead of memory growing for it.
"""

from collections import deque
from itertools import islice

import trio

from .events import Event
from .journal import Journal
from .protocols import Step

_KEPT = 4096
"""Events in memory; an older one is read from the journal."""
_PAGE = 256
"""Events that are handed on at once."""


class Over(Exception):
    """Nothing more will come: the server is closing."""


class Lost(Exception):
    """A reader's place is not known any more: it has to look anew at how everything is."""


class Feed:
    """The events of all sessions that callers may see, in the order in which they are stored."""

    def __init__(self, journal: Journal, kept: int = _KEPT) -> None:
        self._journal = journal
        self._latest: deque[Event] = deque(maxlen=kept)
        self._end = 0
        """How many events there were since the server was started: the place of the next one."""
        self._news = trio.Event()
        self.over = False
        """Whether nothing more will come."""
        journal.listen(self._heard)

    def _heard(self, step: Step) -> None:
        shown = [event for event in step.events if event.public]
        if shown:
            self._latest.extend(shown)
            self._end += len(shown)
            self._tell()

    def close(self) -> None:
        """Let all readers know that nothing more will come, once they have read what there is."""
        self.over = True
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    def reader(self, after: str | None = None) -> "FeedReader":
        """Return a reader that begins now, or after the event with that id."""
        return FeedReader(self, after, self._end)

    @property
    def readers(self) -> int:
        """How many readers wait for news just now."""
        return self._news.statistics().tasks_waiting

    @property
    def end(self) -> int:
        """The place of the next event."""
        return self._end

    @property
    def first(self) -> int:
        """The place of the oldest event in memory."""
        return self._end - len(self._latest)

    def place_after(self, event_id: str) -> int | None:
        """Return the place behind an event, or None when it is not in memory."""
        for back, event in enumerate(reversed(self._latest)):
            if event.id == event_id:
                return self._end - back
        return None

    async def wait(self, place: int) -> None:
        """Wait until there is an event at a place. Raises `Over` when there will be none."""
        while self._end <= place:
            if self.over:
                raise Over
            await self._news.wait()

    def take(self, place: int) -> list[Event]:
        """Return events from a place on. Raises `Lost` when it is not in memory any more."""
        if place < self.first:
            raise Lost("events came faster than they were read")
        start = place - self.first
        return list(islice(self._latest, start, start + _PAGE))

    async def stored_after(self, event_id: str) -> list[Event] | None:
        """Return the next events of the journal, or None when it does not have that one."""
        return await self._journal.since(event_id, _PAGE)


class FeedReader:
    """One reader's place in a feed. For one task at a time."""

    def __init__(self, feed: Feed, after: str | None, place: int) -> None:
        self._feed, self._after, self._place = feed, after, place
        self._read: deque[str] = deque(maxlen=_KEPT)
        """What was read from the journal: it may have been durable before it was told of to the feed."""

    async def next(self) -> list[Event]:
        """Wait for the next events, at least one; cancelled, none is missed.

        Raises `Lost` when the place is not known any more, `Over` when no more will come.
        """
        while True:
            found = await self._from_journal() if self._after else await self._from_memory()
            if found:
                return found

    async def _from_memory(self) -> list[Event]:
        await self._feed.wait(self._place)
        found = self._feed.take(self._place)
        self._place += len(found)
        fresh = [event for event in found if event.id not in self._read]
        if fresh:
            self._read.clear()
        return fresh

    async def _from_journal(self) -> list[Event]:
        assert self._after is not None
        place = self._feed.place_after(self._after)
        if place is not None:
            self._after, self._place = None, place
            return []
        place = self._feed.end
        found = await self._feed.stored_after(self._after)
        if found is None:
            raise Lost("the event after which to go on is not kept any more")
        if found:
            self._after = found[-1].id
            self._read.extend(event.id for event in found)
        else:  # whatever is newer was stored since `place`, and is in memory
            self._after, self._place = None, place
        return found
