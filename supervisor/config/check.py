"""The schema's judgement, in words: each key alone, before keys are looked at together."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .problems import Key, Problem, nearest
from .schema import Settings, known_keys, table_at

_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be text, not {given}",
    "int_type": "must be a whole number, not {given}",
    "float_type": "must be a number, not {given}",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false, not {given}",
    "list_type": "must be a list, not {given}",
    "dict_type": "must be a table, not {given}",
    "model_type": "must be a table, not {given}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must not be empty",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
    "invalid-json-value": "must not be {given}",
}
_KINDS: dict[type, str] = {
    bool: "a boolean",
    str: "text",
    int: "a whole number",
    float: "a fraction",
    list: "a list",
    dict: "a table",
}


def check(data: dict[str, Any]) -> tuple[Settings | None, list[Problem]]:
    """Return the file's data as typed tables, or what is wrong with it. No problem quotes a value."""
    try:
        return Settings.model_validate(data), []
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        return None, [problem for detail in details for problem in _problems(detail, data)]


def _problems(detail: ErrorDetails, data: Any) -> Iterator[Problem]:
    key = _key(detail, data)
    if detail["type"] == "extra_forbidden":
        table = table_at(key[:-1])
        yield Problem(key, f"is no key here; {nearest(str(key[-1]), known_keys(table) if table else ())}")
        return
    given = _kind(data, key)
    if detail["type"] == "float_type" and given == _KINDS[int]:
        given = "one so large"
    sentence = _SENTENCES.get(detail["type"], detail["msg"])
    yield Problem(key, sentence.format(given=given, **detail.get("ctx", {})))


def _key(detail: ErrorDetails, data: Any) -> Key:
    """Return where a problem is. Pydantic's place also names branches of types, which no file holds."""
    key: Key = ()
    for part in detail["loc"]:
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int)
        if inside:
            key, data = (*key, part), data[part]
    return (*key, detail["loc"][-1]) if detail["type"] == "missing" else key


def _kind(data: Any, key: Key) -> str:
    for part in key:
        if isinstance(data, dict) and part not in data:
            return "absent"
        data = data[part]
    return _KINDS.get(type(data), "a date or a time")
