"""What is on its way to an agent: letters in order, one writer, each letter whole or not at all."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from .errors import Conflict
from .mailbox import Reply


class Letter:
    """One message to the agent. It can be withdrawn until its first byte was written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.begun = False
        self.reply = Reply()
        self._scope = trio.CancelScope()
        self._in_hand, self._decided = False, trio.Event()

    def begin(self) -> None:
        """The first byte is on its way: from here on the letter is completed."""
        self.begun = True
        self._decided.set()

    def withdraw(self) -> None:
        """Take it back if none of it was written; otherwise do nothing."""
        if not self.begun:
            self._scope.cancel()

    async def take_back(self) -> None:
        """Withdraw it, and wait until it is sure whether that was in time: then `begun` says so."""
        self.withdraw()
        if self._in_hand:
            await self._decided.wait()

    @contextmanager
    def until_withdrawn(self) -> Iterator[None]:
        """Leave the block early, and quietly, when the letter is withdrawn. For the one writer alone."""
        self._in_hand = True
        try:
            with self._scope:
                yield
        finally:
            self._decided.set()


class Outbox:
    """The letters that an agent has not read yet, first come first served."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque()
        self._arrived = trio.Event()

    def put(self, letter: Letter) -> None:
        """Add a letter at the end. How many there may be is for those who wait for room at the door."""
        self._letters.append(letter)
        self._arrived.set()

    async def take(self) -> Letter:
        """Wait for the next letter and take it out. For the one writer alone."""
        while not self._letters:
            self._arrived = trio.Event()
            await self._arrived.wait()
        return self._letters.popleft()

    def refuse(self, why: str) -> None:
        """Give every letter back to its sender."""
        while self._letters:
            self._letters.popleft().reply.refuse(Conflict(why))
