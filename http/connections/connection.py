"""One client's connection, from its arrival to its end; every wait for the client has a limit."""

from contextlib import suppress

import h11
import trio
from hypercorn.config import Config as HypercornConfig
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState

from .strict_h11 import StrictConnection

HANDSHAKE = 10.0
"""Seconds that a TLS handshake may take."""
SILENCE = 15.0
"""Seconds from the connection's begin, or from the last answer, until the next request's head is there."""
WRITE = 30.0
"""Seconds that the client may take to accept one piece of an answer."""
LINGER = 1.0
"""Seconds that a closed connection still reads what is on its way: unread bytes would make the kernel
reset the connection, and the client lose the answer (RFC 9112, 9.6)."""
_PIECE = 1 << 16

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


class Connection:
    """Carry bytes between a stream and hypercorn's HTTP/1.1.

    This stands where hypercorn has its `TCPServer`, which arms the idle time-out from within the request's
    cancelled task, so never again after the first request; which has no limit for a client that reads no
    answer; and which closes with bytes unread. Here nothing is awaited to arm a time-out.
    """

    def __init__(
        self, app: AppWrapper, config: HypercornConfig, context: WorkerContext, stream: Stream
    ) -> None:
        self.since = trio.current_time()
        """When the client began to owe something: with its arrival, or with its last answer."""
        self._app, self._config, self._context, self._stream = app, config, context, stream
        self._socket = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
        self._http = StrictConnection(h11.SERVER, max_incomplete_event_size=config.h11_max_incomplete_size)
        self._life, self._reading = trio.CancelScope(), trio.CancelScope()
        self._writing = trio.Lock()
        self._answered = trio.Event()
        self._left = False
        self._head: bytes | None = None

    @property
    def idle(self) -> bool:
        """Whether no request has begun, or only a part of its head is there."""
        return self._http.their_state is h11.IDLE

    @property
    def owed(self) -> bool:
        """Whether the client must do something now: send the rest of its request, or take its answer."""
        return self._http.their_state in {h11.IDLE, h11.SEND_BODY} or self._writing.locked()

    def drop(self) -> None:
        """End it at once, whatever it is doing."""
        self._life.cancel()

    async def run(self) -> None:
        """Serve the client until one side is done with the other."""
        try:
            with self._life:
                if await self._shake_hands():
                    await self._serve()
                    await self._linger()
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _shake_hands(self) -> bool:
        if not isinstance(self._stream, trio.SSLStream):
            return True
        with trio.move_on_after(HANDSHAKE), suppress(trio.BrokenResourceError):
            await self._stream.do_handshake()
            return True
        return False

    async def _serve(self) -> None:
        async with TaskGroup() as requests:
            protocol = H11Protocol(
                self._app,
                self._config,
                self._context,
                requests,
                ConnectionState({}),
                isinstance(self._stream, trio.SSLStream),
                _address(self._socket.socket.getpeername()),
                _address(self._socket.socket.getsockname()),
                self._take,
            )
            protocol.connection = self._http
            self._reading.deadline = self.since + SILENCE
            with self._reading:
                await self._read(protocol)
            if self._left and self._http.asks_only:
                with trio.move_on_after(WRITE):
                    await self._answered.wait()
            await protocol.handle(Closed())

    async def _read(self, protocol: H11Protocol) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await self._stream.receive_some(_PIECE):
                await protocol.handle(RawData(bytes(data)))
        self._left = True
        # h11 may still hold the end of a request, and answers what was cut off in the middle
        await protocol.handle(RawData(b""))

    async def _take(self, event: Event) -> None:
        """Do what the protocol wants done."""
        match event:
            case RawData() if self._head is None and _announces_a_body(event.data):
                self._head = event.data
            case RawData():
                head, self._head = self._head or b"", None
                await self._write(head + event.data)
            case Updated(idle=True):
                self.since = trio.current_time()
                self._reading.deadline = self.since + SILENCE
            case Updated():
                self._reading.deadline = float("inf")
            case Closed():
                self._answered.set()
                self._reading.cancel()

    async def _write(self, data: bytes) -> None:
        async with self._writing:
            with trio.move_on_after(WRITE), suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._stream.send_all(data)
                return
        self.drop()

    async def _linger(self) -> None:
        if self._left:
            return
        with trio.move_on_after(LINGER), suppress(OSError, trio.BrokenResourceError):
            await self._socket.send_eof()
            while await self._socket.receive_some(_PIECE):
                pass


def _announces_a_body(data: bytes) -> bool:
    """Tell a response's head that more follows at once: it goes out with its body, in one piece."""
    return data.startswith(b"HTTP/1.1 ") and b"\r\ncontent-length:" in data.lower()


def _address(name: tuple[str, int, *tuple[int, ...]]) -> tuple[str, int]:
    return name[0], name[1]
