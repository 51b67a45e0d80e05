"""What a session is in the dialect of agentapi: a status, and a conversation of two.

https://github.com/coder/agentapi/blob/main/openapi.json
"""

from datetime import datetime
from typing import Literal

import trio
from pydantic import BaseModel

from ennio.supervisor import Activity, Message, Phase, SessionId, SessionRecord, Supervisor

MOST_TEXT = 1 << 18
"""Characters of one conversation that are kept of what the agent said; the oldest go first."""
_PIECE = 1 << 20
"""Bytes that are read at once."""

_AT_WORK = {None, Activity.ACTIVE, Activity.BLOCKED}
_THEIR_NAMES = {"claude-code": "claude"}


class StatusView(BaseModel):
    """`running` while the agent works, `stable` while it waits for something or does not run."""

    status: Literal["running", "stable"]
    agent_type: str

    @classmethod
    def of(cls, record: SessionRecord) -> "StatusView":
        """Show what a session's agent does."""
        runs = record.phase in {Phase.SPAWNING, Phase.RUNNING} and record.activity in _AT_WORK
        agent = _THEIR_NAMES.get(record.agent_name, record.agent_name)
        return cls(status="running" if runs else "stable", agent_type=agent)


class SaidView(BaseModel):
    """One side's words; the ids are in the order of the conversation."""

    id: int
    role: Literal["user", "agent"]
    content: str
    time: datetime


class ConversationView(BaseModel):
    """A whole conversation."""

    messages: list[SaidView]


class TakenView(BaseModel):
    """What was said to the agent has been taken."""

    ok: Literal[True] = True


class UpdateView(BaseModel):
    """The same as an event has it."""

    id: int
    role: Literal["user", "agent"]
    message: str
    time: datetime

    @classmethod
    def of(cls, said: SaidView) -> "UpdateView":
        """Show that it is new, or longer than before."""
        return cls(id=said.id, role=said.role, message=said.content, time=said.time)


class Talk:
    """One session's conversation, as far as somebody listened: which words came after which message.

    What an agent said is kept as one run of bytes, in which messages have no place. So what is new when it
    looks is an answer to the latest message that the agent was given; whoever looks before each message and
    while the agent speaks sees each answer where it belongs. A conversation that nobody looked at is one
    answer to its latest message.
    """

    def __init__(self, supervisor: Supervisor, session_id: SessionId) -> None:
        self._supervisor, self._session_id = supervisor, session_id
        self._messages: list[Message] = []
        self._answers: dict[int, str] = {}
        """What the agent said after each message, by the message's number; 0: before any."""
        self._cursor: str | None = None
        self._looking = trio.Lock()

    async def look(self) -> None:
        """See what is new. Raises `NotFound` when the session is no more."""
        async with self._looking:
            sent = await self._supervisor.messages(self._session_id)
            self._messages = [one for one in sent if one.state != "failed"]
            given = max((one.number for one in self._messages if one.state != "queued"), default=0)
            while (words := self._listen()) is not None:
                self._answers[given] = self._answers.get(given, "") + words
                self._forget()
                await trio.lowlevel.checkpoint()

    def _listen(self) -> str | None:
        """Return what was said next; it may be nothing. None: there is no more."""
        found = self._supervisor.output(self._session_id, after=self._cursor, limit=_PIECE, raw=False)
        if found.cursor == self._cursor:
            return None
        self._cursor = found.cursor
        return found.text

    def _forget(self) -> None:
        too_many = sum(map(len, self._answers.values())) - MOST_TEXT
        for number in sorted(self._answers):
            if too_many <= 0:
                return
            words = self._answers[number]
            self._answers[number] = words[too_many:]
            too_many -= len(words)

    def said(self) -> list[SaidView]:
        """Return the conversation, as it was looked at last."""
        record = self._supervisor.get(self._session_id)
        asked = {one.number: one for one in self._messages}
        shown = [
            SaidView(id=2 * number - 1, role="user", content=one.text, time=one.created_at)
            for number, one in asked.items()
        ]
        latest = max(self._answers, default=0)
        for number, words in self._answers.items():
            if words.strip():
                since = asked[number].created_at if number in asked else record.created_at
                time = max(since, record.last_activity_at or since) if number == latest else since
                shown.append(SaidView(id=2 * number, role="agent", content=words, time=time))
        return sorted(shown, key=lambda one: one.id)
