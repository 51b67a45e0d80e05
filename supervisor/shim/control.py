"""Who commands a shim: one server at a time, and the door for the next."""

import socket
import time
from collections.abc import Callable
from typing import Any

from .connection import Connection, is_ours
from .frames import Frame, Malformed
from .loop import READ, WRITE, Loop

Obey = Callable[[dict[str, Any], bytes], None]


class Control:
    """The connection to the server, and a socket for one that comes later.

    The newest that says `attach` is the server; who merely connects changes nothing.
    """

    def __init__(
        self, loop: Loop, listener: socket.socket, server: Connection, obey: Obey, lost: Callable[[], None]
    ) -> None:
        """`obey` gets each frame of the server, and may raise `Malformed`; `lost`: a server is gone."""
        self._loop, self._listener, self._obey, self._lost = loop, listener, obey, lost
        self._server: Connection | None = server
        self._candidate: Connection | None = None
        listener.setblocking(False)

    def want(self) -> None:
        """Tell the loop what to wait for."""
        self._loop.want(self._listener.fileno(), READ, self._accept)
        for connection, call in ((self._server, self._hear), (self._candidate, self._try)):
            if connection:
                events = READ | WRITE if connection.full else READ
                self._loop.want(connection.descriptor, events, call)

    def send(self, *headers: dict[str, Any]) -> None:
        """Say something to the server, if there is one."""
        if self._server:
            for header in headers:
                self._server.send(header)

    @property
    def listens(self) -> bool:
        """Whether there is a server, and it has taken all that was said to it."""
        return self._server is not None and not self._server.full

    def grown(self, end: int) -> None:
        """Say that the output has grown to `end`."""
        if self._server:
            self._server.grown(end)

    def flush(self, patience: float) -> None:
        """Wait until the server has heard everything, for `patience` seconds at most."""
        until = time.monotonic() + patience
        while self._server and self._server.full and time.monotonic() < until:
            self._server.flush()
            time.sleep(0.005)

    def obey_all(self, frames: list[Frame]) -> None:
        """Obey what the server said."""
        server = self._server
        try:
            for header, body in frames:
                self._obey(header, body)
        except Malformed:
            if server and server is self._server:
                self._drop_server()

    def _hear(self) -> None:
        if not self._server:
            return
        self._server.flush()
        try:
            frames = self._server.receive()
        except Malformed:
            frames = None
        if frames is None:
            self._drop_server()
        else:
            self.obey_all(frames)

    def _accept(self) -> None:
        try:
            peer, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no descriptor is left for it now; it will be asked for again at once
            time.sleep(0.01)
            return
        if not is_ours(peer):
            peer.close()
            return
        self._drop_candidate()
        self._candidate = Connection(peer)

    def _try(self) -> None:
        """Hear what one that connected has to say; after `attach` it is the server."""
        candidate = self._candidate
        if not candidate:
            return
        try:
            frames = candidate.receive()
        except Malformed:
            frames = None
        if frames is None or (frames and frames[0][0].get("do") != "attach"):
            self._drop_candidate()
        elif frames:
            self._candidate = None
            self._loop.forget(candidate.descriptor)
            if self._server:
                self._drop_server()
            self._server = candidate
            self.obey_all(frames)

    def _drop_server(self) -> None:
        if self._server:
            server, self._server = self._server, None
            self._loop.forget(server.descriptor)
            server.close()
            self._lost()

    def _drop_candidate(self) -> None:
        if self._candidate:
            candidate, self._candidate = self._candidate, None
            self._loop.forget(candidate.descriptor)
            candidate.close()
