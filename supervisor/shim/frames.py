"""What a server and a shim say to each other: frames on a stream of bytes, without any input or output.

A frame is its length in 4 bytes, big end first, then one line of JSON, the header, then, where there is a
body, a newline and the body's raw bytes.
"""

import json
from collections.abc import Mapping
from typing import Any

LIMIT = 16 << 20
"""The most bytes that a frame may have after its length."""

_LENGTH = 4

Frame = tuple[dict[str, Any], bytes]
"""A header and a body; no body is an empty one."""


class Malformed(ValueError):
    """What came is no frame, or none that is understood: the connection is of no use any more."""


def encode(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return a frame's bytes.

    Raises `ValueError` when it would be longer than LIMIT. Whatever a str of Python can hold is kept, lone
    surrogates too: with them it spells file names that are no UTF-8.
    """
    line = json.dumps(header, separators=(",", ":")).encode("ascii")
    length = len(line) + (1 + len(body) if body else 0)
    if length > LIMIT:
        raise ValueError(f"a frame of {length} bytes is longer than the {LIMIT} that a shim takes")
    return b"".join((length.to_bytes(_LENGTH, "big"), line, b"\n" if body else b"", body))


class Decoder:
    """Makes frames of bytes, however these are cut into pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames that are complete now.

        Raises `Malformed` as soon as one is known to be too long, or is no header; what follows it on the
        stream has no meaning.
        """
        self._buffer += data
        found = []
        while len(self._buffer) >= _LENGTH:
            length = int.from_bytes(self._buffer[:_LENGTH], "big")
            if length > LIMIT:
                raise Malformed(f"a frame of {length} bytes was announced; the most is {LIMIT}")
            end = _LENGTH + length
            if len(self._buffer) < end:
                break
            found.append(_parse(bytes(memoryview(self._buffer)[_LENGTH:end])))
            del self._buffer[:end]
        return found


def _parse(frame: bytes) -> Frame:
    line, _, body = frame.partition(b"\n")
    try:
        header = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"a frame's header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise Malformed(f"a frame's header is no object: {line[:80]!r}")
    return header, body
