"""What every answer looks like: JSON in UTF-8, `{"data": ...}` or `{"error": ..., "code": ...}`."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from quart import Response


def json_answer(content: Any, status: int = 200) -> Response:
    """Return `content`, plain JSON data, as an answer."""
    return _answer(json.dumps(content, separators=(",", ":")).encode(), status)


def data(content: Any) -> Response:
    """Return a success that carries plain JSON data."""
    return json_answer({"data": content})


def view(shown: BaseModel) -> Response:
    """Return a success that carries one view."""
    return rendered(shown.model_dump_json().encode())


def views(shown: Iterable[BaseModel]) -> Response:
    """Return a success that carries a list of views."""
    return all_rendered(each.model_dump_json().encode() for each in shown)


def rendered(content: bytes) -> Response:
    """Return a success that carries JSON which is written already."""
    return _answer(b'{"data":' + content + b"}", 200)


def all_rendered(contents: Iterable[bytes]) -> Response:
    """Return a success that carries a list whose elements are written already."""
    return rendered(b"[" + b",".join(contents) + b"]")


def _answer(body: bytes, status: int) -> Response:
    return Response(body, status, content_type="application/json")
