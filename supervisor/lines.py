"""Output cut into lines: each with the place where it ends, however it comes in."""

from collections.abc import Iterator

from .output import Chunk

LONGEST = 8 << 20
"""Bytes of a line; of a longer one nothing is handed on."""


class Lines:
    """Cuts chunks into whole lines, without their newlines, in linear time.

    `at` is the place of the next byte. Where output was dropped, what is left of the line it was in goes too.
    """

    def __init__(self, at: int) -> None:
        self.at = at
        self._begun = bytearray()
        self._skipping = False

    def cut(self, chunk: Chunk) -> Iterator[tuple[bytes, int]]:
        """Yield each line that this completes, with the place after its newline."""
        if chunk.start > self.at:
            self._begun.clear()
            self._skipping = True
        begin, self.at = 0, chunk.end
        while (newline := chunk.data.find(b"\n", begin)) >= 0:
            line = bytes(self._begun) + chunk.data[begin:newline]
            begin = newline + 1
            self._begun.clear()
            skipped, self._skipping = self._skipping, False
            if not skipped and len(line) <= LONGEST:
                yield line, chunk.start + begin
        if not self._skipping:
            self._begun += chunk.data[begin:]
        if len(self._begun) > LONGEST:
            self._begun.clear()
            self._skipping = True

    def rest(self) -> bytes:
        """Return the last line, which nobody ended."""
        return bytes(self._begun)
