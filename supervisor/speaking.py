"""What an agent is told: answers that it waits for at once, letters one after another when it is ready."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

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
    """Something that is said at once; then `said` is set, or else the session is told.

    What has to be made at the moment when it is written, is made by `data`.
    """

    data: bytes | Callable[[], bytes]
    tell: Spoken | None = None
    said: trio.Event | None = None


class Speaking:
    """The one writer of an agent's input. `mark` says how far its output was taken in.

    Whoever has the dialogue say or hear something holds the `floor` until the session was told of that: so no
    mark is stored that knows one half of it.
    """

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
        floor: trio.Lock,
    ) -> None:
        self._name, self._agent, self._dialogue = name, agent, dialogue
        self._outbox, self._mailbox = outbox, mailbox
        self._accounts, self._doing, self._mark = accounts, doing, mark
        self._floor = floor
        self._words: deque[_Word] = deque()
        self._goodbye = self._no_more = self._over = False
        self._agent_lives = trio.CancelScope()
        self._held_back = False

    def say(self, data: bytes) -> None:
        """Have this written before any letter; when it is, the session is told how far it is."""
        if data:
            self._put(_Word(data))

    def decide(self, make: Callable[[], bytes], tell: Spoken) -> None:
        """Have an answer made and written before any letter; then the session is told."""
        self._put(_Word(make, tell))

    async def answer(self, data: bytes) -> None:
        """Write this before any letter, and return when that is done, or can be done no more."""
        said = trio.Event()
        self._put(_Word(data, said=said))
        await said.wait()

    def _put(self, word: _Word) -> None:
        self._words.append(word)
        self._outbox.stir()
        if self._over:
            self._drop_words()

    def _drop_words(self) -> None:
        while self._words:
            word = self._words.popleft()
            if word.said is not None:
                word.said.set()
            elif word.tell:
                word.tell.reply.refuse(Conflict(f"the agent of {self._name} is told nothing any more"))

    def hold_back(self, so: bool) -> None:
        """Give the agent no letter until this is said not to be so any more."""
        self._held_back = so
        self._outbox.stir()

    def say_goodbye(self) -> None:
        """Have the agent's input closed once all words are written."""
        self._goodbye = True
        self._outbox.stir()

    async def speak(self, terminal: Terminal) -> None:
        """Write whatever there is to write, until goodbye is said. Then nobody waits for it any more."""
        try:
            with self._agent_lives:
                await self._speak(terminal)
        finally:
            self._over = True
            self._drop_words()

    def end(self) -> None:
        """Nobody reads any more: let go of whatever is being written."""
        self._agent_lives.cancel()

    async def _speak(self, terminal: Terminal) -> None:
        while True:
            await self._say_words(terminal)
            if self._goodbye:
                await terminal.close_input()
                return
            letter = self._outbox.first()
            if self._must_wait(letter) or letter is None:
                with trio.move_on_after(self._pause()):
                    await self._outbox.stirred()
            else:
                await self._write_letter(terminal, letter)

    def _must_wait(self, letter: Letter | None) -> bool:
        """Whether the agent cannot be told anything new now; say so where that is its account's doing."""
        can = letter is not None and (
            self._dialogue.ready or (letter.mode is Mode.STEER and isinstance(self._dialogue, Steerable))
        )
        held = self._accounts.why(self._agent) if can or self._held_back else None
        if self._doing.held != held:
            self._doing.held = held
            self._doing.changed.set()
        return held is not None or not can or self._no_more or self._held_back

    @property
    def _is_held(self) -> bool:
        """Whether nothing may be told now, since the account is at its limit."""
        return self._held_back or self._accounts.left(self._agent) > 0

    def _pause(self) -> float:
        """Return how long to wait, if nothing stirs, until the account may be asked again."""
        return min(self._accounts.left(self._agent) or math.inf, _LOOK) if self._doing.held else math.inf

    async def _say_words(self, terminal: Terminal) -> None:
        while self._words:
            word = self._words.popleft()
            if word.said is not None or self._floor.locked():  # a line is being taken in, which tells of it
                await self._say_word(terminal, word, marked=False)
                continue
            self._floor.acquire_nowait()
            try:
                await self._say_word(terminal, word, marked=True)
            finally:
                self._floor.release()

    async def _say_word(self, terminal: Terminal, word: _Word, *, marked: bool) -> None:
        data = word.data if isinstance(word.data, bytes) else word.data()
        try:
            if data:
                await self._write(terminal, data, _nothing)
        except EnnioError as error:
            if word.tell:
                word.tell.reply.refuse(error)
        else:
            if word.tell:
                await self._mailbox.tell(replace(word.tell, told=bool(data)))
            elif marked:
                await self._mailbox.tell(Heard((), self._mark()))
        finally:
            if word.said is not None:
                word.said.set()

    async def _write_letter(self, terminal: Terminal, letter: Letter) -> None:
        """Write one, unless it is withdrawn first; the session is told before and after."""
        end: Written | Withdrawn = Withdrawn(letter, "it was withdrawn")
        data: bytes | None = b""
        try:
            with letter.until_withdrawn():
                data = await self._data_in_time(terminal, letter)
                if data is None:
                    return
                try:
                    await self._write(terminal, data, letter.begin)
                    end = Written(letter, self._mark())
                except EnnioError as error:
                    if self._dialogue.turns and isinstance(error, Conflict):
                        self._no_more = True  # once it has ended, its session knows what becomes of it
                        return
                    letter.refuse(error)
                    end = Withdrawn(letter, str(error))
            if isinstance(end, Withdrawn):  # else it would be the next one, until the session hears of it
                self._outbox.remove(letter)
            await self._mailbox.tell(end)
        finally:
            if data:
                self._floor.release()

    async def _data_in_time(self, terminal: Terminal, letter: Letter) -> bytes | None:
        """Return the bytes that say it, once they can be said, with the floor; None: it was given back.

        The session is told which place it gets, and before another one may get that.
        """
        place: int | None = None
        try:
            while not self._goodbye:
                if self._words or self._is_held:
                    if place is not None:
                        place = None
                        await self._mailbox.ask(Writing(letter, place))
                    if self._is_held:  # and what the session has to say first comes first
                        return None
                    await self._say_words(terminal)
                elif place is None:
                    place = terminal.place
                    await self._mailbox.ask(Writing(letter, place))
                elif data := self._data_for(letter):
                    return data
                else:
                    await self._outbox.stirred()
        except Conflict:  # the agent is being ended, and the letter stays where it is
            self._no_more = True
        return None

    def _data_for(self, letter: Letter) -> bytes:
        """Return the bytes that say it now, and take the floor; or nothing while it cannot be said."""
        if self._floor.locked():
            return b""
        data = self._steered(letter)
        if not data and self._dialogue.ready:
            self._doing.told(trio.current_time())
            data = self._dialogue.tell(letter.text)
        if data:
            self._floor.acquire_nowait()
        return data

    def was_given(self, letter: Letter) -> None:
        """Have the dialogue know that an earlier server gave the agent this letter."""
        if not self._steered(letter):
            self._doing.told(trio.current_time())
            self._dialogue.tell(letter.text)

    def _steered(self, letter: Letter) -> bytes:
        if letter.mode is Mode.STEER and isinstance(self._dialogue, Steerable):
            return self._dialogue.steer(letter.text)
        return b""

    async def _write(self, terminal: Terminal, data: bytes, begun: Callable[[], None]) -> None:
        self._doing.writing_since = trio.current_time()
        self._doing.changed.set()
        try:
            await terminal.write(data, begun)
        finally:
            self._doing.writing_since = None
            self._doing.changed.set()


def _nothing() -> None: ...
