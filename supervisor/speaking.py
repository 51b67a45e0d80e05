"""What an agent is told: answers that it waits for at once, letters one after another when it is ready."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import trio

from .accounts import Accounts
from .doing import Doing
from .errors import Conflict, EnnioError
from .mailbox import Mailbox
from .messages import Heard, Spoken, Withdrawn, Writing, Written
from .outbox import Letter, Outbox
from .protocols import Dialogue, Steerable, Terminal
from .records import Mark, Mode

_LOOK = 60.0
"""Seconds between two looks at the clock while an account is at its limit: clocks are set now and then."""


@dataclass(frozen=True, slots=True)
class _Word:
    """Something that is said at once; then `said` is set, and the session is told."""

    data: bytes
    tell: Spoken | None = None
    said: trio.Event | None = None


class Speaking:
    """The one writer of an agent's input. `mark` says how far its output was taken in."""

    def __init__(
        self,
        name: str,
        agent: str,
        dialogue: Dialogue,
        outbox: Outbox,
        mailbox: Mailbox,
        accounts: Accounts,
        doing: Doing,
        mark: Callable[[], Mark],
    ) -> None:
        self._name, self._agent, self._dialogue = name, agent, dialogue
        self._outbox, self._mailbox = outbox, mailbox
        self._accounts, self._doing, self._mark = accounts, doing, mark
        self._words: deque[_Word] = deque()
        self._goodbye = self._no_more = False

    def say(self, data: bytes, tell: Spoken | None = None) -> None:
        """Have this written before any letter; when it is, the session is told `tell`, or how far it is."""
        if data:
            self._words.append(_Word(data, tell))
            self._outbox.stir()

    async def answer(self, data: bytes) -> None:
        """Write this before any letter, and return when that is done, or can be done no more."""
        said = trio.Event()
        self._words.append(_Word(data, said=said))
        self._outbox.stir()
        await said.wait()

    def say_goodbye(self) -> None:
        """Have the agent's input closed once all words are written."""
        self._goodbye = True
        self._outbox.stir()

    async def speak(self, terminal: Terminal) -> None:
        """Write whatever there is to write, for ever. An agent that reads no more is left alone."""
        while True:
            await self._say_words(terminal)
            if self._goodbye:
                await terminal.close_input()
                return
            letter = self._outbox.first()
            if letter is None or self._must_wait(letter):
                with trio.move_on_after(self._pause()):
                    await self._outbox.stirred()
            else:
                await self._write_letter(terminal, letter)

    def _must_wait(self, letter: Letter) -> bool:
        """Whether the agent cannot be told anything new now; say so where that is its account's doing."""
        can = self._dialogue.ready or (letter.mode is Mode.STEER and isinstance(self._dialogue, Steerable))
        held = self._accounts.why(self._agent) if can else None
        if self._doing.held != held:
            self._doing.held = held
            self._doing.changed.set()
        return held is not None or not can or self._no_more

    def _pause(self) -> float:
        """Return how long to wait, if nothing stirs, until the account may be asked again."""
        return min(self._accounts.left(self._agent) or math.inf, _LOOK) if self._doing.held else math.inf

    async def _say_words(self, terminal: Terminal) -> None:
        while self._words:
            word = self._words.popleft()
            try:
                await self._write(terminal, word.data, _nothing)
            except Conflict as error:
                if word.tell:
                    word.tell.reply.refuse(error)
            else:
                if word.said is None:
                    await self._mailbox.tell(word.tell or Heard((), self._mark()))
            if word.said is not None:
                word.said.set()

    async def _write_letter(self, terminal: Terminal, letter: Letter) -> None:
        """Write one, unless it is withdrawn first; the session is told before and after."""
        end: Written | Withdrawn = Withdrawn(letter, "it was withdrawn")
        with letter.until_withdrawn():
            try:
                await self._mailbox.ask(Writing(letter, terminal.taken + 1))
            except Conflict:  # the agent is being ended, and the letter stays where it is
                self._no_more = True
                return
            while not (data := self._data_for(letter)):
                await self._outbox.stirred()
                await self._say_words(terminal)
            try:
                await self._write(terminal, data, letter.begin)
                end = Written(letter, self._mark())
            except EnnioError as error:
                letter.refuse(error)
                end = Withdrawn(letter, str(error))
        await self._mailbox.tell(end)

    def _data_for(self, letter: Letter) -> bytes:
        """Return the bytes that say it now, or nothing while it cannot be said."""
        if letter.mode is Mode.STEER and (data := self._steered(letter.text)):
            return data
        if not self._dialogue.ready:
            return b""
        self._doing.told(trio.current_time())
        return self._dialogue.tell(letter.text)

    def _steered(self, text: str) -> bytes:
        return self._dialogue.steer(text) if isinstance(self._dialogue, Steerable) else b""

    async def _write(self, terminal: Terminal, data: bytes, begun: Callable[[], None]) -> None:
        self._doing.writing_since = trio.current_time()
        self._doing.changed.set()
        try:
            await terminal.write(data, begun)
        finally:
            self._doing.writing_since = None
            self._doing.changed.set()


def _nothing() -> None: ...
