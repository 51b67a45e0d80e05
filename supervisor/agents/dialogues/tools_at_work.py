"""The tools that an agent uses at present, by name: that one has ended is told without it."""

import json
from collections.abc import Mapping
from typing import Any

from ...observations import ToolEnded, ToolStarted
from .json_lines import mapping, one_line, parsed, text
from .stream_json_words import summary_of

_MOST = 64
_LONGEST_KEY = 200


class ToolsAtWork:
    """Remember which tool each use is of: the last 64 are known by name, any other is a `tool`."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def started(self, block: Mapping[str, Any]) -> ToolStarted:
        """Take a `tool_use`."""
        name = one_line(block.get("name")) or "tool"
        if key := _key(block.get("id")):
            self._names[key] = name
        if len(self._names) > _MOST:
            del self._names[next(iter(self._names))]
        return ToolStarted(name, summary_of(mapping(block.get("input"))))

    def ended(self, block: Mapping[str, Any]) -> ToolEnded:
        """Take a `tool_result`."""
        return ToolEnded(
            self._names.pop(_key(block.get("tool_use_id")), "tool"), block.get("is_error") is not True
        )

    def memory(self) -> str:
        """Return the names as JSON."""
        return json.dumps(self._names)

    def recall(self, memory: object) -> None:
        """Go on from what `memory` returned; leave out what is odd."""
        kept = (parsed(memory.encode(errors="replace")) if isinstance(memory, str) else None) or {}
        self._names = {key: name for key, name in kept.items() if isinstance(name, str)}


def _key(name: object) -> str:
    return (text(name) or "")[:_LONGEST_KEY]
