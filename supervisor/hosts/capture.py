"""What a command prints, kept in memory within bounds."""

from collections.abc import Callable

from .pipes import Source

_STEP = 65536
_IN_THE_PIPE = 1024 * 1024
"""Bytes; a pipe holds no more than this (/proc/sys/fs/pipe-max-size, pipe(7))."""


class Capture:
    """The bytes that came out of one pipe: all of them, or the last `most`."""

    def __init__(self, source: Source, most: int) -> None:
        self.data = bytearray()
        self.cut = False
        """Whether it was more than that."""
        self._source, self._most = source, most

    async def collect(self, when_cut: Callable[[], None] | None = None) -> None:
        """Take whatever comes until the end; call `when_cut` once it is more than is kept."""
        while data := await self._source.read(_STEP):
            self._keep(data)
            if self.cut and when_cut:
                when_cut()

    def drain(self) -> None:
        """Take what is in the pipe now. Its end is not waited for: a child left behind could withhold it."""
        for _ in range(_IN_THE_PIPE // _STEP):
            data = self._source.read_now(_STEP)
            if not data:
                return
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        self.data += data
        excess = len(self.data) - self._most
        if excess > 0:
            self.cut = True
            del self.data[:excess]
