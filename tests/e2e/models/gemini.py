"""Google's generateContent: the wire format of Gemini CLI."""

import uuid
from collections.abc import Iterator

from .conversation import Answer, Failure, Frame, Json, Part, Question, Tool, Usage, flat, spoken
from .limits import GEMINI_DETAILS, MESSAGE

STATES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED"}


def read(body: Json, model: str, *, streaming: bool) -> Question:
    """Read a request."""
    system = flat((body.get("systemInstruction") or {}).get("parts"))
    question = Question("gemini", model, streaming, system)
    config = body.get("generationConfig") or {}
    question.schema = config.get("responseJsonSchema") or config.get("responseSchema")
    for group in body.get("tools") or []:
        for tool in group.get("functionDeclarations") or []:
            schema = tool.get("parametersJsonSchema") or tool.get("parameters") or {}
            question.tools.append(Tool(tool["name"], schema))
    for content in body.get("contents") or []:
        parts = content.get("parts") or []
        said = [part["text"] for part in parts if part.get("text")]
        if content.get("role") == "model":
            question.parts.append(Part("assistant", "\n".join(said)))
            question.parts += [Part("call") for part in parts if "functionCall" in part][:1]
            continue
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        question.parts += [Part("result", flat(result.get("response"))) for result in results]
        if said and not results:
            question.parts.append(Part("user", spoken(said)))
    return question


def whole(question: Question, answer: Answer) -> Json:
    """Return the answer in one piece."""
    said: list[Json] = [{"text": answer.text}] if answer.text else []
    return _chunk(question, said + _call(answer), answer)


def stream(question: Question, answer: Answer) -> Iterator[Frame]:
    """Return the answer as a stream's events."""
    for piece in answer.pieces:
        yield None, _chunk(question, [{"text": piece}])
    yield None, _chunk(question, _call(answer) or [{"text": ""}], answer)


def failure(why: Failure) -> tuple[Json, dict[str, str]]:
    """Return an error's body and headers."""
    state = STATES.get(why.status, "INTERNAL")
    error: Json = {"code": why.status, "message": f"scripted error {why.status}", "status": state}
    if why.kind == "limit":
        error |= {"message": MESSAGE, "details": GEMINI_DETAILS}
    return {"error": error}, {}


def _chunk(question: Question, parts: list[Json], last: Answer | None = None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    chunk: Json = {"candidates": [candidate], "modelVersion": question.model}
    chunk["responseId"] = uuid.uuid4().hex[:20]
    if last:
        candidate["finishReason"] = "STOP"
        chunk["usageMetadata"] = _usage(last.usage)
    return chunk


def _call(answer: Answer) -> list[Json]:
    """A call without a signature of its thought is refused by the agent's next request."""
    if not answer.tool:
        return []
    call = {"id": answer.id, "name": answer.tool, "args": answer.args}
    return [{"functionCall": call, "thoughtSignature": "c2NyaXB0ZWQ="}]


def _usage(usage: Usage) -> Json:
    """Its `promptTokenCount` holds the cached ones; `candidatesTokenCount` holds no thoughts."""
    prompt = usage.fresh + usage.cache_read
    return {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": usage.cache_read,
        "candidatesTokenCount": usage.output,
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": prompt + usage.output + usage.reasoning,
    }
