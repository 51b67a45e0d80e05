"""The screens of agents in terminals, live, with keys sent back: a WebSocket for each looker."""

import json
from typing import Any

import trio
from quart import Blueprint, websocket

from ennio.supervisor import Conflict, Invalid, SessionId, Supervisor, Touchable

from ..screens import shown

_LOOK = 0.15
"""Seconds between looks at the screen."""
_LONGEST = 4096
"""Characters that may come at once."""
_KEYS = {
    *("Enter", "Escape", "Tab", "BTab", "BSpace", "Space", "Delete", "Insert"),
    *("Up", "Down", "Left", "Right", "Home", "End", "PageUp", "PageDown"),
    *(f"F{number}" for number in range(1, 13)),
    *(f"C-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"),
}
"""Keys that may be pressed, by their names in tmux(1)."""


def screens(supervisor: Supervisor) -> Blueprint:
    """Return the one route that is no request and answer."""
    routes = Blueprint("screens", __name__, url_prefix="/api/v1")

    @routes.websocket("/sessions/<session>/screen")
    async def screen(session: str) -> None:
        terminal = supervisor.screen(SessionId.parse(session))
        await websocket.accept(subprotocol="ennio")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_show, terminal, supervisor, nursery.cancel_scope)
            await _type(terminal)
            nursery.cancel_scope.cancel()

    return routes


async def _show(terminal: Touchable, supervisor: Supervisor, scope: trio.CancelScope) -> None:
    """Send the screen whenever it looks different, until it is gone or the server closes."""
    seen = None
    while not supervisor.feed.over:
        try:
            picture = await terminal.picture()
        except Conflict as gone:
            await websocket.close(1000, str(gone)[:100])
            break
        if picture != seen:
            seen = picture
            await websocket.send(json.dumps(shown(picture)))
        await trio.sleep(_LOOK)
    scope.cancel()


async def _type(terminal: Touchable) -> None:
    """Type what comes. What cannot be typed ends the connection, with a word about it."""
    while True:
        try:
            text, key = wanted(await websocket.receive())
            await terminal.press(text, key)
        except Invalid as error:
            await websocket.close(1008, str(error)[:100])
            return
        except Conflict as gone:
            await websocket.close(1000, str(gone)[:100])
            return


def wanted(content: str | bytes) -> tuple[str, str | None]:
    """Return the text to type and the key to press; raise `Invalid` for what is neither."""
    if not isinstance(content, str) or len(content) > _LONGEST:
        raise Invalid(f"send text, of at most {_LONGEST} characters")
    try:
        asked: Any = json.loads(content)
    except ValueError as error:
        raise Invalid("send JSON") from error
    if not isinstance(asked, dict) or not asked or not asked.keys() <= {"keys", "key"}:
        raise Invalid('send {"keys": TEXT} or {"key": NAME}')
    text, key = asked.get("keys", ""), asked.get("key")
    if not isinstance(text, str) or any(not one.isprintable() for one in text):
        raise Invalid("keys must be printable text; other keys go by their names")
    if key is not None and key not in _KEYS:
        raise Invalid(f"there is no such key; there are: {', '.join(sorted(_KEYS)[:12])}, ...")
    return text, key
