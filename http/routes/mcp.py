"""The Model Context Protocol over HTTP: its library is loaded when somebody first asks."""

from types import ModuleType

import trio
from quart import Blueprint, Response, request
from quart_trio import QuartTrio

from ennio.supervisor import Config, NotFound

from ..requests import asked

_SLACK = 15.0
"""Seconds that a tool's call may take beyond the server's own time limits."""


def mcp(app: QuartTrio, config: Config) -> Blueprint:
    """Return the route where agents and other programs find the tools; these ask `app`, all of the API.

    It is a route like any other, so that the gate is before it.
    """
    routes = Blueprint("mcp", __name__)
    limits = config.timeouts
    longest = max(limits.spawn, limits.send, limits.kill) + _SLACK
    door: ModuleType | None = None

    @routes.post("/mcp")
    async def call() -> Response:
        nonlocal door
        content = await asked.body()
        if door is None:
            door = await trio.to_thread.run_sync(_door)
        answer = await door.answer(app, request.scope, content, longest)
        response = Response(answer.body, answer.status)
        response.headers.clear()
        for name, value in answer.headers:
            response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
        return response

    return routes


def _door() -> ModuleType:
    """Load the library, which takes a second, on a thread: others are not to wait for it."""
    try:
        from ..mcp import over_http
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("ennio."):
            raise
        hint = "pip install 'ennio[mcp]' where the server runs"
        raise NotFound(f"this server does not speak the Model Context Protocol: {hint}") from error
    return over_http
