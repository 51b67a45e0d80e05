"""What an agent is told: whole letters, in order, each once."""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Answer = dict[str, Any]


class Letters:
    """The letters on their way to an agent, without any input or output.

    A letter is bytes under a number, which grows from 1. It is taken, begun with its first byte, and done
    with its last. What is begun is completed; what is not can still be taken back.
    """

    def __init__(self) -> None:
        self.taken = self.begun = self.done = 0
        self.deaf = False
        self._queue: deque[tuple[int, memoryview]] = deque()
        self._withdrawn: set[int] = set()
        self._under_way = False
        self._last = False

    @property
    def waiting(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._queue)

    @property
    def over(self) -> bool:
        """Whether the agent is to be told nothing more: it reads no more, or the end was asked for."""
        return self.deaf or (self._last and not self._queue)

    def add(self, seq: int, body: bytes) -> list[Answer]:
        """Take a letter, unless its number was taken before."""
        if seq <= self.taken:
            if seq in self._withdrawn:
                return [_is("withdrawn", seq)]
            return [_is("done", seq)] if seq <= self.done else []
        self.taken = seq
        if self.deaf or self._last:
            return [_is("deaf", seq)]
        self._queue.append((seq, memoryview(body)))
        return []

    def withdraw(self, seq: int) -> list[Answer]:
        """Take a letter back, unless it was begun."""
        if seq <= self.begun and seq not in self._withdrawn:
            return [_is("begun", seq)]
        self._queue = deque(letter for letter in self._queue if letter[0] != seq)
        self._withdrawn.add(seq)
        self.taken = max(self.taken, seq)
        return [_is("withdrawn", seq)]

    def close(self) -> None:
        """Let the agent's input end after what was taken so far."""
        self._last = True

    def drop(self) -> None:
        """Forget what was not begun, since whoever sent it is gone; those numbers can be used again."""
        if self._queue:
            self._last = False
        while len(self._queue) > self._under_way:
            self._queue.pop()
        self.taken = self.begun
        self._withdrawn = {seq for seq in self._withdrawn if seq < self.begun}

    def next(self) -> memoryview:
        """Return the bytes to write next; only while `waiting`."""
        return self._queue[0][1]

    def wrote(self, count: int) -> list[Answer]:
        """Note that so many of them were written."""
        seq, rest = self._queue[0]
        answers = []
        if not self._under_way:
            self._under_way, self.begun = True, seq
            answers.append(_is("begun", seq))
        self._queue[0] = (seq, rest[count:])
        if len(rest) == count:
            self._queue.popleft()
            self._under_way, self.done = False, seq
            answers.append(_is("done", seq))
        return answers

    def refused(self) -> list[Answer]:
        """Note that the agent reads no more."""
        answers = [_is("deaf", seq) for seq, _ in self._queue]
        self._queue.clear()
        self.deaf, self._under_way = True, False
        return answers


class Input:
    """The pipe to an agent's standard input, and the letters for it."""

    def __init__(self, pipe: int | None, keep: Callable[[int], None]) -> None:
        """`keep` is told the number of each letter that was completed. Without a pipe the agent is deaf."""
        self.letters = Letters()
        self._keep = keep
        self.pipe = pipe
        if pipe is None:
            self.letters.refused()
        else:
            os.set_blocking(pipe, False)

    def write(self) -> list[Answer]:
        """Write what fits; close the pipe when nothing more is to come. Never waits."""
        answers: list[Answer] = []
        try:
            while self.pipe is not None and self.letters.waiting:
                piece = self.letters.next()
                news = self.letters.wrote(os.write(self.pipe, piece) if piece else 0)
                if self.letters.done == self.letters.begun:
                    self._keep(self.letters.done)
                answers += news
        except BlockingIOError:
            pass
        except BrokenPipeError:
            answers += self.letters.refused()
        if self.letters.over:
            self.close()
        return answers

    def close(self) -> None:
        """Close the pipe."""
        if self.pipe is not None:
            pipe, self.pipe = self.pipe, None
            with suppress(OSError):
                os.close(pipe)


def _is(what: str, seq: int) -> Answer:
    return {"is": what, "seq": seq}
