"""An application on 127.0.0.1, in a thread of the tests' own process, that can be taken away for a while."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart_trio import QuartTrio

PATIENCE = 10.0
"""Seconds until a server that does not come or go is a bug of these tests."""


class Served:
    """An application that listens from now until `close`, on the same port all the time."""

    def __init__(self, app: QuartTrio) -> None:
        self.app = app
        self.port = 0
        self._is_up, self._is_down = threading.Event(), threading.Event()
        self._closing = False
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._await(self._is_up)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def down(self) -> None:
        """Refuse connections and break off those that are there."""
        self._is_up.clear()
        self._tell(self._scope.cancel)
        self._await(self._is_down)

    def up(self) -> None:
        """Listen again."""
        self._is_down.clear()
        self._tell(self._again.set)
        self._await(self._is_up)

    def close(self) -> None:
        """End it."""
        self._closing = True
        self._tell(self._leave)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server did not end"

    def _leave(self) -> None:
        self._scope.cancel()
        self._again.set()

    def _tell(self, what: Callable[[], None]) -> None:
        trio.from_thread.run_sync(what, trio_token=self._token)

    def _await(self, event: threading.Event) -> None:
        came = event.wait(PATIENCE)
        if self._failed:
            raise self._failed
        assert came, "the server did not come or go"

    def _run(self) -> None:
        try:
            trio.run(self._main)
        except BaseException as error:
            self._failed = error
            self._is_up.set()
            self._is_down.set()

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        while not self._closing:
            self._again = trio.Event()
            with trio.CancelScope() as self._scope:
                await self._serve()
            if not self._closing:
                self._is_down.set()
                await self._again.wait()

    async def _serve(self) -> None:
        config = Config()
        config.bind = [f"127.0.0.1:{self.port}"]
        config.errorlog = None
        config.include_server_header = False
        async with trio.open_nursery() as nursery:
            start: Any = partial(serve, self.app, config)
            binds: list[str] = await nursery.start(start)
            self.port = int(binds[0].rpartition(":")[2])
            self._is_up.set()
