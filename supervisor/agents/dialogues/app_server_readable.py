"""What a line of `codex app-server` means to a person."""

from collections.abc import Mapping
from typing import Any

from .app_server_asks import asked_for
from .app_server_items import script, summary, tool_of
from .app_server_troubles import words_of
from .json_lines import mapping, one_line, parsed, text, whole

_WARNINGS = ("warning", "guardianWarning", "configWarning")
_SHOWN_OUTPUT = 2000
"""Characters of a command's output that people are shown: its end."""


def readable(line: bytes) -> str:
    """Return what is said and done, and what goes wrong. What comes in pieces is shown once, whole.

    A line that is no message, such as a complaint of the program itself, is shown as it is.
    """
    message = parsed(line)
    if message is None:
        return _lines(text(line.decode(errors="replace")))
    method, params = message.get("method"), mapping(message.get("params"))
    if method == "item/started":
        return _begun(mapping(params.get("item")))
    if method == "item/completed":
        return _done(mapping(params.get("item")))
    if isinstance(method, str) and "id" in message:
        return _lines(asked_for(method, params))
    return _trouble(message, method, params)


def _trouble(message: Mapping[str, Any], method: object, params: Mapping[str, Any]) -> str:
    error = message.get("error") if method is None else params.get("error") if method == "error" else None
    if words := words_of(error):
        return f"error: {words}\n"
    warning = text(params.get("message") or params.get("summary")) if method in _WARNINGS else None
    return f"warning: {warning}\n" if warning else ""


def _begun(item: Mapping[str, Any]) -> str:
    """Return the line that tells people that a tool is used."""
    tool = tool_of(item)
    return f"[{tool}] {_flat(item)}".rstrip() + "\n" if tool else ""


def _flat(item: Mapping[str, Any]) -> str:
    return text(script(item.get("command"))) or summary(item)


def _done(item: Mapping[str, Any]) -> str:
    """Return what people want to know of a finished item: a message, the end of an output, a failure."""
    if item.get("type") == "agentMessage":
        return _lines(text(item.get("text")))
    if tool_of(item) is None:
        return ""
    output = text(item.get("aggregatedOutput"))
    if output and len(output) > _SHOWN_OUTPUT:
        output = f"…{output[-_SHOWN_OUTPUT:]}"
    return _lines(output) + _how_it_failed(item)


def _how_it_failed(item: Mapping[str, Any]) -> str:
    code, status = whole(item.get("exitCode")), item.get("status")
    if status == "declined":
        return f"[{tool_of(item)}] was not allowed\n"
    if code:
        return f"[{tool_of(item)}] exit code {code}\n"
    if status != "failed":
        return ""
    words = one_line(mapping(item.get("error")).get("message"))
    return f"[{tool_of(item)}] failed{f': {words}' if words else ''}\n"


def _lines(words: str | None) -> str:
    return f"{words.rstrip()}\n" if words and words.strip() else ""
