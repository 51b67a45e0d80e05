"""All connections: how many there may be, and who must go when one more arrives."""

import logging
import ssl
from collections.abc import Sequence
from functools import partial

import structlog
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config as HypercornConfig
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework

from .connection import Connection, Stream

MOST = 1200
"""Connections held at the same time."""
GRACE = 1.5
"""Seconds that requests under way may still take once the server closes."""

_log = structlog.get_logger()


class Connections:
    """Hold up to `most` connections. When they are full, the newcomer takes the place of another.

    That is the one whose client has owed something for the longest; if none does, the oldest one.
    """

    def __init__(self, app: ASGIFramework, most: int = MOST) -> None:
        self._app, self._most = ASGIWrapper(app), most
        self._context = WorkerContext(max_requests=None)
        self._config = HypercornConfig()
        self._config.include_server_header = False
        self._config.errorlog = logging.getLogger("hypercorn")
        self._held: set[Connection] = set()

    async def serve(
        self,
        listeners: Sequence[trio.abc.Listener[Stream]],
        closing: trio.Event,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept clients until `closing`; then see out those whose requests are under way, within `GRACE`."""
        async with trio.open_nursery() as serving:
            async with trio.open_nursery() as accepting:
                accept = partial(trio.serve_listeners, handler_nursery=serving)
                await accepting.start(accept, self._welcome, listeners)
                task_status.started()
                await closing.wait()
                accepting.cancel_scope.cancel()
            await self._context.terminated.set()
            for connection in self._held:
                if connection.idle:
                    connection.drop()
            serving.cancel_scope.deadline = trio.current_time() + GRACE

    async def _welcome(self, stream: Stream) -> None:
        if len(self._held) >= self._most:
            self._make_room()
        connection = Connection(self._app, self._config, self._context, stream)
        self._held.add(connection)
        try:
            await connection.run()
        except* (OSError, ssl.SSLError):
            _log.debug("a connection broke", exc_info=True)
        except* Exception:
            _log.exception("a connection failed")
        finally:
            self._held.discard(connection)

    def _make_room(self) -> None:
        oldest = min(self._held, key=lambda connection: (not connection.owed, connection.since))
        self._held.discard(oldest)
        oldest.drop()
