"""From exceptions to answers: the one table, and the one shape of an error."""

import math
import secrets

import structlog
from quart import Response, request
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ennio.supervisor import (
    Conflict,
    DeadlineExceeded,
    EnnioError,
    ForgeFailed,
    Invalid,
    NotFound,
    NotifierFailed,
    OverBudget,
    Throttled,
    TooMany,
    Unavailable,
)

from .responses import json_answer

STATUS: dict[type[EnnioError], int] = {
    Invalid: 400,
    OverBudget: 402,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    ForgeFailed: 502,
    NotifierFailed: 502,
    Unavailable: 503,
    DeadlineExceeded: 504,
}
"""What is not in it, and no `HTTPException`, is a bug of ours: 500. So is a git that fails where it should
not, whose words name folders of the server."""

WORDS = {
    404: "there is no such route; docs/api.md lists them all",
    408: "the request's body did not arrive in time",
    413: "the body is over 1 MiB",
}

_log = structlog.get_logger()


def register_errors(app: QuartTrio) -> None:
    """Let every error that a request of `app` meets be answered in the one shape."""
    for kind in STATUS:
        app.register_error_handler(kind, _refuse)
    app.register_error_handler(HTTPException, _pass_on)
    app.register_error_handler(Exception, _own_up)


async def _refuse(error: EnnioError) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    response = error_answer(status, str(error))
    seconds = _again_after(error)
    if seconds is not None:
        response.headers["Retry-After"] = str(math.ceil(seconds))
    return response


def _again_after(error: EnnioError) -> float | None:
    """Return in how many seconds to ask again, None where nobody says so."""
    match error:
        case TooMany() | Unavailable():
            return error.retry_after
        case Throttled() | NotifierFailed():
            return error.seconds
    return None


async def _pass_on(error: HTTPException) -> Response:
    """Answer what the router, the body's reader or the gate refused."""
    status = error.code or 500
    if status >= 500:
        return await _own_up(getattr(error, "original_exception", None) or error)
    words = WORDS.get(status, error.description or error.name)
    if isinstance(error, MethodNotAllowed):
        words = f"{request.method} is not allowed here; the header Allow lists what is"
    response = error_answer(status, words)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


async def _own_up(error: BaseException) -> Response:
    incident = secrets.token_hex(6)
    _log.error("internal server error", incident=incident, exc_info=error)
    return error_answer(500, f"internal server error; the server's log has it under {incident}")


def error_answer(status: int, words: str) -> Response:
    """Return an error in the one shape that all of them have."""
    return json_answer({"error": words, "code": status}, status)
