"""The token of a configuration."""

from ..options import Options


def token(options: Options, key: str = "token") -> str:
    """Return the token under a key; required. Raises `ConfigError` for what no header can carry."""
    value = options.required(key)
    if not value.isascii() or not value.isprintable() or " " in value:
        raise options.wrong(
            key, "must be one word of ASCII characters; is there a space or a line break in it?"
        )
    return value
