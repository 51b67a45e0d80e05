"""What stands between the connection and the application."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

Application = Callable[[Scope, ASGIReceiveCallable, ASGISendCallable], Coroutine[Any, Any, None]]

PATIENCE = 2.0
"""Seconds that an answer waits for the rest of its request's body."""
_LONGEST_METHOD, _LONGEST_PATH = 32, 512

_log = structlog.get_logger("ennio.access")


def logged(inner: Application) -> Application:
    """Write one line to the log for each request: the path without its query, and no header, so no token.

    `status` is null when the client left before its answer. (hypercorn's own access log would have that
    for every client that leaves as soon as it has its answer.)
    """

    async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":  # a screen, or what the application itself is told
            await inner(scope, receive, send)
            return
        began, status = trio.current_time(), None

        async def watched_send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await inner(scope, receive, watched_send)
        finally:
            asked: Any = scope
            _log.info(
                "request",
                method=asked["method"][:_LONGEST_METHOD],
                path=asked["path"][:_LONGEST_PATH],
                status=status,
                ms=round((trio.current_time() - began) * 1000, 1),
                client=asked["client"][0] if asked.get("client") else None,
            )

    return app


def answer_after_body(inner: Application) -> Application:
    """Hold back an answer that is ready before its request's body has arrived, for up to `PATIENCE`.

    Otherwise (401, 404, 413, a body that nobody reads) the body's rest finds no reader, and the next
    request on the connection hangs or is reset. When the body does not end, the connection does.
    """

    async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":  # a screen, or what the application itself is told
            await inner(scope, receive, send)
            return
        ended = trio.Event()

        async def watched_receive() -> Any:
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                ended.set()
            return message

        # `receive` stays the application's alone: a second reader would take messages from it.
        async def patient_send(message: Any) -> None:
            if message["type"] == "http.response.start" and not ended.is_set():
                with trio.move_on_after(PATIENCE):
                    await ended.wait()
                if not ended.is_set():
                    message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await inner(scope, watched_receive, patient_send)

    return app
