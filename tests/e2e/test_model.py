"""The scripted model speaks each vendor's wire format, plays its scripts, and tells what it was asked."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from e2e.agents.driving import scripted
from e2e.models.scripts import CONTENT, FILE

ADDRESSES = {
    "anthropic": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "gemini": "/v1beta/models/m:streamGenerateContent?alt=sse",
}
VENDORS = list(ADDRESSES)
TEXT = {"type": "string"}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with scripted() as model, httpx2.Client(base_url=model.url, timeout=20) as one:
        yield one


@pytest.fixture(autouse=True)
def afresh(client: httpx2.Client) -> None:
    client.post("/_/reset")


def body(vendor: str, said: list[str], tools: dict[str, Json] | None = None, folder: str = "/") -> Json:
    """Return what an agent would ask: messages of a person and of the model in turns."""
    system = f"Working directory: {folder}"
    offered, roles = tools or {"noop": {}}, ["user", "assistant"] * len(said)
    schemas = {name: {"type": "object", "properties": kept} for name, kept in offered.items()}
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    match vendor:
        case "anthropic":
            listed = [{"name": name, "input_schema": schema} for name, schema in schemas.items()]
            return {"model": "m", "stream": True, "system": system, "messages": messages, "tools": listed}
        case "chat":
            functions = [{"name": name, "parameters": schema} for name, schema in schemas.items()]
            listed = [{"type": "function", "function": function} for function in functions]
            first = {"role": "system", "content": system}
            return {"model": "m", "stream": True, "messages": [first, *messages], "tools": listed}
        case "responses":
            listed = [{"type": "function", "name": n, "parameters": schema} for n, schema in schemas.items()]
            return {"model": "m", "stream": True, "instructions": system, "input": messages, "tools": listed}
        case _:
            parts = [(one["role"].replace("assistant", "model"), one["content"]) for one in messages]
            contents = [{"role": role, "parts": [{"text": text}]} for role, text in parts]
            declared = [{"name": name, "parameters": schema} for name, schema in schemas.items()]
            return {
                "systemInstruction": {"parts": [{"text": system}]},
                "contents": contents,
                "tools": [{"functionDeclarations": declared}],
            }


def events(answer: httpx2.Response) -> list[Json]:
    """Return the data of a stream's events."""
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def ask(client: httpx2.Client, vendor: str, *said: str, **more: Any) -> httpx2.Response:
    """Ask the model in one vendor's way."""
    return client.post(ADDRESSES[vendor], json=body(vendor, list(said), **more))


def pieces(stream: list[Json]) -> list[Json]:
    """Return all parts of Gemini's stream."""
    return [part for event in stream for part in event["candidates"][0]["content"]["parts"]]


def text(vendor: str, stream: list[Json]) -> str:
    """Return the text of a streamed answer."""
    match vendor:
        case "anthropic":
            deltas = [event["delta"] for event in stream if event["type"] == "content_block_delta"]
            return "".join(delta.get("text", "") for delta in deltas)
        case "chat":
            choices = [choice["delta"] for event in stream for choice in event["choices"]]
            return "".join(delta.get("content") or "" for delta in choices)
        case "responses":
            return "".join(
                event["delta"] for event in stream if event["type"] == "response.output_text.delta"
            )
        case _:
            return "".join(part.get("text", "") for part in pieces(stream))


def call(vendor: str, stream: list[Json]) -> tuple[str, Json]:
    """Return the tool that a streamed answer calls, and its arguments."""
    match vendor:
        case "anthropic":
            (name,) = [e["content_block"]["name"] for e in stream if e.get("content_block", {}).get("name")]
            given = "".join(event.get("delta", {}).get("partial_json", "") for event in stream)
            return name, json.loads(given)
        case "chat":
            choices = [choice["delta"] for event in stream for choice in event["choices"]]
            (one,) = [delta["tool_calls"][0]["function"] for delta in choices if "tool_calls" in delta]
            return one["name"], json.loads(one["arguments"])
        case "responses":
            (one,) = [item for item in stream[-1]["response"]["output"] if item["type"] == "function_call"]
            return one["name"], json.loads(one["arguments"])
        case _:
            (one,) = [part["functionCall"] for part in pieces(stream) if "functionCall" in part]
            return one["name"], one["args"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_it_echoes_unless_told_otherwise(client: httpx2.Client, vendor: str) -> None:
    stream = events(ask(client, vendor, "one", "an answer", "two"))

    assert text(vendor, stream) == "ECHO turn=2 user=<two>"


@pytest.mark.parametrize("vendor", VENDORS)
def test_it_remembers_what_it_was_asked(client: httpx2.Client, vendor: str) -> None:
    ask(client, vendor, "one", "an answer", "<system-reminder>Be nice.</system-reminder>two")

    (asked,) = client.get("/_/requests").json()
    assert (asked["vendor"], asked["model"], asked["status"]) == (vendor, "m", 200)
    assert (asked["heard"], asked["turn"], asked["aside"]) == (["one", "two"], 2, False)


def test_each_vendor_counts_in_its_own_way(client: httpx2.Client) -> None:
    told = {vendor: events(ask(client, vendor, "one")) for vendor in VENDORS}

    assert told["anthropic"][-2]["usage"] == {
        "input_tokens": 1000,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 200,
        "output_tokens": 50,
    }
    chat, responses = told["chat"][-1]["usage"], told["responses"][-1]["response"]["usage"]
    assert (chat["prompt_tokens"], chat["completion_tokens"], chat["total_tokens"]) == (1200, 60, 1260)
    assert chat["prompt_tokens_details"] == {"cached_tokens": 200}
    assert (responses["input_tokens"], responses["output_tokens"]) == (1200, 60)
    assert responses["output_tokens_details"] == {"reasoning_tokens": 10}
    assert told["gemini"][-1]["usageMetadata"] == {
        "promptTokenCount": 1200,
        "cachedContentTokenCount": 200,
        "candidatesTokenCount": 50,
        "thoughtsTokenCount": 10,
        "totalTokenCount": 1260,
    }


@pytest.mark.parametrize(
    ("vendor", "tool", "path"),
    [
        ("anthropic", "Write", "file_path"),
        ("chat", "write", "filePath"),
        ("chat", "write_file", "file_path"),
        ("gemini", "write_file", "file_path"),
    ],
)
def test_it_writes_a_file_with_the_tool_that_is_offered(
    client: httpx2.Client, vendor: str, tool: str, path: str, tmp_path: Path
) -> None:
    tools = {tool: {path: TEXT, "content": TEXT}}

    stream = events(ask(client, vendor, "[[write]]", tools=tools, folder=str(tmp_path)))

    assert call(vendor, stream) == (tool, {path: str(tmp_path / FILE), "content": CONTENT})


@pytest.mark.parametrize(
    ("vendor", "tool", "argument"),
    [
        ("anthropic", "Bash", "command"),
        ("chat", "bash", "command"),
        ("chat", "run_shell_command", "command"),
        ("responses", "exec_command", "cmd"),
        ("gemini", "run_shell_command", "command"),
    ],
)
def test_it_runs_a_command_with_the_tool_that_is_offered(
    client: httpx2.Client, vendor: str, tool: str, argument: str
) -> None:
    stream = events(ask(client, vendor, "[[sleep]]", tools={tool: {argument: TEXT}}))

    assert call(vendor, stream) == (tool, {argument: "tail -f /dev/null"})


def test_a_patch_is_what_it_writes_with_where_it_is_offered(client: httpx2.Client) -> None:
    asked = body("responses", ["[[write]]"])
    asked["tools"] = [{"type": "custom", "name": "apply_patch"}]

    stream = events(client.post(ADDRESSES["responses"], json=asked))

    (item,) = [one for one in stream[-1]["response"]["output"] if one["type"] == "custom_tool_call"]
    assert item["input"].splitlines()[1:3] == [f"*** Add File: {FILE}", f"+{CONTENT.strip()}"]


def test_the_next_step_is_told_by_the_request_alone(client: httpx2.Client) -> None:
    asked = body("chat", ["[[shell]]"], {"bash": {"command": TEXT}})
    asked["messages"] += [
        {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]},
        {"role": "tool", "tool_call_id": "1", "content": "hi"},
    ]

    for _ in range(2):
        stream = events(client.post(ADDRESSES["chat"], json=asked))
        assert text("chat", stream) == "DONE turn=1 result=<hi>"


@pytest.mark.parametrize("vendor", VENDORS)
def test_it_fails_twice_and_then_works(client: httpx2.Client, vendor: str) -> None:
    answers = [ask(client, vendor, "[[e429x2]]") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert [answer.headers.get("retry-after") for answer in answers] == ["1", "1", None]
    assert text(vendor, events(answers[-1])) == "RECOVERED user=<[[e429x2]]>"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("status", [401, 429, 500])
def test_it_fails_for_good(client: httpx2.Client, vendor: str, status: int) -> None:
    answers = [ask(client, vendor, f"[[e{status}]]") for _ in range(4)]

    assert {answer.status_code for answer in answers} == {status}
    assert str(status) in answers[0].json()["error"]["message"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_cut_stream_ends_in_the_middle(client: httpx2.Client, vendor: str) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(client, vendor, "[[cut]]")


def test_an_answer_in_one_piece_is_cut_too(client: httpx2.Client) -> None:
    """Claude Code asks for one when a stream was cut."""
    with pytest.raises(httpx2.RemoteProtocolError):
        client.post(ADDRESSES["anthropic"], json=body("anthropic", ["[[cut]]"]) | {"stream": False})


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_answer_hangs_until_it_is_released(client: httpx2.Client, vendor: str) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, client, vendor, "[[hang]]")
        while not client.get("/_/requests").json():
            time.sleep(0.01)
        assert not answer.done()

        client.post("/_/release")

        assert text(vendor, events(answer.result())) == "RELEASED user=<[[hang]]>"


def test_every_vendor_tells_of_the_usage_limit_in_its_own_way(client: httpx2.Client) -> None:
    told = {vendor: ask(client, vendor, "[[limit]]") for vendor in VENDORS}

    assert {answer.status_code for answer in told.values()} == {429}
    resets = told["anthropic"].headers["anthropic-ratelimit-unified-reset"]
    assert 3000 < int(resets) - time.time() < 3700
    assert told["responses"].json()["error"]["type"] == "usage_limit_reached"
    details = told["gemini"].json()["error"]["details"]
    assert "PerDay" in details[0]["violations"][0]["quotaId"]


def test_a_side_question_costs_nothing(client: httpx2.Client) -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "Make a title of [[e500]]"}]}

    answer = client.post(ADDRESSES["chat"], json=asked)

    assert answer.json()["usage"]["total_tokens"] == 0
    assert answer.json()["choices"][0]["message"]["content"] == "A title"
    assert client.get("/_/requests").json()[0]["aside"]


@pytest.mark.parametrize("vendor", ["anthropic", "chat", "responses"])
def test_an_answer_in_one_piece_is_the_same(client: httpx2.Client, vendor: str) -> None:
    asked = body(vendor, ["one"]) | {"stream": False}

    whole = client.post(ADDRESSES[vendor], json=asked).json()

    assert "ECHO turn=1 user=<one>" in json.dumps(whole)
    assert "1000" in json.dumps(whole["usage"]) or "1200" in json.dumps(whole["usage"])
