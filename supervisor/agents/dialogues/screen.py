"""The dialogue with an agent that has nothing but its screen: messages are typed, and marks are read."""

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

from ...observations import Observation, Seems, Started, TurnEnded, TurnStarted
from ...protocols import Memory
from ...records import Activity
from .json_lines import one_line

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?"  # a control sequence, ECMA-48 section 5.4
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # an operating system command, for instance a title
    r"|[PX^_][^\x1b]*(?:\x1b\\)?"  # a control string
    r"|[ -/]*[0-~]?)"  # all others
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_FRAME = " \t│┃|"

_LOOKS = 2
"""Looks in a row that must show the ready mark: agents draw in pieces, and a spinner flickers."""

_TYPED = 20
"""Characters of a message by which it is known again where it still stands to be sent."""


class _Shows(enum.Enum):
    NOTHING = enum.auto()
    READY = enum.auto()
    WORKING = enum.auto()
    ASKS = enum.auto()


def plain(line: bytes) -> str:
    """Return a line as text and a newline, without terminal escapes; empty when it was nothing else."""
    text = line.decode(errors="replace").rstrip("\r")
    kept = _ESCAPES.sub("", text.replace("\r", "\n"))
    return f"{kept}\n" if kept.strip() or not text else ""


class Screen:
    """Type what is told, and tell from the screen when a turn begins and ends. Stands at `Watching`.

    Each of `ready`, `working` and `asks` is a regular expression, searched in every line of the screen. What
    asks outranks what works, and both outrank what is ready. The terminal's title is read too, as claude,
    codex and gemini set it: a braille spinner or `✦` in front works; `✋` or `[ ! ] Action Required` asks. It
    never makes an agent ready. What is not seen is not guessed: a turn that ends is a turn that ended well.
    `conversation` is what the agent's conversation is called, where that is known beforehand.

    Call `look` at intervals while the screen does not change too: ready again counts at the second look.
    """

    turns = True

    def __init__(
        self,
        ready: Sequence[str],
        working: Sequence[str],
        asks: Sequence[str],
        conversation: str | None = None,
    ) -> None:
        self.ready = False
        self._started = Started(conversation)
        self._ready, self._working, self._asks = map(_compiled, (ready, working, asks))
        self._hello = False
        self._told = False
        """Whether a message was typed that it has not taken up, as far as the screen shows."""
        self._turn = False
        self._typed = ""
        self._before = self._now = 0
        """Checksums of the screen: when the last message was told, and at the last look."""
        self._agreeing = 0
        self._question: str | None = None

    def open(self) -> bytes:
        """Return nothing."""
        return b""

    def receive(self, line: bytes) -> Iterable[Observation]:
        """Return nothing: what a program prints to draw a screen means nothing by itself."""
        return ()

    def replies(self) -> bytes:
        """Return nothing."""
        return b""

    def tell(self, text: str) -> bytes:
        """Return the text and a line feed: it is typed, and Enter is pressed."""
        self.ready, self._told, self._agreeing = False, True, 0
        self._typed = next((words for line in text.splitlines() if (words := line.strip())), "")[:_TYPED]
        self._before = self._now
        return f"{text}\n".encode(errors="replace")

    def look(self, screen: str, title: str) -> Iterable[Observation]:
        """Take the screen as it is now, and the terminal's title; return what is different."""
        lines = screen.splitlines()
        shows, words = self._read(lines, title)
        self._now = crc32(screen.encode(errors="replace"))
        if shows is _Shows.READY:
            self._agreeing += 1
            return self._rests(lines) if self._agreeing >= _LOOKS else ()
        self._agreeing, self.ready = 0, False
        if shows is _Shows.WORKING:
            return self._works()
        return self._waits(words) if shows is _Shows.ASKS else ()

    def memory(self) -> Memory:
        """Return where the present turn stands, and a checksum of the last screen: no text of it."""
        return {
            "hello": self._hello,
            "told": self._told,
            "turn": self._turn,
            "typed": self._typed,
            "before": self._before,
            "now": self._now,
            "question": self._question,
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from there; whether it is ready is for the next looks to tell."""
        self._hello, self._told, self._turn = (memory.get(k) is True for k in ("hello", "told", "turn"))
        typed, question = memory.get("typed"), memory.get("question")
        before, now = memory.get("before"), memory.get("now")
        self._typed = typed if isinstance(typed, str) else ""
        self._question = question if isinstance(question, str) else None
        self._before = before if isinstance(before, int) else 0
        self._now = now if isinstance(now, int) else 0
        self.ready, self._agreeing = False, 0

    def readable(self, line: bytes) -> str:
        """Return the line's text without terminal escapes."""
        return plain(line)

    def _read(self, lines: list[str], title: str) -> tuple[_Shows, str]:
        """Return what screen and title show, and the line that asks."""
        title = title.strip()
        question = _found(self._asks, lines)
        if question is None and (title.startswith("✋") or "[ ! ] Action Required" in title):
            question = title
        if question is not None:
            return _Shows.ASKS, one_line(question.strip(_FRAME)) or ""
        spins = title.startswith("✦") or "\u2800" <= title[:1] <= "\u28ff"
        if spins or _found(self._working, lines) is not None:
            return _Shows.WORKING, ""
        return (_Shows.NOTHING if _found(self._ready, lines) is None else _Shows.READY), ""

    def _rests(self, lines: list[str]) -> list[Observation]:
        seen: list[Observation] = [] if self._hello else [self._started]
        self._hello = True
        if self._told and not self._turn:
            if self._now == self._before or self._stands_to_be_sent(lines):
                return seen
            # It was taken up and done with between two looks.
            seen += [TurnStarted(), TurnEnded()]
        elif self._turn:
            seen.append(TurnEnded())
        elif self._question is not None:
            seen.append(Seems(Activity.READY))
        self._told, self._turn, self._question = False, False, None
        self.ready = True
        return seen

    def _works(self) -> list[Observation]:
        seen: list[Observation] = [] if self._hello else [self._started]
        if not self._turn:
            seen.append(TurnStarted())
        elif self._question is not None:
            seen.append(Seems(Activity.ACTIVE))
        self._hello, self._turn, self._told, self._question = True, True, False, None
        return seen

    def _waits(self, words: str) -> list[Observation]:
        seen: list[Observation] = []
        if self._told and not self._turn:
            self._told, self._turn = False, True
            seen.append(TurnStarted())
        if words != self._question:
            self._question = words
            seen.append(Seems(Activity.WAITING_INPUT, words))
        return seen

    def _stands_to_be_sent(self, lines: list[str]) -> bool:
        """Whether the line to type in, the last that has the ready mark, holds what was typed."""
        last = _found(self._ready, reversed(lines)) or ""
        return bool(self._typed) and self._typed in last


def _compiled(marks: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(mark) for mark in marks)


def _found(marks: tuple[re.Pattern[str], ...], lines: Iterable[str]) -> str | None:
    """Return the first of the lines in which one of the marks is found."""
    return next((line for line in lines if any(mark.search(line) for mark in marks)), None)
