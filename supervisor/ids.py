"""Names of things: parsed once at the border, then trusted."""

import re
import secrets
import time
from typing import Self

from .errors import Invalid

_SAFE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_RANDOM = 8


class Id(str):
    """1 to 64 letters, digits, `-` and `_`: safe in a path, a query, a file name and a log line."""

    __slots__ = ()
    kind = "id"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `text` as an id, or raise `Invalid`."""
        if not _SAFE.fullmatch(text):
            shown = ascii(text[:80])
            raise Invalid(f"{shown} is no {cls.kind}: it takes 1 to 64 of A-Z a-z 0-9 - _")
        return cls(text)


class ProjectId(Id):
    """A project of the configuration."""

    __slots__ = ()
    kind = "project id"


class SessionId(Id):
    """A session, for instance `myapp-k3v9x2ab`."""

    __slots__ = ()
    kind = "session id"

    @classmethod
    def fresh(cls, prefix: str) -> Self:
        """Make a new one: `prefix`, a dash, and random lower-case letters and digits."""
        return cls(f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))}")


def event_id() -> str:
    """Return a new UUID version 7 (RFC 9562): ids made later sort later, to the millisecond."""
    stamp = time.time_ns() // 1_000_000
    noise = secrets.randbits(74)
    value = stamp << 80 | 7 << 76 | (noise >> 62) << 64 | 2 << 62 | noise & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
