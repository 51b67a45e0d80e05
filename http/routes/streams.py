"""What happens and what agents say, as it comes: Server-Sent Events that a client can go on from."""

import trio
from quart import Blueprint, Response, request

from ennio.supervisor import Excerpt, Invalid, Lost, NotFound, Over, SessionId, Supervisor

from ..requests import asked
from ..streaming import EventStream, framed, streamed
from ..views import EventView, OutputView, ResyncView

_LOOK = 0.1
"""Seconds between looks for more output."""
_PIECE = 1 << 16
"""Bytes of output in one event."""


def streams(supervisor: Supervisor) -> Blueprint:
    """Return the routes of what does not end by itself."""
    routes = Blueprint("streams", __name__, url_prefix="/api/v1")

    @routes.get("/events")
    async def events() -> Response:
        return streamed(Happenings(supervisor, _last_event_id()))

    @routes.get("/sessions/<session>/output/stream")
    async def output(session: str) -> Response:
        session_id = SessionId.parse(session)
        supervisor.get(session_id)
        raw = asked.flag("raw")
        stream = Sayings(supervisor, session_id, asked.parameter("after"), raw=raw)
        stream.look()  # a cursor that is none is told at once
        if (last := _last_event_id()) is not None:
            stream = Sayings(supervisor, session_id, last, raw=raw)
            stream.look()
        return streamed(stream)

    return routes


def _last_event_id() -> str | None:
    return request.headers.get("Last-Event-ID") or None


class Happenings(EventStream):
    """The events of all sessions: from now on, or after one of them."""

    def __init__(self, supervisor: Supervisor, after: str | None) -> None:
        super().__init__()
        self._feed = supervisor.feed
        self._reader = self._feed.reader(after)

    async def wait(self) -> bytes:
        """Wait for events. A place that is lost is said so, and the stream goes on from now."""
        try:
            happened = await self._reader.next()
        except Lost as lost:
            self._reader = self._feed.reader()
            return framed(ResyncView(reason=str(lost)).model_dump_json(), event="resync")
        return b"".join(
            framed(EventView.of(event).model_dump_json(), id=event.id, event=event.event_type)
            for event in happened
        )


class Sayings(EventStream):
    """What one agent says, from a cursor on; open also when its agent ends, since that may be restored."""

    def __init__(
        self, supervisor: Supervisor, session_id: SessionId, after: str | None, *, raw: bool
    ) -> None:
        super().__init__()
        self._supervisor, self._session_id, self._raw = supervisor, session_id, raw
        self._cursor, self._said = after, -1

    def look(self) -> Excerpt:
        """Return what there is after the cursor. Raises `Invalid` for one that is none."""
        return self._supervisor.output(self._session_id, after=self._cursor, limit=_PIECE, raw=self._raw)

    async def wait(self) -> bytes:
        """Wait for output. Ends when the session is forgotten, or the server closes."""
        while True:
            try:
                said = self._supervisor.said(self._session_id)
                found = self.look() if said != self._said else None
            except (NotFound, Invalid) as gone:
                raise Over from gone
            if found is not None and found.cursor != self._cursor:
                self._cursor = found.cursor
                await trio.lowlevel.checkpoint()
                if found.text or found.truncated:
                    return framed(OutputView.of(found).model_dump_json(), id=found.cursor)
                continue
            self._said = said
            if self._supervisor.feed.over:
                raise Over
            await trio.sleep(_LOOK)
