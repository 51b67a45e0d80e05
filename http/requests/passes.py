"""Ways in beside the API token: a code that works once, for a browser, and the token that it gives."""

import hashlib
import secrets
import time
from collections.abc import Callable

CODE_LASTS = 300.0
"""Seconds in which a code must be used."""
PASS_LASTS = 43_200.0
"""Seconds that a browser stays let in: half a day."""
_MOST = 1000
"""Codes, and tokens, at the same time; the oldest go first."""


class Passes:
    """Codes and tokens of browsers, in memory: a restart of the server ends them all.

    Only digests are kept. `clock` gives seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._codes: dict[bytes, float] = {}
        self._tokens: dict[bytes, float] = {}

    def new_code(self) -> tuple[str, float]:
        """Return a code, and when it ends."""
        return self._new(self._codes, CODE_LASTS)

    def redeem(self, code: str) -> tuple[str, float] | None:
        """Change a code for a token, once; return that and when it ends, or None for a code that is none."""
        ends = self._codes.pop(_digest(code), 0.0)
        return self._new(self._tokens, PASS_LASTS) if ends > self._clock() else None

    def holds(self, token: str) -> bool:
        """Tell whether this is a token that lets its holder in."""
        return self._tokens.get(_digest(token), 0.0) > self._clock()

    def _new(self, kept: dict[bytes, float], lasts: float) -> tuple[str, float]:
        now = self._clock()
        for old in [digest for digest, ends in kept.items() if ends <= now]:
            del kept[old]
        while len(kept) >= _MOST:
            del kept[next(iter(kept))]
        secret, ends = secrets.token_urlsafe(32), now + lasts
        kept[_digest(secret)] = ends
        return secret, ends


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
