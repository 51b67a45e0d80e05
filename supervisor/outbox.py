"""What is on its way to an agent: letters in order, one writer, each letter whole or not at all."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from .errors import Conflict
from .mailbox import Reply
from .records import Message, Mode


class Letter:
    """One message to the agent. It can be withdrawn until its first byte was written.

    `reply` comes when it was written (or stored, where the agent has turns), `accepted` when the agent took
    it up. `message` is what is stored of it, from when that is known.
    """

    def __init__(self, text: str, mode: Mode = Mode.QUEUE, message: Message | None = None) -> None:
        self.text, self.mode = text, mode
        self.message = message
        self.begun = False
        self.reply, self.accepted = Reply(), Reply()
        self._scope: trio.CancelScope | None = None
        self._in_hand, self._decided = False, trio.Event()
        self._withdrawn = False

    @property
    def settled(self) -> bool:
        """Whether it will get to the agent whether anybody waits for that or not."""
        return self.begun or (self.message is not None and self.message.awaits)

    def begin(self) -> None:
        """The first byte is on its way: from here on the letter is completed."""
        self.begun = True
        self._decided.set()

    def withdraw(self) -> None:
        """Take it back if none of it was written; otherwise do nothing."""
        if not self.begun:
            self._withdrawn = True
            if self._scope:
                self._scope.cancel()

    async def take_back(self) -> None:
        """Withdraw it, and wait until it is sure whether that was in time: then `begun` says so."""
        self.withdraw()
        if self._in_hand:
            await self._decided.wait()

    def refuse(self, error: Exception) -> None:
        """Tell whoever waits for it that nothing more will become of it."""
        self.reply.refuse(error)
        self.accepted.refuse(error)

    @contextmanager
    def until_withdrawn(self) -> Iterator[None]:
        """Leave the block early, and quietly, when the letter is withdrawn. For the one writer alone."""
        self._in_hand, self._decided = True, trio.Event()
        try:
            with trio.CancelScope() as self._scope:  # anew: its agent may end, and the next one get it
                if self._withdrawn:
                    self._scope.cancel()
                yield
        finally:
            self._decided.set()


class Outbox:
    """The letters that an agent has not been given yet, first come first served."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque()
        self._news = trio.Event()

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, letter: Letter, *, first: bool = False) -> None:
        """Add a letter at the end, or before all others. How many there may be is for others to say."""
        if first:
            self._letters.appendleft(letter)
        else:
            self._letters.append(letter)
        self.stir()

    def first(self) -> Letter | None:
        """Return the next letter, which stays; None: there is none."""
        return self._letters[0] if self._letters else None

    def remove(self, letter: Letter) -> None:
        """Take a letter out, if it is there."""
        if letter in self._letters:
            self._letters.remove(letter)

    def stir(self) -> None:
        """Wake the writer: something has changed for it, also where that is no letter."""
        self._news.set()

    async def stirred(self) -> None:
        """Wait until something has changed since this was called last. For the one writer alone."""
        await self._news.wait()
        self._news = trio.Event()

    def waiting(self) -> tuple[Letter, ...]:
        """Return the letters, the next one first."""
        return tuple(self._letters)

    def refuse(self, why: str) -> list[Letter]:
        """Give every letter back to its sender, and return them."""
        refused, self._letters = list(self._letters), deque()
        for letter in refused:
            letter.refuse(Conflict(why))
        return refused
