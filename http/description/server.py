"""The operations about the server itself."""

from typing import Any, Literal

from ..metrics.exposition import CONTENT_TYPE
from ..requests.bodies import PruneBody
from ..views import PrunedView, SystemView
from .examples import EXAMPLES
from .operation import JSON, Answer, Data, Operation, Plain, Section, Taken

_METRICS = 'ennio_sessions{project="my-app",status="Working"} 3.0\n'
_JSONRPC: dict[str, Any] = {"jsonrpc": {"type": "string", "const": "2.0"}}
_ASKED = {
    "type": "object",
    "description": "A request of JSON-RPC, or without an `id` a notification.",
    "required": ["jsonrpc", "method"],
    "properties": {
        **_JSONRPC,
        "id": {"description": "a string or an integer; of a message with another it counts as none"},
        "method": {"type": "string"},
        "params": {"type": ["object", "null"]},
    },
}
_ANSWERED = {
    "type": "object",
    "description": "A result of JSON-RPC, or an error.",
    "required": ["jsonrpc"],
    "properties": {
        **_JSONRPC,
        "id": {"type": ["string", "integer", "null"]},
        "result": {"type": "object"},
        "error": {"type": "object", "required": ["code", "message"]},
    },
}
_LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}

SERVER = Section(
    "Server",
    "The server itself: whether it is there, what it is, and its upkeep.",
    (
        Operation(
            method="GET",
            path="/api/v1/health",
            id="health",
            summary="See whether the server is there",
            words="Answers to any Host.",
            answers=(Answer("It is.", (Data(Literal["ok"], "ok"),)),),
            free=True,
            any_host=True,
        ),
        Operation(
            method="GET",
            path="/ready",
            id="ready",
            summary="See whether the server takes work",
            words="Answers to any Host.",
            answers=(Answer("It does.", (Data(Literal["ready"], "ready"),)),),
            refusals={503: "It takes over what an earlier one left, or shuts down."},
            free=True,
            any_host=True,
        ),
        Operation(
            method="GET",
            path="/api/v1/system",
            id="describeSystem",
            summary="See what the server is",
            answers=(Answer("What it is.", (Data(SystemView, EXAMPLES[SystemView]),)),),
        ),
        Operation(
            method="POST",
            path="/api/v1/prune",
            id="prune",
            summary="Forget the sessions that ended long ago",
            words="With their history, their output and their clean workspaces. Branches stay, and so does a "
            "session whose workspace holds uncommitted work. The body may be empty, and then needs no "
            "content type.",
            body=Taken({"month": {"days": 30}}, PruneBody, optional=True),
            answers=(Answer("Which ones.", (Data(PrunedView, EXAMPLES[PrunedView]),)),),
            refusals={
                400: "The body is wrong, or says no `days` and neither does the configuration.",
            },
        ),
        Operation(
            method="GET",
            path="/metrics",
            id="readMetrics",
            summary="Read the metrics",
            words="In the text format of Prometheus.",
            answers=(Answer("The metrics.", (Plain(CONTENT_TYPE, example=_METRICS),)),),
        ),
        Operation(
            method="GET",
            path="/api/v1/openapi.json",
            id="describe",
            summary="Get this description",
            answers=(Answer("An OpenAPI document.", (Plain(JSON, {"type": "object"}),)),),
        ),
    ),
)

MCP = Section(
    "Model Context Protocol",
    "The same for programs that speak that protocol: stateless, in plain JSON.",
    (
        Operation(
            method="POST",
            path="/mcp",
            id="callMcp",
            summary="Speak the Model Context Protocol",
            words="Streamable HTTP: each request is one message of JSON-RPC. The tools ask this API with the "
            "caller's own token.",
            body=Taken({"tools": _LIST_TOOLS}, schema=_ASKED),
            answers=(
                Answer("The answer to the message.", (Plain(JSON, _ANSWERED),)),
                Answer("The message needs no answer.", (), 202),
                Answer("This is no such message, or of another version.", (Plain(JSON, _ANSWERED),), 400),
                Answer("An answer in JSON is not accepted.", (Plain(JSON, _ANSWERED),), 406),
            ),
            refusals={
                404: "This server lacks the extra `mcp`.",
            },
        ),
    ),
)
