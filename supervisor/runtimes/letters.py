"""What is on its way to an agent through its holder: letters by number, each whole or not at all."""

from collections.abc import Callable

import trio


class Letter:
    """One write. It is settled when it is done, or when it is sure that it will not be."""

    def __init__(self, seq: int, data: bytes, begun: Callable[[], None]) -> None:
        self.seq, self.data = seq, data
        self.begun = self.done = self.withdrawn = False
        self.settled = trio.Event()
        self._tell_begun = begun

    def begin(self) -> None:
        """Its first byte is on the way."""
        if not self.begun:
            self.begun = True
            self._tell_begun()

    def settle(self, *, done: bool) -> None:
        """Nothing more becomes of it."""
        self.done = done
        self.settled.set()


class Letters:
    """The letters that a holder was given and has not settled yet. Numbers grow from the last one taken."""

    def __init__(self, taken: int = 0) -> None:
        self.taken = taken
        """The number of the last one that was begun."""
        self._last = taken
        self._open: dict[int, Letter] = {}

    @property
    def last(self) -> int:
        """The number of the last one that was given, whether it was withdrawn or not."""
        return self._last

    def write(self, data: bytes, begun: Callable[[], None]) -> Letter:
        """Return a new letter with the next number."""
        self._last += 1
        letter = self._open[self._last] = Letter(self._last, data, begun)
        return letter

    def heard(self, word: str, seq: int) -> None:
        """Take what the holder says of a letter: `begun`, `done`, `withdrawn` or `deaf`."""
        if word in {"begun", "done"}:
            self.taken = max(self.taken, seq)
        letter = self._open.get(seq)
        if letter is None:
            return
        if word in {"begun", "done"}:
            letter.begin()
        if word != "begun":
            del self._open[seq]
            letter.settle(done=word == "done")

    def resume(self, taken: int, done: int) -> list[Letter]:
        """Take what a holder says that was connected to anew; return what it must be given again."""
        self.taken = max(self.taken, taken)
        self._last = max(self._last, taken)
        for seq in sorted(self._open):
            if seq <= taken:
                self.heard("done" if seq <= done else "begun", seq)
            elif self._open[seq].withdrawn:
                self.heard("withdrawn", seq)
        return [letter for seq, letter in sorted(self._open.items()) if seq > taken]

    def refuse(self) -> None:
        """Nobody will read any more."""
        for letter in self._open.values():
            letter.settle(done=False)
        self._open.clear()
