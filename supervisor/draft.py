"""A step of a session while it is being thought out: what happened, and all that is different for it."""

from dataclasses import replace
from typing import Any

from . import events as e
from .lifecycle import advance
from .outbox import Letter
from .protocols import Step
from .records import Mark, Message, MessageState, SessionRecord, Spend


class Draft:
    """Events in their order, and the record as each leaves it. Nothing has happened until it is stored."""

    def __init__(self, record: SessionRecord) -> None:
        self.record = self._before = record
        self._events: list[e.Event] = []
        self._messages: dict[int, Message] = {}
        self.spends: list[Spend] = []

    @property
    def empty(self) -> bool:
        """Whether nothing is different for it."""
        return not self._events and not self._messages and self.record is self._before

    def let(self, kind: type[e.Event], **particulars: Any) -> None:
        """Let this happen next. Raises `IllegalTransition`, and then it does not."""
        record = self.record
        event = kind(session_id=record.id, project_id=record.project_id, **particulars)
        self.record = advance(record, event)
        self._events.append(event)
        if isinstance(event, e.UsageCounted) and event.cost:
            spend = Spend(event.id, record.id, record.project_id, event.timestamp, event.cost)
            self.spends.append(spend)

    def take(self, letter: Letter, *, awaits: bool, own: bool = False) -> None:
        """Let a letter become a message of the session; it is its `own` word when nobody waits for it."""
        number = self.record.messages + 1
        self.let(e.MessageTaken, number=number)
        self.keep(
            letter,
            Message(self.record.id, number, letter.text, e.now(), mode=letter.mode, awaits=awaits, own=own),
        )

    def move(self, letter: Letter, state: MessageState, reason: str | None = None) -> None:
        """Let a message have come further; one that will not, stays as it is."""
        if letter.message and letter.message.open:
            self.let(e.MessageMoved, number=letter.message.number, state=state, reason=reason)
            self.keep(letter, replace(letter.message, state=state, reason=reason))

    def keep(self, letter: Letter, message: Message) -> None:
        """Let this be what is known of a letter."""
        letter.message = message
        self._messages[message.number] = message

    def took_in(self, mark: Mark) -> None:
        """Note how far the agent's output is taken in with this."""
        self.record = replace(self.record, mark=mark)

    def remember(self, **fields: Any) -> None:
        """Let the record have these from now on, which is no event by itself."""
        if any(getattr(self.record, name) != value for name, value in fields.items()):
            self.record = replace(self.record, **fields)

    def step(self) -> Step:
        """Return what is to be stored."""
        return Step(tuple(self._events), self.record, tuple(self._messages.values()), tuple(self.spends))
