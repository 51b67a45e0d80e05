"""What the messages of stream-json mean to a person: a tool, a failure, a line of output."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...observations import Outcome
from .json_lines import mapping, objects, one_line, parsed, seconds, text, whole
from .stream_json_results import failure_of, outcome_of

_TELLING = (
    *("command", "file_path", "absolute_path", "notebook_path", "path", "pattern", "query", "url", "skill"),
    *("description", "prompt", "plan"),
)
"""What tells most of a tool's use, by the names of claude and of qwen."""

_SHOWN_LINES = 5
_SHOWN_WIDTH = 200
_LONGEST_INPUT = 64 * 1024
_LONGEST_WORDS = 2000
_TOOL_ERROR = "✗ "


def summary_of(tool_input: Mapping[str, Any]) -> str:
    """Return what a tool is used for in one short line: the command, the file, the first question, ..."""
    for name in _TELLING:
        if line := one_line(tool_input.get(name)):
            return line
    for question in objects(tool_input.get("questions"))[:1]:
        return one_line(question.get("question")) or ""
    return ""


def shown_input(words: str) -> str:
    """Return a tool's input, which is JSON, as JSON of no more than 64 KiB: else its beginning."""
    if len(words) <= _LONGEST_INPUT:
        return words
    # It is ASCII already, of which quotes and backslashes take two characters: a third fits for certain.
    beginning = words[: _LONGEST_INPUT // 3]
    return json.dumps({"too long to be shown, in bytes": len(words), "beginning": beginning})


def readable(line: bytes) -> Iterator[str]:
    """Yield the lines that a line of output means to a person."""
    message = parsed(line)
    if message is None:
        # What is no JSON at all is a program's own word; what looks like it is the remains of a line.
        if line.strip() and not line.lstrip().startswith((b"{", b"[")):
            yield (text(line[: 4 * _LONGEST_WORDS].decode(errors="replace")) or "").rstrip()
        return
    match message.get("type"):
        case "assistant" | "user":
            nested = message.get("parent_tool_use_id") is not None
            own = message["type"] == "assistant" and not message.get("error")
            for block in blocks(message):
                for shown in _block(block, own):
                    yield f"  {shown}" if nested else shown
        case "control_request":
            request = mapping(message.get("request"))
            if request.get("subtype") == "can_use_tool":
                tool = _tool(request.get("tool_name"), mapping(request.get("input")))
                yield f"[asks for permission] {tool}"
        case "result":
            outcome = outcome_of(message)
            if outcome is Outcome.CANCELLED:
                yield "[interrupted]"
            elif outcome is Outcome.FAILED:
                yield f"[failed] {failure_of(message)}"
        case "system" if message.get("subtype") == "api_retry":
            yield _retry(message)


def blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the blocks of a message's content; a plain text is one."""
    content = mapping(message.get("message")).get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else objects(content)


def _block(block: Mapping[str, Any], own: bool) -> Iterator[str]:
    match block.get("type"):
        case "text" if own:
            if words := text(block.get("text")):
                yield words
        case "tool_use" | "server_tool_use":
            yield f"[{_tool(block.get('name'), mapping(block.get('input')), ']')}"
        case "tool_result":
            yield from _tool_result(block)


def _tool(name: object, tool_input: Mapping[str, Any], after: str = ":") -> str:
    return f"{one_line(name) or 'tool'}{after} {summary_of(tool_input)}".rstrip()


def _tool_result(block: Mapping[str, Any]) -> Iterator[str]:
    content = block.get("content")
    if not isinstance(content, str):
        content = "\n".join(words for part in objects(content) if (words := text(part.get("text"))))
    # Only so much is looked at, however long the lines are.
    lines = content[: _SHOWN_LINES * _SHOWN_WIDTH * 10].splitlines()
    mark = _TOOL_ERROR if block.get("is_error") is True else ""
    for number, line in enumerate(lines[:_SHOWN_LINES]):
        shown = (text(line[: _SHOWN_WIDTH + 1]) or "").rstrip()
        yield f"    {'' if number else mark}{shown if len(shown) <= _SHOWN_WIDTH else f'{shown[:-1]}…'}"
    if len(lines) > _SHOWN_LINES:
        yield "    …"


def _retry(message: Mapping[str, Any]) -> str:
    parts = ["retrying"]
    if attempt := whole(message.get("attempt")):
        parts.append(f"{attempt}")
        if most := whole(message.get("max_retries")):
            parts.append(f"of {most}")
    if (delay := seconds(message.get("retry_delay_ms"))) is not None:
        parts.append(f"in {delay:.1f} s")
    cause = [f"HTTP {status}"] if (status := whole(message.get("error_status"))) else []
    if words := one_line(message.get("error")):
        cause.append(words)
    return f"[{' '.join(parts)}{': ' if cause else ''}{', '.join(cause)}]"
