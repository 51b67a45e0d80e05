"""What an agent said, as lines that fit a width; there is an end to how many are kept."""

from collections import deque
from collections.abc import Iterator

from rich.cells import cell_len, get_character_cell_size

MOST = 5000
"""So many lines are kept; then some of the oldest go."""
_SOME = 500
_LONGEST = 2000
"""Characters after which a line that does not end is ended."""


class Lines:
    """Lines to which text is added at the end."""

    def __init__(self, width: int = 80, most: int = MOST) -> None:
        self._width, self._most = width, most
        self._lines, self._heights = deque[str](), deque[int]()
        self._tail, self._tail_height = "", 0
        self.shown: list[str] = []
        """The lines as they fit the width."""

    def add(self, text: str) -> int:
        """Add text; return how many shown lines went at the top for it. A return begins its line anew."""
        self._take_tail()
        *ends, tail = (self._tail + text).split("\n")
        for each in ends:
            self._put(_last_written(each))
        self._tail = _last_written(tail) + ("\r" if tail.endswith("\r") else "")
        while len(self._tail) > _LONGEST:
            self._put(self._tail[:_LONGEST])
            self._tail = self._tail[_LONGEST:]
        self._show_tail()
        return self._drop()

    def mark(self, words: str) -> int:
        """Add a line of our own; return how many shown lines went at the top for it."""
        return self.add(f"\n{words}\n" if self._tail else f"{words}\n")

    def fit(self, width: int) -> None:
        """Make all lines fit another width."""
        if width == self._width:
            return
        self._width = width
        pieces = [wrapped(each, width) for each in self._lines]
        self._heights = deque(map(len, pieces))
        self.shown[:] = [piece for each in pieces for piece in each]
        self._show_tail()

    def _put(self, line: str) -> None:
        for start in range(0, max(len(line), 1), _LONGEST):
            part = line[start : start + _LONGEST]
            pieces = wrapped(part, self._width)
            self._lines.append(part)
            self._heights.append(len(pieces))
            self.shown += pieces

    def _take_tail(self) -> None:
        del self.shown[len(self.shown) - self._tail_height :]
        self._tail_height = 0

    def _show_tail(self) -> None:
        pieces = wrapped(self._tail.rstrip("\r"), self._width) if self._tail else []
        self.shown += pieces
        self._tail_height = len(pieces)

    def _drop(self) -> int:
        if len(self._lines) <= self._most:
            return 0
        keep = self._most - min(_SOME, self._most // 2)
        gone = 0
        while len(self._lines) > keep:
            self._lines.popleft()
            gone += self._heights.popleft()
        del self.shown[:gone]
        return gone


def _last_written(line: str) -> str:
    """Return what stands on a line on which a return went back to its beginning."""
    return next(filter(None, reversed(line.split("\r"))), "")


def wrapped(line: str, width: int) -> list[str]:
    """Return a line in pieces of so many cells at most, parted at spaces where there are some."""
    line = line.expandtabs()
    return list(_pieces(line, max(width, 2))) if cell_len(line) > width else [line]


def _pieces(line: str, width: int) -> Iterator[str]:
    while line:
        fits = _fitting(line, width)
        space = line.rfind(" ", 1, fits + 1) if fits < len(line) else -1
        cut = space if space > fits // 2 else fits
        yield line[:cut]
        line = line[cut:].removeprefix(" ") if cut == space else line[cut:]


def _fitting(line: str, width: int) -> int:
    """Return how many characters fit: at least one, so that there is an end."""
    if line.isascii():
        return width
    cells = 0
    for number, char in enumerate(line):
        cells += get_character_cell_size(char)
        if cells > width:
            return max(number, 1)
    return len(line)
