"""OpenAI's Responses: the wire format of Codex."""

import itertools
import time
import uuid
from collections.abc import Iterator
from typing import Any

from .conversation import Answer, Failure, Frame, Json, Part, Question, Tool, Usage, flat, spoken, texts
from .limits import openai_error


def read(body: Json) -> Question:
    """Read a request. A tool of the type `custom` takes text as it is."""
    question = Question(
        "responses", body.get("model", ""), bool(body.get("stream")), body.get("instructions") or ""
    )
    form = (body.get("text") or {}).get("format") or {}
    question.schema = form.get("schema") if form.get("type") == "json_schema" else None
    for tool in body.get("tools") or []:
        if tool.get("type") in ("function", "custom"):
            question.tools.append(Tool(tool["name"], tool.get("parameters") or {}, tool["type"] == "custom"))
    items = body.get("input") or []
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        kind, role = item.get("type", "message"), item.get("role")
        if kind == "message" and role == "user":
            question.parts.append(Part("user", spoken(texts(item.get("content")))))
        elif kind == "message" and role == "assistant":
            question.parts.append(Part("assistant", flat(item.get("content"))))
        elif kind in ("function_call", "custom_tool_call"):
            question.parts.append(Part("call", item.get("name", "")))
        elif kind.endswith("_output"):
            question.parts.append(Part("result", flat(item.get("output"))))
    return question


def whole(question: Question, answer: Answer) -> Json:
    """Return the answer in one piece."""
    return {
        "id": f"resp_{uuid.uuid4().hex[:24]}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": question.model,
        "error": None,
        "output": _items(answer),
        "usage": _usage(answer.usage),
    }


def stream(question: Question, answer: Answer) -> Iterator[Frame]:
    """Return the answer as a stream's events."""
    numbers = itertools.count()

    def event(kind: str, **rest: Any) -> Frame:
        return kind, {"type": kind, "sequence_number": next(numbers), **rest}

    done = whole(question, answer)
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for index, item in enumerate(done["output"]):
        empty, inner = _inner(answer, item, {"item_id": item["id"], "output_index": index})
        added = {**item, "status": "in_progress", **empty}
        yield event("response.output_item.added", output_index=index, item=added)
        for kind, rest in inner:
            yield event(kind, **rest)
        yield event("response.output_item.done", output_index=index, item=item)
    yield event("response.completed", response=done)


def failure(why: Failure) -> tuple[Json, dict[str, str]]:
    """Return an error's body and headers."""
    return openai_error(why)


def _inner(answer: Answer, item: Json, where: Json) -> tuple[Json, list[tuple[str, Json]]]:
    """Return how an item begins, and the events between its beginning and its end."""
    if item["type"] == "message":
        text, at = item["content"][0], {**where, "content_index": 0}
        return {"content": []}, [
            ("response.content_part.added", {**at, "part": {**text, "text": ""}}),
            *(("response.output_text.delta", {**at, "delta": piece}) for piece in answer.pieces),
            ("response.output_text.done", {**at, "text": text["text"]}),
            ("response.content_part.done", {**at, "part": text}),
        ]
    custom = item["type"] == "custom_tool_call"
    key, stem = ("input", "custom_tool_call_input") if custom else ("arguments", "function_call_arguments")
    return {key: ""}, [
        (f"response.{stem}.delta", {**where, "delta": item[key]}),
        (f"response.{stem}.done", {**where, key: item[key]}),
    ]


def _items(answer: Answer) -> list[Json]:
    items: list[Json] = []
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        about = {"type": "message", "id": f"msg_{uuid.uuid4().hex[:24]}", "role": "assistant"}
        items.append({**about, "status": "completed", "content": content})
    if answer.tool:
        call = {"call_id": f"call_{answer.id}", "name": answer.tool, "status": "completed"}
        if answer.raw is not None:
            items.append({"type": "custom_tool_call", "id": f"ctc_{answer.id}", "input": answer.raw, **call})
        else:
            items.append(
                {"type": "function_call", "id": f"fc_{answer.id}", "arguments": answer.given, **call}
            )
    return items


def _usage(usage: Usage) -> Json:
    """Its `input_tokens` hold the cached ones, and `output_tokens` those of reasoning."""
    into, out = usage.fresh + usage.cache_read, usage.output + usage.reasoning
    return {
        "input_tokens": into,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": out,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": into + out,
    }
