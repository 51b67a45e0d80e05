"""Anthropic's Messages: the wire format of Claude Code."""

import uuid
from collections.abc import Iterator
from typing import Any

from .conversation import Answer, Failure, Frame, Json, Part, Question, Tool, Usage, flat, spoken
from .limits import MESSAGE, anthropic_headers

KINDS = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}


def read(body: Json) -> Question:
    """Read a request. Claude Code also sends messages of the role `system` in between."""
    question = Question(
        "anthropic", body.get("model", ""), bool(body.get("stream")), flat(body.get("system"))
    )
    form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    question.schema = form.get("schema")
    offered = [tool for tool in body.get("tools") or [] if tool.get("name")]
    question.tools = [Tool(tool["name"], tool.get("input_schema") or {}) for tool in offered]
    for message in body.get("messages") or []:
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        said = [block.get("text", "") for block in blocks if block.get("type") == "text"]
        if message.get("role") == "assistant":
            question.parts.append(Part("assistant", "\n".join(said)))
            question.parts += [Part("call") for block in blocks if block.get("type") == "tool_use"][:1]
            continue
        results = [block for block in blocks if block.get("type") == "tool_result"]
        question.parts += [Part("result", flat(block.get("content"))) for block in results]
        if said and message.get("role") == "user":
            question.parts.append(Part("user", spoken(said)))
    return question


def whole(question: Question, answer: Answer) -> Json:
    """Return the answer in one piece."""
    return {**_message(question, answer), "content": _content(answer), "stop_reason": _reason(answer)}


def stream(question: Question, answer: Answer) -> Iterator[Frame]:
    """Return the answer as a stream's events."""
    message = _message(question, answer)
    yield _event("message_start", message={**message, "usage": {**message["usage"], "output_tokens": 1}})
    yield _event("ping")
    for index, block in enumerate(_content(answer)):
        if block["type"] == "text":
            empty, deltas = {"text": ""}, [{"type": "text_delta", "text": piece} for piece in answer.pieces]
        else:
            empty, deltas = {"input": {}}, [{"type": "input_json_delta", "partial_json": answer.given}]
        yield _event("content_block_start", index=index, content_block={**block, **empty})
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    delta = {"stop_reason": _reason(answer), "stop_sequence": None}
    yield _event("message_delta", delta=delta, usage=message["usage"])
    yield _event("message_stop")


def failure(why: Failure) -> tuple[Json, dict[str, str]]:
    """Return an error's body and headers."""
    text = MESSAGE if why.kind == "limit" else f"scripted error {why.status}"
    body = {"type": "error", "error": {"type": KINDS.get(why.status, "api_error"), "message": text}}
    return body, anthropic_headers(why.lasts) if why.kind == "limit" else {}


def _event(kind: str, **rest: Any) -> Frame:
    return kind, {"type": kind, **rest}


def _message(question: Question, answer: Answer) -> Json:
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": question.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(answer.usage),
    }


def _content(answer: Answer) -> list[Json]:
    content: list[Json] = [{"type": "text", "text": answer.text}] if answer.text else []
    if answer.tool:
        content.append(
            {"type": "tool_use", "id": f"toolu_{answer.id}", "name": answer.tool, "input": answer.args}
        )
    return content


def _reason(answer: Answer) -> str:
    return "tool_use" if answer.tool else "end_turn"


def _usage(usage: Usage) -> Json:
    """Its `input_tokens` hold nothing of the cache."""
    return {
        "input_tokens": usage.fresh,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    }
