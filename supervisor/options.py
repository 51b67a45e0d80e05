"""What a plugin's own table of the configuration says, read key by key; nothing in it is ignored."""

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .errors import ConfigError

_KINDS: dict[type, str] = {bool: "a boolean", str: "text", int: "a number", float: "a number", list: "a list"}
Kind = TypeVar("Kind")


class Options:
    """The keys of one table, which stands at `where`. Once a plugin has read its keys, it calls `done`.

    Each reader raises `ConfigError`, which names the key and never quotes a value: it may be a secret.
    """

    def __init__(self, given: Mapping[str, Any], where: str) -> None:
        self._given, self._where = given, where
        self._known: set[str] = set()

    def wrong(self, key: str, says: str) -> ConfigError:
        """Return the error for a key; `says` goes on the sentence that begins with it."""
        return ConfigError(f"`{self._where}.{key}` {says}")

    def required(self, key: str) -> str:
        """Return text that is not blank and must be given."""
        value = self.text(key)
        if value is None:
            raise self.wrong(key, "is missing")
        return value

    def text(self, key: str) -> str | None:
        """Return text that is not blank, or None when it is not given."""
        value = self._of(key, str)
        if value is not None and not value.strip():
            raise self.wrong(key, "must not be blank")
        return value

    def url(self, key: str, default: str | None = None) -> str:
        """Return an http or https URL, without slashes at its end; required unless there is a default."""
        value = self.required(key) if default is None else self.text(key) or default
        try:
            parts = urlsplit(value)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or any(one.isspace() for one in value):
            raise self.wrong(key, "must be a URL that begins with http:// or https://")
        return value.rstrip("/")

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self._of(key, bool)
        return default if value is None else value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty when it is not given."""
        values = self._of(key, list) or []
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise self.wrong(key, "must be a list of texts, none of them blank")
        return tuple(values)

    def table(self, key: str) -> Mapping[str, str]:
        """Return a table of texts; empty when it is not given."""
        self._known.add(key)
        value = self._given.get(key, {})
        if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
            raise self.wrong(key, "must be a table of texts")
        return dict(value)

    def done(self) -> None:
        """Raise for a key that nobody has read."""
        for key in self._given:
            if key not in self._known:
                close = difflib.get_close_matches(key.lower(), self._known, n=1)
                hint = (
                    f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(sorted(self._known))}"
                )
                raise self.wrong(key, f"is no key here; {hint}")

    def _of(self, key: str, kind: type[Kind]) -> Kind | None:
        self._known.add(key)
        if key not in self._given:
            return None
        value = self._given[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            given = _KINDS.get(type(value), "a table")
            raise self.wrong(key, f"must be {_KINDS[kind]}, not {given}")
        return value
