"""The server's end of a connection to a shim: frames both ways, and nothing that waits for a slow shim."""

import os
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any

import trio

from ..shim.frames import Decoder, Frame, Malformed, encode

_STEP = 1 << 18
_PEER = struct.Struct("3i")
"""pid, uid and gid of whoever listened, or made the pair (SO_PEERCRED, unix(7))."""


class Connection:
    """A socket to a shim. What is said waits here until the shim takes it."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        self._descriptor = peer.detach()
        self._decoder = Decoder()
        self._heard: list[Frame] = []
        self._out = bytearray()
        self._more = trio.Event()

    @property
    def open(self) -> bool:
        """Whether it can still be used."""
        return self._descriptor >= 0

    def send(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        """Say something. On a connection that has ended it is dropped."""
        if self.open:
            self._out += encode(header, body)
            self._push()
            self._more.set()

    async def receive(self) -> list[Frame]:
        """Wait for frames and return them; none at the end of the connection. Cancelled: none are lost."""
        while not self._heard:
            if not self.open:
                return []
            await trio.lowlevel.wait_readable(self._descriptor)
            if not self._pull():
                return []
        heard, self._heard = self._heard, []
        return heard

    def give_back(self, frames: list[Frame]) -> None:
        """Let these be received next."""
        self._heard = frames + self._heard

    async def converse(self, heard: Callable[[dict[str, Any], bytes], None]) -> None:
        """Carry frames both ways until the connection ends."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.flush)
            while frames := await self.receive():
                for header, body in frames:
                    heard(header, body)
            nursery.cancel_scope.cancel()

    def close(self) -> None:
        """Close it; whoever waits for frames gets none."""
        if self.open:
            descriptor, self._descriptor = self._descriptor, -1
            trio.lowlevel.notify_closing(descriptor)
            os.close(descriptor)

    async def flush(self) -> None:
        """Give the shim whatever is said, as it takes it, until cancelled."""
        while True:
            while self._out and self.open:
                await trio.lowlevel.wait_writable(self._descriptor)
                self._push()
            self._more = trio.Event()
            await self._more.wait()

    def _push(self) -> None:
        """Give the shim what it takes now. That it is gone is found by reading."""
        try:
            while self._out and self.open:
                with memoryview(self._out) as rest:
                    sent = os.write(self._descriptor, rest[:_STEP])
                del self._out[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()

    def _pull(self) -> bool:
        """Take what is there; return whether the connection goes on."""
        try:
            piece = os.read(self._descriptor, _STEP)
            self._heard += self._decoder.feed(piece)
        except BlockingIOError:
            return True
        except (OSError, Malformed):
            return False
        return bool(piece)


def pair() -> tuple[Connection, socket.socket]:
    """Return both ends of a new connection. Raises `OSError`."""
    ours, theirs = socket.socketpair()
    return Connection(ours), theirs


def connect(folder: str) -> tuple[Connection, int] | None:
    """Connect to whoever listens at `control` in a folder; return also its pid.

    None: nobody of this user does, or it does not take anyone in. The folder's name may be longer than an
    address can be (108 bytes, unix(7)), so it is reached by a descriptor.
    """
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        peer.setblocking(False)
        place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            peer.connect(f"/proc/self/fd/{place}/control")
        finally:
            os.close(place)
        pid, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    except OSError:
        peer.close()
        return None
    if uid != os.geteuid():
        peer.close()
        return None
    return Connection(peer), pid
