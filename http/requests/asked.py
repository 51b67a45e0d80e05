"""What a request asks for, checked: its body as bytes, its query parameters, its key."""

import re

from quart import request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_options_header

from ennio.supervisor import Invalid

LARGEST_BODY = 1 << 20
"""Bytes."""
_SECONDS = re.compile(r"(\d{1,20}(\.\d{0,20})?|\.\d{1,20})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_LONGEST_KEY = 255


async def body(*, optional: bool = False) -> bytes:
    """Return the request's body, or `b""` when it may be and is empty.

    Raises what becomes 413, 408 and 415, in this order. Of a body that is too large no more than
    `LARGEST_BODY` is kept.
    """
    content = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    if not (optional and not content):
        _check_type()
    return content


def _check_type() -> None:
    given = request.headers.getlist("Content-Type")
    kind, options = parse_options_header(given[0] if len(given) == 1 else None)
    charset = options.pop("charset", "utf-8").lower()
    if kind.lower() != "application/json" or options or charset != "utf-8":
        raise UnsupportedMediaType("the body must be JSON: send `Content-Type: application/json`")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("the body must not be compressed")


def parameter(name: str) -> str | None:
    """Return a query parameter, None if it is not there; given twice it is refused."""
    values = request.args.getlist(name)
    if len(values) > 1:
        raise Invalid(f"the parameter {name} is given {len(values)} times")
    return values[0] if values else None


def flag(name: str) -> bool:
    """Return whether a query parameter is `true`; it may also be `false`, and nothing else."""
    value = parameter(name)
    if value not in {"true", "false", None}:
        raise Invalid(f"the parameter {name} must be true or false")
    return value == "true"


def number(name: str, *, least: int, most: int | None = None, default: int | None = None) -> int | None:
    """Return a query parameter that is a whole number."""
    value = parameter(name)
    if value is None:
        return default
    if not _NUMBER.fullmatch(value) or int(value) < least or (most is not None and int(value) > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise Invalid(f"the parameter {name} must be a whole number {bounds}")
    return int(value)


def timeout(most: float) -> float:
    """Return how long the operation may take: the parameter `timeout`, or else the configured limit."""
    value = parameter("timeout")
    if value is None:
        return most
    if not _SECONDS.fullmatch(value) or not 0 < float(value) <= most:
        raise Invalid(f"the parameter timeout must be a number of seconds over 0 and up to {most:g}")
    return float(value)


def idempotency_key() -> str | None:
    """Return the header Idempotency-Key, None if it is not there."""
    values = request.headers.getlist("Idempotency-Key")
    if not values:
        return None
    key = values[0]
    if len(values) > 1 or not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise Invalid(f"the header Idempotency-Key takes 1 to {_LONGEST_KEY} characters, once")
    return key
