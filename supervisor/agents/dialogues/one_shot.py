"""The dialogue with an agent that is run once for each message; `turns_program` stands between."""

import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from ...observations import Observation, Outcome, Said, Started, TurnEnded, TurnStarted, Unknown
from ...protocols import Memory
from .json_lines import mapping, one_line, parsed, text, written


class Reader(Protocol):
    """What an agent's own words and its log mean: what is seen in them, and whether the turn went well."""

    def out(self, line: str) -> Iterable[Observation]:
        """Take a line that it printed, or a piece of a long one; return what it shows beside the text."""

    def log(self, entry: Mapping[str, Any]) -> Iterable[Observation]:
        """Take an entry of its log; return what it shows."""

    def failure(self) -> str | None:
        """Return why the turn that is over failed, None if it did not, and forget it."""

    def memory(self) -> Memory:
        """Return what has to be known of the present turn, under names that begin with `read`."""

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from there."""


class OneShot:
    """A process for each message: it begins and ends the turn, and what it prints is what the agent says.

    A turn has failed when the process ends with another code than 0, and when `reader` says so: some agents
    end with 0 whatever happens. `conversation` is what these turns are to be gone on with by later, if they
    are one conversation at all.
    """

    turns = True

    def __init__(self, reader: Reader | None = None, conversation: str | None = None) -> None:
        self.ready = False
        self._reader, self._conversation = reader, conversation
        self._turn = False
        """Whether a message was told whose turn is not over."""
        self._last = ""
        """The last words of the present turn."""

    def open(self) -> bytes:
        """Return nothing: the program says hello by itself."""
        return b""

    def receive(self, line: bytes) -> Iterable[Observation]:
        """Take one line of what `turns_program` prints."""
        message = parsed(line) or {}
        if "hello" in message:
            self.ready = not self._turn
            return (Started(self._conversation),)
        if "out" in message:
            return self._said(message)
        if "log" in message:
            return tuple(self._reader.log(mapping(message["log"]))) if self._reader else ()
        if message.get("turn") == "started":
            self.ready, self._turn = False, True
            return (TurnStarted(),)
        if message.get("turn") == "ended":
            return self._ended(message)
        return (Unknown(),)

    def replies(self) -> bytes:
        """Return nothing."""
        return b""

    def tell(self, message: str) -> bytes:
        """Return the line that has the program begin a turn."""
        self.ready, self._turn = False, True
        return written({"tell": message})

    def interrupt(self) -> bytes:
        """Return the line that ends the present turn, as Ctrl-C does; empty when there is none."""
        return written({"interrupt": True}) if self._turn else b""

    def memory(self) -> Memory:
        """Return where the present turn stands."""
        read = self._reader.memory() if self._reader else {}
        return {**read, "ready": self.ready, "turn": self._turn, "last": self._last}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from there."""
        self._turn = memory.get("turn") is True
        self.ready = memory.get("ready") is True and not self._turn
        self._last = one_line(memory.get("last")) or ""
        if self._reader:
            self._reader.recall(memory)

    def readable(self, line: bytes) -> str:
        """Return what the agent printed, and why it could not be run; what is no line of ours, as it is."""
        message = parsed(line)
        if message is None:
            return f"{line.decode(errors='replace')}\n"
        if "out" in message:
            return _printed(message)
        words = text(message.get("error"))
        return "" if words is None else f"{words}\n"

    def _said(self, message: Mapping[str, Any]) -> Iterable[Observation]:
        said = _printed(message)
        self._last = one_line(said) or self._last
        seen = self._reader.out(said.removesuffix("\n")) if self._reader else ()
        return (Said(said), *seen) if said else seen

    def _ended(self, message: Mapping[str, Any]) -> Iterable[Observation]:
        last, self._last = self._last, ""
        self.ready, self._turn = True, False
        failure = self._reader.failure() if self._reader else None
        code, error = message.get("code"), one_line(message.get("error"))
        if error is None and message.get("cancelled") is True:
            return (TurnEnded(Outcome.CANCELLED),)
        if error is None and failure is None and code == 0:
            return (TurnEnded(),)
        ended = f"the agent's program ended with {_named(code)}"
        return (TurnEnded(Outcome.FAILED, error or failure or (f"{ended}: {last}" if last else ended)),)


def _printed(message: Mapping[str, Any]) -> str:
    said = text(message.get("out"))
    if said is None:
        return ""
    return said if message.get("more") is True else f"{said}\n"


def _named(code: object) -> str:
    """Return an exit code in words; a negative one is a signal's number."""
    if isinstance(code, int) and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"code {code}" if isinstance(code, int) else "no code"
