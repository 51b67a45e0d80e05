"""What Codex is asked, and not told yet: JSON-RPC 2.0 with numbers from 1."""

from collections.abc import Mapping
from typing import Any

from .json_lines import whole, written

_PREFIX = "request "


class Requests:
    """Numbers each request, and knows by the number what an answer answers."""

    def __init__(self) -> None:
        self._last = 0
        self._open: dict[int, tuple[str, str]] = {}

    def send(self, method: str, params: Mapping[str, Any], note: str = "") -> bytes:
        """Return a request as bytes; `note` comes back with its answer."""
        self._last += 1
        self._open[self._last] = (method, note)
        return written({"id": self._last, "method": method, "params": params})

    def answered(self, number: object) -> tuple[str, str]:
        """Return the method and the note of what is answered, both empty for what was not asked."""
        return self._open.pop(number, ("", "")) if isinstance(number, int) else ("", "")

    def memory(self) -> dict[str, str | int]:
        """Return all of this as plain values."""
        waiting = {f"{_PREFIX}{number}": f"{method} {note}" for number, (method, note) in self._open.items()}
        return {"last request": self._last, **waiting}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on from `memory`."""
        self._last = whole(memory.get("last request")) or 0
        for key, value in memory.items():
            number = key.removeprefix(_PREFIX)
            if key.startswith(_PREFIX) and isinstance(value, str) and number.isascii() and number.isdigit():
                method, _, note = value.partition(" ")
                self._open[int(number[:16])] = (method, note)
