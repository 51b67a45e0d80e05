"""The tools that an agent uses in a turn, as the Agent Client Protocol tells of them."""

import json
from collections.abc import Mapping
from typing import Any

from ...observations import ToolEnded, ToolStarted
from .json_lines import objects, one_line, text

_MOST = 32
"""Tools of a turn that are remembered; the oldest is forgotten first."""


class Tools:
    """Each tool call by its id: announced, under way, or over; until the turn ends.

    An agent that fills in a call while its model still writes it announces it first, `pending` and with a
    title that says little: it is shown with the next word about it. Some tell nothing of a call before they
    ask for permission (gemini 0.61.0), some say twice that it is over (claude-agent-acp 0.101.0).
    """

    def __init__(self) -> None:
        self._calls: dict[str, tuple[str, str, str]] = {}

    def told(self, call: Mapping[str, Any], *, asked: bool = False) -> list[ToolStarted | ToolEnded]:
        """Take a `tool_call`, a `tool_call_update`, or the call of a permission that is asked for."""
        key = one_line(call.get("toolCallId"), 100)
        if key is None:
            return []
        known = self._calls.get(key)
        tool, summary, state = known or ("", "", "announced")
        if state == "over":
            return []
        tool, summary = _kind(call) or tool or named(call), summary_of(call) or summary
        status = call.get("status")
        ended = status in ("completed", "failed")
        seen: list[ToolStarted | ToolEnded] = []
        if state == "announced" and (known or asked or ended or status == "in_progress"):
            seen.append(ToolStarted(tool, summary))
            state = "begun"
        if ended:
            seen.append(ToolEnded(tool, status == "completed"))
            state = "over"
        self._calls[key] = (tool, summary if state == "announced" else "", state)
        if len(self._calls) > _MOST:
            del self._calls[next(iter(self._calls))]
        return seen

    def named(self, call: Mapping[str, Any]) -> str:
        """Return what the tool of a call is named, by what was told of it before too."""
        known = self._calls.get(one_line(call.get("toolCallId"), 100) or "")
        return known[0] if known else named(call)

    def left(self) -> list[ToolEnded]:
        """Forget all of them, since the turn is over; return those whose end was not told."""
        calls, self._calls = self._calls, {}
        return [ToolEnded(tool) for tool, _, state in calls.values() if state == "begun"]

    def memory(self) -> dict[str, str]:
        """Return the calls of this turn."""
        return {"tools": json.dumps(self._calls)} if self._calls else {}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Go on with the calls of a turn."""
        try:
            calls = json.loads(text(memory.get("tools")) or "{}")
        except (ValueError, RecursionError):
            return
        for key, call in calls.items() if isinstance(calls, dict) else ():
            match call:
                case [str(tool), str(summary), "announced" | "begun" | "over" as state]:
                    self._calls[key] = (tool, summary, state)


def named(call: Mapping[str, Any]) -> str:
    """Return the kind of a tool call, or its title where no kind is told that says anything."""
    return _kind(call) or one_line(call.get("title"), 60) or "tool"


def summary_of(call: Mapping[str, Any]) -> str | None:
    """Return the title of a tool call, with the file behind it where the title does not name that."""
    title = one_line(call.get("title"))
    path = next((place.get("path") for place in objects(call.get("locations"))), None)
    if title is None or call.get("kind") == "execute" or not isinstance(path, str):
        return title
    return title if path.rsplit("/", 1)[-1] in title else one_line(f"{title} {path}")


def _kind(call: Mapping[str, Any]) -> str | None:
    kind = one_line(call.get("kind"), 60)
    return kind if kind != "other" else None
