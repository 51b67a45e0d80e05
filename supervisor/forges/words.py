"""Text and JSON from a host, which is data: made valid, bounded, without what steers a terminal."""

import json
import re
from collections.abc import Iterable
from typing import Any

SAID = 300
"""Characters of a host's own words that go into a message of ours."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_UNFIT = re.compile(rb"\\u(?:d[89a-f]|0000)", re.IGNORECASE)
"""How JSON writes half a character, which no UTF-8 can carry, and NUL, which no database takes."""


def parse(body: bytes) -> Any:
    """Return what JSON says, each text in it fit to be stored. Raises `ValueError` for what is no JSON."""
    try:
        value = json.loads(body)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return _fit(value) if _UNFIT.search(body) else value


def fit(text: str) -> str:
    """Return text without NUL, and with `?` for each half of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def one_line(text: str, secrets: Iterable[str] = ()) -> str:
    """Return it cut, in one line, without control characters and without these secrets."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _CONTROL.sub(" ", fit(text)).strip()
    return text if len(text) <= SAID else text[: SAID - 1] + "…"


def complaint(body: bytes) -> str:
    """Return what an answer that tells of a failure says for people; empty when it says nothing."""
    try:
        said = parse(body)
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return said if isinstance(said, str) else ""
    parts = [said.get("message"), said.get("error_description") or said.get("error")]
    errors = said.get("errors")
    if isinstance(errors, list):
        parts += [one.get("message") if isinstance(one, dict) else one for one in errors[:5]]
    return ": ".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part)


def _fit(value: Any) -> Any:
    if isinstance(value, str):
        return fit(value)
    if isinstance(value, list):
        return [_fit(one) for one in value]
    if isinstance(value, dict):
        return {fit(key): _fit(one) for key, one in value.items()}
    return value
