"""What an agent said: its bytes on disk, counted from the first that ever came.

Standard library alone and no trio, so that whatever holds an agent's process can write it.
"""

import os
import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SEGMENTS = 8
"""Into how many files the kept bytes are split. One is dropped as a whole, so 3/4 always stay."""

_NAME = re.compile(r"([0-9]{20})\.log")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Output bytes from `start` to `end` of all that ever came; `start` is past what was asked for
    when older output was dropped. Empty data: no more will come."""

    data: bytes
    start: int
    end: int


class OutputLog:
    """An append-only run of bytes in a folder, of which the last `keep_bytes` are kept.

    Cursors count from the first byte that ever came, and stay what they are when another log is opened
    on the same folder later: it goes on at the end. There may be one writer, and any number of readers,
    which see what was there when they were opened. Each file is named by the cursor of its first byte.
    """

    def __init__(self, folder: str | os.PathLike[str], keep_bytes: int) -> None:
        self._folder, self._keep = Path(folder), keep_bytes
        self._segment_bytes = max(1, keep_bytes // _SEGMENTS)
        self._writer: int | None = None
        self._starts, self.end = self._scan()

    @property
    def start(self) -> int:
        """The cursor of the oldest byte that is kept."""
        return self._starts[0] if self._starts else self.end

    def last_written(self) -> float | None:
        """Return when bytes came last, in seconds since the epoch; None when none are kept."""
        if not self._starts:
            return None
        try:
            return self._path(self._starts[-1]).stat().st_mtime
        except FileNotFoundError:
            return None

    def append(self, data: bytes) -> None:
        """Add bytes at the end; older ones are dropped for them.

        Raises `OSError` when they cannot be written. `end` tells how many of them were, so the rest can
        be tried again.
        """
        rest = memoryview(data)
        if len(rest) > self._keep:
            skipped = len(rest) - self._keep
            self._begin_segment(self.end + skipped)
            rest = rest[skipped:]
        while rest:
            writer = self._writer if self._writer is not None and self._room() else self._continue()
            piece = rest[: self._room()]
            self._make_room(len(piece))
            written = os.write(writer, piece)
            self.end += written
            rest = rest[written:]

    def read(self, after: int, limit: int) -> Chunk:
        """Return up to `limit` bytes past the cursor `after`, or none when there are none.

        The chunk's `start` lies past `after` when what came between was dropped.
        """
        start = cursor = min(max(after, self.start), self.end)
        pieces: list[bytes] = []
        while cursor < self.end and cursor - start < limit:
            index = bisect_right(self._starts, cursor) - 1
            until = self._starts[index + 1] if index + 1 < len(self._starts) else self.end
            wanted = min(until - cursor, limit - (cursor - start))
            piece = self._read_file(self._starts[index], cursor, wanted)
            pieces.append(piece)
            cursor += len(piece)
            if len(piece) < wanted:
                if cursor > start:
                    break
                start = cursor = until  # the writer has dropped that file meanwhile
        return Chunk(b"".join(pieces), start, cursor)

    def refresh(self, end: int | None = None) -> None:
        """For a reader: see what the writer has written meanwhile.

        `end` is how far the writer is known to have come; with it the folder is read only if it must be.
        """
        if end is not None and self._starts:
            last = self._starts[-1]
            with suppress(FileNotFoundError):
                reached = last + self._path(last).stat().st_size
                if reached >= end:
                    self.end = max(self.end, reached)
                    return
        starts, reached = self._scan()
        if reached >= self.end:
            self._starts, self.end = starts, reached

    def close(self) -> None:
        """Let go of the descriptor. The log can still be read, and appended to."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            os.close(writer)

    def _scan(self) -> tuple[list[int], int]:
        """Return the cursors at which the files begin, and the end; only what has no gap counts."""
        sizes: dict[int, int] = {}
        with suppress(FileNotFoundError), os.scandir(self._folder) as files:
            for file in files:
                if name := _NAME.fullmatch(file.name):
                    with suppress(FileNotFoundError):
                        sizes[int(name[1])] = file.stat().st_size
        starts = sorted(sizes)
        for index in range(len(starts) - 1, 0, -1):
            if starts[index - 1] + sizes[starts[index - 1]] < starts[index]:
                return starts[index:], starts[-1] + sizes[starts[-1]]
        return starts, starts[-1] + sizes[starts[-1]] if starts else 0

    def _room(self) -> int:
        return self._segment_bytes - (self.end - self._starts[-1]) if self._starts else 0

    def _continue(self) -> int:
        """Open the last file if it has room, else a new one."""
        return self._begin_segment(self._starts[-1] if self._room() > 0 else self.end)

    def _begin_segment(self, start: int) -> int:
        """Open the file that begins at `start`, which may be the last one; past the end, drop all others."""
        _make_private(self._folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        writer = os.open(self._path(start), flags, 0o600)
        self.close()
        self._writer = writer
        if start not in self._starts[-1:]:
            self._starts.append(start)
        if start > self.end:
            self.end = start
            while len(self._starts) > 1:
                self._drop_oldest()
        return writer

    def _make_room(self, size: int) -> None:
        while self.end + size - self.start > self._keep and len(self._starts) > 1:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._path(self._starts[0]).unlink(missing_ok=True)
        del self._starts[0]

    def _read_file(self, start: int, cursor: int, size: int) -> bytes:
        try:
            descriptor = os.open(self._path(start), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""
        try:
            return os.pread(descriptor, size, cursor - start)
        finally:
            os.close(descriptor)

    def _path(self, start: int) -> Path:
        return self._folder / f"{start:020}.log"


def _make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, for their owner alone."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
