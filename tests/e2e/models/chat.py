"""OpenAI's Chat Completions: the wire format of OpenCode, Qwen Code and aider."""

import time
import uuid
from collections.abc import Iterator

from .conversation import Answer, Failure, Frame, Json, Part, Question, Tool, Usage, flat, spoken, texts
from .limits import openai_error


def read(body: Json) -> Question:
    """Read a request."""
    question = Question("chat", body.get("model", ""), bool(body.get("stream")))
    form = body.get("response_format") or {}
    wanted = (form.get("json_schema") or {}).get("schema")
    question.schema = wanted or ({} if form.get("type") == "json_object" else None)
    offered = [tool["function"] for tool in body.get("tools") or [] if tool.get("type") == "function"]
    question.tools = [Tool(tool["name"], tool.get("parameters") or {}) for tool in offered]
    for message in body.get("messages") or []:
        role, content = message.get("role"), message.get("content")
        if role in ("system", "developer"):
            question.system += flat(content)
        elif role == "user":
            question.parts.append(Part("user", spoken(texts(content))))
        elif role == "assistant":
            question.parts.append(Part("assistant", flat(content)))
            question.parts += [Part("call")] if message.get("tool_calls") else []
        elif role == "tool":
            question.parts.append(Part("result", flat(content)))
    return question


def whole(question: Question, answer: Answer) -> Json:
    """Return the answer in one piece."""
    message: Json = {"role": "assistant", "content": answer.text or None}
    if answer.tool:
        message["tool_calls"] = [_call(answer)]
    choice = {"index": 0, "message": message, "finish_reason": _reason(answer)}
    return _base(question, "chat.completion") | {"choices": [choice], "usage": _usage(answer.usage)}


def stream(question: Question, answer: Answer) -> Iterator[Frame]:
    """Return the answer as a stream's events."""
    base = _base(question, "chat.completion.chunk")

    def chunk(delta: Json, finish: str | None = None) -> Frame:
        return None, {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in answer.pieces:
        yield chunk({"content": piece})
    if answer.tool:
        yield chunk({"tool_calls": [{"index": 0, **_call(answer)}]})
    yield chunk({}, _reason(answer))
    yield None, {**base, "choices": [], "usage": _usage(answer.usage)}
    yield None, "[DONE]"


def failure(why: Failure) -> tuple[Json, dict[str, str]]:
    """Return an error's body and headers."""
    return openai_error(why)


def _base(question: Question, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex[:24]}",
        "object": kind,
        "created": int(time.time()),
        "model": question.model,
    }


def _call(answer: Answer) -> Json:
    function = {"name": answer.tool, "arguments": answer.given}
    return {"id": f"call_{answer.id}", "type": "function", "function": function}


def _reason(answer: Answer) -> str:
    return "tool_calls" if answer.tool else "stop"


def _usage(usage: Usage) -> Json:
    """Its `prompt_tokens` hold the cached ones, and `completion_tokens` those of reasoning."""
    prompt, completion = usage.fresh + usage.cache_read, usage.output + usage.reasoning
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
