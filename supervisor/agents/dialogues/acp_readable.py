"""What a person reads of an agent that speaks the Agent Client Protocol."""

from collections.abc import Mapping
from typing import Any

from .acp_errors import METHOD_NOT_FOUND, said
from .json_lines import mapping, objects, one_line, parsed, text


def readable(line: bytes) -> str:
    """Return what a line means, by itself: pieces of the agent's text as they are, without a newline of ours.

    All else begins with a newline, since it may come in the middle of the agent's text, and ends with one.
    What was said in an earlier run is shown again where the agent tells it again, with the user's words
    after `>`. A line that is no message, such as a complaint of the program itself, is shown as it is.
    """
    message = parsed(line)
    if message is None:
        return _line(text(line.decode(errors="replace").strip()))
    params = mapping(message.get("params"))
    match message.get("method"):
        case "session/update":
            return _update(mapping(params.get("update")))
        case "session/request_permission":
            call = mapping(params.get("toolCall"))
            return _line(f"[asks] {one_line(call.get('title')) or _kind(call)}")
        case None:
            return _answer(message)
    return ""


def _answer(message: Mapping[str, Any]) -> str:
    if "error" in message:
        # An agent that cannot do what it said it can is asked in another way.
        known = mapping(message["error"]).get("code") == METHOD_NOT_FOUND
        return "" if known else _line(f"[error] {said(message['error'])}")
    reason = mapping(message.get("result")).get("stopReason")
    if reason in (None, "end_turn"):
        return "" if reason is None else "\n"
    return _line(f"[{one_line(reason, 60)}]")


def _update(update: Mapping[str, Any]) -> str:
    match update.get("sessionUpdate"):
        case "agent_message_chunk":
            return _piece(update)
        case "user_message_chunk":
            return _line(f"> {_piece(update)}")
        case "tool_call" | "tool_call_update" as kind:
            return _tool(update, first=kind == "tool_call")
        case "plan":
            steps = objects(update.get("entries"))
            words = (
                f"[plan] {one_line(one.get('content'))} ({one_line(one.get('status'))})" for one in steps
            )
            return _line("\n".join(words))
    return ""


def _tool(update: Mapping[str, Any], *, first: bool) -> str:
    """Return a line for what a call is and one for how it ended, where its title is told with that.

    A call is announced while the model still writes it: with its kind for a title and no input, or only the
    folder as with opencode 1.18.33. What it is comes after that, and then over and over.
    """
    title, status = one_line(update.get("title")), update.get("status")
    if title is None:
        return ""
    if status in ("completed", "failed"):
        return _line(f"[{_kind(update)}] {title}: {'done' if status == 'completed' else 'failed'}")
    filled = any(key != "cwd" for key in mapping(update.get("rawInput")))
    told = filled or status == "in_progress" if first else filled and status is None
    return _line(f"[{_kind(update)}] {title}") if told else ""


def _piece(update: Mapping[str, Any]) -> str:
    return text(mapping(update.get("content")).get("text")) or ""


def _kind(call: Mapping[str, Any]) -> str:
    return one_line(call.get("kind"), 60) or "tool"


def _line(words: str | None) -> str:
    return f"\n{words}\n" if words else ""
