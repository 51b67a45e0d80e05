"""What the items of a Codex turn show: what is said and done in it."""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ...observations import Observation, Said, ToolEnded, ToolStarted, Unknown
from .json_lines import objects, one_line, text

_TOOLS = {
    "commandExecution": "shell",
    "fileChange": "edit",
    "webSearch": "web search",
    "imageView": "image",
    "imageGeneration": "image generation",
    "sleep": "sleep",
}
_QUIET = {
    *("userMessage", "agentMessage", "reasoning", "plan", "hookPrompt", "functionCallOutput"),
    *("subAgentActivity", "enteredReviewMode", "exitedReviewMode", "contextCompaction"),
}
_ENDS = {"completed": True, "failed": False, "declined": False}
_SHELLS = frozenset(("bash", "sh", "zsh"))
_LONGEST_COMMAND = 16 * 1024


def begun(item: Mapping[str, Any]) -> Iterable[Observation]:
    """Return what an item's beginning shows."""
    kind = text(item.get("type")) or ""
    if kind in _QUIET:
        return ()
    tool = tool_of(item)
    return (ToolStarted(tool, summary(item)),) if tool else (Unknown(),)


def done(item: Mapping[str, Any]) -> Iterable[Observation]:
    """Return what a finished item shows. A message is handed on here, whole, not in its pieces before."""
    kind = text(item.get("type")) or ""
    if kind == "agentMessage":
        said = text(item.get("text"))
        return (Said(said),) if said else ()
    if kind in _QUIET:
        return ()
    tool = tool_of(item)
    return (ToolEnded(tool, _succeeded(item)),) if tool else (Unknown(),)


def tool_of(item: Mapping[str, Any]) -> str | None:
    """Return the name of the tool that an item uses; None for what is no use of a tool."""
    kind = text(item.get("type")) or ""
    if kind in ("mcpToolCall", "dynamicToolCall", "collabAgentToolCall"):
        owner = item.get("server") or item.get("namespace")
        return one_line("/".join(str(part) for part in (owner, item.get("tool")) if part)) or kind
    return _TOOLS.get(kind)


def summary(item: Mapping[str, Any]) -> str:
    """Return in a short line what a tool is used for: the command, the files, the arguments."""
    if item.get("type") == "fileChange":
        return files(item)
    if "command" in item:
        return one_line(script(item.get("command"))) or ""
    if arguments := item.get("arguments"):
        return one_line(json.dumps(arguments)) or ""
    for name in ("query", "prompt", "path", "revisedPrompt"):
        if line := one_line(item.get(name)):
            return line
    return ""


def files(item: Mapping[str, Any]) -> str:
    """Return which files an item changes, in a short line."""
    paths = (one_line(change.get("path")) for change in objects(item.get("changes"))[:20])
    return one_line(", ".join(path for path in paths if path)) or ""


def script(command: object) -> str:
    """Return what a shell is to run: `ls` for `/bin/bash -lc ls`, the command itself where it is no such."""
    if not isinstance(command, str):
        return ""
    if len(command) <= _LONGEST_COMMAND:
        try:
            words = shlex.split(command)
        except ValueError:
            return command
        if len(words) == 3 and words[0].rpartition("/")[2] in _SHELLS and words[1] in ("-lc", "-c"):
            return words[2]
    return command


def _succeeded(item: Mapping[str, Any]) -> bool | None:
    """Tell whether a tool did its work; a command that ended with another code than 0 did not."""
    code = item.get("exitCode")
    if type(code) is int:
        return code == 0
    return _ENDS.get(text(item.get("status")) or "")
