"""What several operations ask for in their path, their query and their headers."""

from ..requests.patterns import ID
from .examples import PROJECT, SESSION
from .operation import Parameter, Schema

_ID: Schema = {"type": "string", "pattern": ID}
_FLAG: Schema = {"type": "boolean", "default": False}


def flag(name: str, words: str) -> Parameter:
    """Return a parameter of the query that is `true` or `false`."""
    return Parameter(name, "query", _FLAG, words)


def number(name: str, words: str, *, least: int, most: int, default: int | None = None) -> Parameter:
    """Return a parameter of the query that is a whole number."""
    schema: Schema = {"type": "integer", "minimum": least, "maximum": most}
    if default is not None:
        schema["default"] = default
    return Parameter(name, "query", schema, words)


def timeout(most: float) -> Parameter:
    """Return the caller's own time limit."""
    words = "The caller's own time limit, in seconds; without it, the configured one."
    return Parameter(
        "timeout", "query", {"type": "number", "exclusiveMinimum": 0, "maximum": most}, words, min(5, most)
    )


session = Parameter("session", "path", _ID, "The session's id.", SESSION, required=True)
project = Parameter("project", "path", _ID, "The project's id.", PROJECT, required=True)
approval = Parameter("approval_id", "path", _ID, "The permission's id in its session.", "a1", required=True)

CURSOR: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9_.~-]+$"}
MOST_NUMBER = 999_999_999

idempotency_key = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[ -~\u00a1-\u00ac\u00ae-\u00ff]*$"},
    "The same key with the same body within 24 hours gives the first answer, and does nothing twice. With "
    "another body it is a 409. Failures are not kept.",
    "fix-login-1",
)


def last_event_id(schema: Schema, words: str = "") -> Parameter:
    """Return the header by which a stream goes on."""
    goes_on = "The `id` of the event after which to go on: nothing is missing then, and nothing comes twice."
    return Parameter("Last-Event-ID", "header", schema, f"{goes_on}{words}")


NO_SESSION = "There is no such session."
MALFORMED = "The id or a parameter is malformed."
