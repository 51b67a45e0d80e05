"""The tools as a server of the Model Context Protocol, whichever door it is asked by.

https://modelcontextprotocol.io/specification/2025-11-25/server/tools
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from inspect import cleandoc
from typing import Any

import mcp_types as types
from pydantic import ValidationError

from mcp.server.lowlevel.server import Server

from ..client import Client, Refused, Unreachable
from .tools import TOOLS, Tool

_ABOUT = """ennio supervises AI coding agents. Each works in a session: in a project, and there in a
workspace and on a branch of its own. Start one with `spawn`, `wait` until it is at rest, `read_output` to see
what it said, `send` to tell it more, `approve` what it asks for, and `kill` what is not needed any more."""


def offering(ennio: Client) -> Server[Any]:
    """Return a server whose tools ask this client. What the API refuses is the tool's error, in its words."""

    async def list_tools(_: Any, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=_OFFERED)

    async def call_tool(_: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        return await _call(ennio, asked.name, asked.arguments or {})

    return Server(
        "ennio",
        version=version("ennio"),
        instructions=_ABOUT,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _call(ennio: Client, name: str, arguments: Mapping[str, Any]) -> types.CallToolResult:
    kind = TOOLS.get(name)
    if kind is None:
        return _failed(f"there is no tool {name[:40]!a}; there are: {', '.join(TOOLS)}", 404)
    try:
        wanted = kind.model_validate(arguments)
    except ValidationError as error:
        return _failed(_complaint(error, kind), 400)
    try:
        return _result(await wanted.use(ennio))
    except Refused as refused:
        return _failed(str(refused), refused.status, refused.retry_after)
    except Unreachable as error:
        return _failed(str(error), None)
    except UnicodeEncodeError:
        return _failed("an argument is no valid Unicode: half of a surrogate pair stands in it", 400)


def _result(content: Mapping[str, Any], *, failed: bool = False) -> types.CallToolResult:
    text = types.TextContent(type="text", text=json.dumps(content, ensure_ascii=False))
    return types.CallToolResult(content=[text], structured_content=dict(content), is_error=failed)


def _failed(words: str, code: int | None, retry_after: int | None = None) -> types.CallToolResult:
    """Tell of a failure in the API's own shape; without a `code` when nobody answered."""
    said: dict[str, Any] = {"error": words, "code": code, "retry_after": retry_after}
    return _result({name: value for name, value in said.items() if value is not None}, failed=True)


def _complaint(error: ValidationError, kind: type[Tool]) -> str:
    details = error.errors(include_url=False, include_input=False, include_context=False)
    wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}"[:300] for one in details[:5]]
    return f"{'; '.join(wrong)}. The arguments of {kind.tool} are: {', '.join(kind.model_fields)}"


def _offer(kind: type[Tool]) -> types.Tool:
    schema = kind.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    return types.Tool(
        name=kind.tool,
        description=cleandoc(kind.__doc__ or ""),
        input_schema=schema,
        annotations=types.ToolAnnotations(
            read_only_hint=kind.reads, destructive_hint=kind.ends, open_world_hint=False
        ),
    )


_OFFERED = [_offer(kind) for kind in TOOLS.values()]
