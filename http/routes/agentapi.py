"""One session in the dialect of agentapi, for programs that speak it; what is refused is in our own words.

https://github.com/coder/agentapi/blob/main/openapi.json
"""

from typing import Annotated, Literal

import trio
from pydantic import WithJsonSchema
from quart import Blueprint, Response

from ennio.supervisor import (
    Config,
    Invalid,
    Letter,
    NotFound,
    Over,
    SessionId,
    SessionRecord,
    Supervisor,
)

from ..requests import asked
from ..requests.bodies import Body, Text, read_as
from ..requests.existing import must_exist
from ..requests.strict_json import parse
from ..responses import json_answer
from ..streaming import EventStream, framed, streamed
from ..views.agentapi import ConversationView, SaidView, StatusView, TakenView, Talk, UpdateView

_LOOK = 0.25
"""Seconds between looks for more of a conversation."""
_MOST_TALKS = 64
"""Conversations that are kept in mind; who was looked at longest ago goes first."""


class MessageBody(Body):
    """What the agent is told: `POST .../agentapi/message`."""

    content: Text
    type: Annotated[Literal["user", "raw"], WithJsonSchema({"type": "string", "enum": ["user"]})]


class Talks:
    """The conversations that somebody looks at."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._talks: dict[SessionId, Talk] = {}

    def of(self, session_id: SessionId) -> Talk:
        """Return one of them. Raises `NotFound` for a session that nobody knows."""
        self._supervisor.get(session_id)
        talk = self._talks.pop(session_id, None) or Talk(self._supervisor, session_id)
        self._talks[session_id] = talk
        while len(self._talks) > _MOST_TALKS:
            del self._talks[next(iter(self._talks))]
        return talk


def agentapi(supervisor: Supervisor, config: Config) -> Blueprint:
    """Return the routes of the dialect, below those of a session."""
    routes = Blueprint("agentapi", __name__, url_prefix="/api/v1/sessions/<session>/agentapi")
    talks = Talks(supervisor)

    @routes.get("/status")
    async def status(session: str) -> Response:
        return json_answer(StatusView.of(supervisor.get(SessionId.parse(session))).model_dump(mode="json"))

    @routes.get("/messages")
    async def messages(session: str) -> Response:
        talk = talks.of(SessionId.parse(session))
        await talk.look()
        return json_answer(ConversationView(messages=talk.said()).model_dump(mode="json"))

    @routes.post("/message")
    async def message(session: str) -> Response:
        must_exist(supervisor, session)
        content = await asked.body()
        session_id = SessionId.parse(session)
        wanted, seconds = read_as(MessageBody, parse(content)), asked.timeout(config.timeouts.send)
        if wanted.type == "raw":
            raise Invalid("keys cannot be typed here: type must be user")
        await talks.of(session_id).look()
        await supervisor.send(session_id, Letter(wanted.content), seconds=seconds)
        return json_answer(TakenView().model_dump())

    @routes.get("/events")
    async def events(session: str) -> Response:
        session_id = SessionId.parse(session)
        return streamed(Conversation(supervisor, session_id, talks.of(session_id)))

    return routes


class Conversation(EventStream):
    """The conversation and the status as they are, and then whatever changes of them."""

    def __init__(self, supervisor: Supervisor, session_id: SessionId, talk: Talk) -> None:
        super().__init__()
        self._supervisor, self._session_id, self._talk = supervisor, session_id, talk
        self._seen: tuple[SessionRecord | None, int] = None, -1
        self._told: dict[int, SaidView] = {}
        self._status: StatusView | None = None
        self._events = 0

    async def wait(self) -> bytes:
        """Wait for something new. Ends when the session is forgotten, or the server closes."""
        while True:
            try:
                news = await self._news()
            except (NotFound, Invalid) as gone:
                raise Over from gone
            if news:
                return news
            if self._supervisor.feed.over:
                raise Over
            await trio.sleep(_LOOK)

    async def _news(self) -> bytes:
        """Return what has changed; cancelled, it is still to be told."""
        record, bytes_said = self._supervisor.get(self._session_id), self._supervisor.said(self._session_id)
        if record is self._seen[0] and bytes_said == self._seen[1]:
            return b""
        await self._talk.look()
        self._seen = record, bytes_said
        told = [one for one in self._talk.said() if self._told.get(one.id) != one]
        self._told.update({one.id: one for one in told})
        news = [self._framed("message_update", UpdateView.of(one)) for one in told]
        status = StatusView.of(record)
        if status != self._status:
            self._status = status
            news.append(self._framed("status_change", status))
        return b"".join(news)

    def _framed(self, event: str, shown: UpdateView | StatusView) -> bytes:
        self._events += 1
        return framed(shown.model_dump_json(), id=str(self._events), event=event)
