"""Tokens for agents that may supervise others: each is proved by itself, and good while its session lives."""

import hmac
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from .errors import ConfigError, Invalid
from .ids import SessionId

_BEGIN = "ennio-"
_KEY_BYTES = 32


class Grants:
    """Make and read such tokens. A token says whose it is, and a code by `key` proves that we said so.

    What it is good for is for the front to say; that it ends with its session is for whoever asks.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token_of(self, session_id: SessionId) -> str:
        """Return a session's token, which is always the same."""
        return f"{_BEGIN}{session_id}.{self._proof(session_id)}"

    def holder_of(self, token: str) -> SessionId | None:
        """Return whose token this is, or None when it is none of ours; by a comparison in constant time."""
        name, _, proof = token.removeprefix(_BEGIN).rpartition(".")
        try:
            session_id = SessionId.parse(name)
        except Invalid:
            return None
        right = hmac.compare_digest(proof.encode(), self._proof(session_id).encode())
        return session_id if right and token.startswith(_BEGIN) else None

    def _proof(self, session_id: SessionId) -> str:
        return hmac.new(self._key, session_id.encode(), sha256).hexdigest()


def grants_of(data_dir: Path) -> Grants:
    """Return the grants of a data folder, whose key is made once and stays. Call it with the lock held.

    Raises `ConfigError` when the key cannot be kept.
    """
    file = data_dir / "key"
    try:
        with suppress(FileNotFoundError):
            key = file.read_bytes()
            if len(key) == _KEY_BYTES:
                return Grants(key)
        key = secrets.token_bytes(_KEY_BYTES)
        fresh = file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as writing:
            writing.write(key)
        fresh.rename(file)
    except OSError as error:
        raise ConfigError(f"data_dir: the file `key` in it cannot be used: {error.strerror}") from error
    return Grants(key)
