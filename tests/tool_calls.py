"""Calling tools of the Model Context Protocol: what a call gives, with the outcome that it must have."""

from typing import Any

from mcp.client import Client


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool, insist on success, and return what it gave."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> tuple[int, str]:
    """Call a tool, insist on a refusal, and return its code and its words."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result
    assert isinstance(result.structured_content, dict)
    return result.structured_content["code"], result.structured_content["error"]
