"""Keeps what is known like what the server has: what happens says what to look at anew."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from ..client import Client, Refused, Unreachable
from ..following import Live, Lost
from ..shapes import Event
from .groups import has_ended
from .known import Known
from .plain import line

EVERY = 10.0
"""Seconds between looks at everything: costs change without an event, and streams may be kept from us."""
_GATHER = 0.1
_MANY = 12
"""Above so many changed sessions, the whole list is one request instead."""
_AGAIN = 3.0
_REFUSED = 60.0
_ENDED = 200
"""So many sessions at most are listed where the ended ones are wanted too."""
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Connection:
    """How things stand with the server: the stream of events, and why the last look failed if it did."""

    stream: Live | Lost | Refused | None = None
    trouble: str | None = None
    looked: bool = False

    def words(self) -> tuple[str, str, str]:
        """Return a sign, a word or some, and their tone."""
        trouble = line(self.trouble or "")
        match self.stream:
            case Live() if not trouble:
                return "●", "live", "green"
            case Lost(why, seconds) if trouble or not self.looked:
                return "✕", f"no connection, tried again in {seconds:.0f} s: {trouble or line(why)}", "red"
            case _ if trouble:
                return "✕", trouble, "red"
            case Lost() | Refused():
                return "◌", f"looks every {EVERY:.0f} s (no stream of events)", "amber"
        return "◌", "connecting", "amber"


class Watching:
    """The tie to the server: calls `changed` when something is known anew, `connected` when the tie is."""

    def __init__(
        self,
        client: Client,
        known: Known,
        changed: Callable[[], None],
        connected: Callable[[Connection], None],
    ) -> None:
        self._client, self._known = client, known
        self._changed, self._connected = changed, connected
        self._connection = Connection()
        self._wanted, self._unknown = asyncio.Event(), asyncio.Event()
        self._all, self._dirty = True, set[str]()
        self._looked_up, self._recent = set[str](), deque[Event](maxlen=_REMEMBERED)
        self.ended = False
        """Whether ended sessions are wanted too."""

    async def run(self) -> None:
        """Keep things so until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for work in (self._follow, self._look_on, self._ask_on, self._look_up_on):
                tasks.create_task(work())

    def look(self, session_id: str) -> None:
        """Look anew at one session, soon."""
        self._dirty.add(session_id)
        self._wanted.set()

    def resync(self) -> None:
        """Look anew at everything, soon."""
        self._all = True
        self._wanted.set()

    async def _follow(self) -> None:
        while True:
            try:
                async with aclosing(self._client.follow_events(state=self._streams)) as events:
                    async for event in events:
                        self._hear(event)
            except (Refused, Unreachable) as error:
                self._streams(error if isinstance(error, Refused) else Lost(str(error), _REFUSED))
            await asyncio.sleep(_REFUSED)

    def _hear(self, event: Event | None) -> None:
        if event is None:
            self.resync()
            return
        self._recent.append(event)
        self._known.hear(event)
        self.look(event["session_id"])

    def _streams(self, state: Live | Lost | Refused) -> None:
        if isinstance(state, Live):
            self.resync()  # what happened before it stood may not have been seen
        self._tell(Connection(state, self._connection.trouble, self._connection.looked))

    def _tell(self, connection: Connection) -> None:
        if connection != self._connection:
            self._connection = connection
            self._connected(connection)

    async def _ask_on(self) -> None:
        while True:
            self.resync()
            await asyncio.sleep(EVERY)

    async def _look_on(self) -> None:
        """One look at a time, so that an older answer never comes after a newer one."""
        while True:
            await self._wanted.wait()
            await asyncio.sleep(_GATHER)
            self._wanted.clear()
            try:
                await self._look()
            except (Refused, Unreachable) as error:
                self._all = True
                self._tell(Connection(self._connection.stream, str(error), looked=False))
                await asyncio.sleep(_AGAIN)
                self._wanted.set()
            else:
                self._tell(Connection(self._connection.stream, None, looked=True))
                self._changed()
                self._unknown.set()

    async def _look(self) -> None:
        ids, self._dirty = self._dirty, set()
        everything, self._all = self._all or len(ids) > _MANY, False
        if not everything:
            for id in ids:
                await self._one(id)
            return
        missing = self._known.put_active(await self._client.list_sessions(), await self._client.approvals())
        for id in missing:
            await self._one(id)
        if self.ended:
            for session in await self._client.list_sessions(ended=True, limit=_ENDED):
                self._known.put(session)
        else:
            self._known.forget_ended(_ENDED)
            self._looked_up &= self._known.sessions.keys()

    async def _one(self, session_id: str) -> None:
        """Look at one session, and at what it asks for; one that is not there any more is forgotten."""
        try:
            session = await self._client.get(session_id)
            asks = await self._client.approvals(session_id) if session.get("approvals") else []
        except Refused as error:
            if error.status != 404:
                raise
            self._known.remove(session_id)
            self._looked_up.discard(session_id)
        else:
            self._known.put(session, asks)

    async def _look_up_on(self) -> None:
        """Look up what lists do not say, quietly, one session at a time."""
        while True:
            await self._unknown.wait()
            self._unknown.clear()
            while id := self._next_unknown():
                self._looked_up.add(id)
                try:
                    await self._look_up(id)
                except (Refused, Unreachable) as error:
                    if not isinstance(error, Refused):
                        self._looked_up.discard(id)
                        break
                self._changed()

    def _next_unknown(self) -> str | None:
        """A spawn that is under way may be undone, and then there is nothing to ask for."""
        for id, session in self._known.sessions.items():
            if id not in self._looked_up and not has_ended(session) and session["status"] != "Spawning":
                return id
        return None

    async def _look_up(self, session_id: str) -> None:
        history = await self._client.events(session_id)
        # what was heard meanwhile may not be in it; what is in both does no harm
        heard = [event for event in self._recent if event["session_id"] == session_id]
        self._known.put_history(session_id, [*history, *heard])
        row = self._known.row(session_id)
        if row is not None and not row.title:
            messages = await self._client.messages(session_id)
            if messages:
                self._known.put_topic(session_id, _topic(messages[0]["text"]))


def _topic(text: str) -> str:
    """The prompt comes last in what an agent is told first, after the issue and the project's rules."""
    last = [part for part in text.split("\n\n") if part.strip()]
    return line(last[-1].strip().partition("\n")[0]) if last else ""
