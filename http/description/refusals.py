"""When requests are refused: what is the same everywhere, and the order in which it is found."""

from collections.abc import Iterator

from .operation import Header, Operation

ORDER = (403, 503, 401, 404, 405, 413, 415, 400, 402, 429, 409, 408, 500, 502, 504)
"""In which a request that is wrong in several ways is refused, as far as 409; then what goes wrong later."""

NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    402: "BudgetSpent",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "BodyTooSlow",
    409: "Conflict",
    413: "BodyTooLarge",
    415: "NoJson",
    429: "TooMany",
    500: "Bug",
    502: "HostFailed",
    503: "Unavailable",
    504: "TimeOver",
}

RETRY_AFTER = Header("Retry-After", "In how many seconds to ask again.", {"type": "integer", "minimum": 0})
HEADERS: dict[int, tuple[Header, ...]] = {
    401: (Header("WWW-Authenticate", "How to get in.", {"type": "string", "const": "Bearer"}),),
    405: (Header("Allow", "The methods that the path knows, with commas between."),),
    429: (RETRY_AFTER,),
    502: (
        Header(
            "Retry-After", "In how many seconds to ask again, where it says so.", RETRY_AFTER.schema, False
        ),
    ),
    503: (RETRY_AFTER,),
}
"""What comes with a status."""

NO_METHOD = "The path does not know this method."

_FOREIGN_HOST = "a Host that is not this server"
_FOREIGN_PAGE = "or a page of another origin that wants to change something"
_NARROW = "or an agent's token, for what is not its own"
_BEGINS = "The server takes over what an earlier one left"
_CLOSES = "or it shuts down, and changes nothing any more"


def refusals(operation: Operation) -> list[tuple[int, str]]:
    """Return when an operation is refused, by status, in the order in which that is found."""
    found = {**dict(_common(operation)), **operation.refusals}
    return [(status, found[status]) for status in ORDER if status in found]


def _common(operation: Operation) -> Iterator[tuple[int, str]]:
    changes = operation.method != "GET"
    if not operation.any_host:
        page = [_FOREIGN_PAGE] if changes else []
        narrow = [] if operation.free else [_NARROW]
        yield 403, f"Forbidden: {', '.join([_FOREIGN_HOST, *page, *narrow])}."
        yield 503, f"{_BEGINS}{f', {_CLOSES}' if changes else ''}."
    if not operation.free:
        yield 401, "The token is missing or wrong."
    if operation.body:
        unless = ", and not empty" if operation.body.optional else ""
        yield 408, "The body did not arrive within 30 seconds."
        yield 413, "The body is over 1 MiB."
        yield 415, f"The body is not `application/json` in UTF-8, or is compressed{unless}."
        yield 400, "The body is no JSON object of this kind."
    yield 500, "A bug of ennio, or its machine failing it; the server's log has the id that is told."
    if operation.timeout:
        yield 504, "The time was up; the words say what was being waited for."
