"""The permissions that an agent waits for, with what has to be said back when they are given."""

import json
from typing import Any

from .json_lines import parsed

_MOST = 64
_MOST_BYTES = 32 * 1024 * 1024
_LONGEST_NAME = 200
_LONGEST_REMEMBERED = 16 * 1024
_LONGEST_MEMORY = 64 * 1024


class OpenAsks:
    """What was asked and not answered yet, by the agent's name for it, with the tool's whole input as JSON.

    Inputs of over 16 KiB are not remembered across a restart: such a permission can only be denied then.
    """

    def __init__(self) -> None:
        self._inputs: dict[str, str | None] = {}

    def __contains__(self, ask: str) -> bool:
        return ask in self._inputs

    def add(self, ask: str, tool_input: str) -> bool:
        """Keep an ask until it is taken out; return False when there are more already than anyone answers."""
        size = sum(len(words or "") for words in self._inputs.values()) + len(tool_input)
        if len(self._inputs) >= _MOST or size > _MOST_BYTES or len(ask) > _LONGEST_NAME:
            return False
        self._inputs[ask] = tool_input
        return True

    def take(self, ask: str) -> dict[str, Any] | None:
        """Take an ask out and return its input, None where that was not remembered."""
        words = self._inputs.pop(ask)
        return None if words is None else parsed(words.encode())

    def clear(self) -> list[str]:
        """Take all out, and return their names."""
        names, self._inputs = list(self._inputs), {}
        return names

    def memory(self) -> str:
        """Return the asks as JSON, with as many inputs as find room."""
        room = _LONGEST_MEMORY
        kept: dict[str, str | None] = {}
        for ask, words in self._inputs.items():
            fits = words is not None and len(words) <= min(_LONGEST_REMEMBERED, room)
            kept[ask] = words if fits else None
            room -= len(words) if words is not None and fits else 0
        return json.dumps(kept)

    def recall(self, memory: object) -> None:
        """Go on from what `memory` returned; leave out what is odd."""
        kept = (parsed(memory.encode(errors="replace")) if isinstance(memory, str) else None) or {}
        self._inputs = {}
        for ask, words in list(kept.items())[:_MOST]:
            known = isinstance(words, str) and parsed(words.encode(errors="replace")) is not None
            self._inputs[ask] = words if known else None
