"""One connection to a server: frames in, frames out, and nothing that waits for a slow reader."""

import os
import socket
import struct
from collections.abc import Mapping
from typing import Any

from .frames import Decoder, Frame, encode

_STEP = 1 << 16


class Connection:
    """A socket to a server. Nothing here waits: what the server does not take is kept.

    Of the output's end the newest alone is.
    """

    def __init__(self, peer: socket.socket, decoder: Decoder | None = None) -> None:
        peer.setblocking(False)
        self._socket, self.descriptor = peer, peer.fileno()
        self._decoder = decoder or Decoder()
        self._out = bytearray()
        self._said = self._end = -1

    @property
    def full(self) -> bool:
        """Whether there are bytes that the server has not taken."""
        return bool(self._out)

    def receive(self) -> list[Frame] | None:
        """Return the frames that came, or None at the end of the connection. Raises `Malformed`."""
        try:
            data = self._socket.recv(_STEP)
        except BlockingIOError:
            return []
        except OSError:
            return None
        return self._decoder.feed(data) if data else None

    def send(self, header: Mapping[str, Any]) -> None:
        """Say something that must be heard."""
        self._out += encode(header)
        self.flush()

    def grown(self, end: int) -> None:
        """Say that the output has grown to `end`, at once or when the server listens again."""
        self._end = end
        self.flush()

    def flush(self) -> None:
        """Give the server what it takes. A broken connection is found by reading it."""
        self._push()
        if not self._out and self._end > self._said:
            self._said = self._end
            self._out += encode({"is": "output", "end": self._end})
            self._push()

    def _push(self) -> None:
        try:
            while self._out:
                del self._out[: self._socket.send(self._out)]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def is_ours(peer: socket.socket) -> bool:
    """Whether the process at the other end runs as this user (SO_PEERCRED in unix(7))."""
    format_ = "3i"
    packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(format_))
    _, uid, _ = struct.unpack(format_, packed)
    return bool(uid == os.geteuid())
