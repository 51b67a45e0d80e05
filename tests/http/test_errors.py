"""Every error has one shape, whatever raised it."""

import json
import logging
from collections.abc import Callable
from io import StringIO

import pytest
import structlog
import trio
from quart_trio import QuartTrio
from werkzeug.exceptions import ImATeapot, InternalServerError, ServiceUnavailable

from ennio.http.errors import STATUS, register_errors
from ennio.http.server_log import set_up_log
from ennio.supervisor import (
    AgentMissing,
    CommandFailed,
    Conflict,
    DeadlineExceeded,
    EnnioError,
    ForgeFailed,
    HookFailed,
    Invalid,
    NotFound,
    NotifierFailed,
    Survived,
    Throttled,
    TooMany,
    Unavailable,
)
from ennio.supervisor.errors import ForgeRefused

SECRET = "/srv/secret/place"


@pytest.fixture
def log() -> StringIO:
    """The log of the server, instead of stderr; put back afterwards."""
    root, stream = logging.getLogger(), StringIO()
    before, level = root.handlers[:], root.level
    set_up_log(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


async def answer_to(error: BaseException) -> tuple[int, dict[str, object], dict[str, str]]:
    app = QuartTrio(__name__)
    register_errors(app)

    @app.get("/")
    async def fail() -> str:
        raise error

    answer = await app.test_client().get("/")
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, await answer.get_json(), dict(answer.headers.to_wsgi_list())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("words"), 400),
        (AgentMissing("words"), 400),
        (HookFailed("words"), 400),
        (NotFound("words"), 404),
        (Conflict("words"), 409),
        (TooMany("words", retry_after=7), 429),
        (ForgeFailed("words"), 502),
        (ForgeRefused("words"), 502),
        (NotifierFailed("words"), 502),
        (Unavailable("words", retry_after=7), 503),
        (DeadlineExceeded("words"), 504),
        (Survived("words", ()), 504),
    ],
)
async def test_what_is_raised_on_purpose_has_its_status_and_keeps_its_words(
    error: EnnioError, status: int
) -> None:
    code, content, headers = await answer_to(error)
    assert (code, content) == (status, {"error": "words", "code": status})
    assert headers.get("Retry-After", headers.get("retry-after")) == ("7" if status in {429, 503} else None)


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (Throttled("words", seconds=41.2), "42"),
        (Throttled("words", seconds=60), "60"),
        (Throttled("words", seconds=0.01), "1"),
        (NotifierFailed("words", seconds=2.5), "3"),
        (NotifierFailed("words", lasting=True), None),
    ],
)
async def test_whoever_has_had_enough_says_for_how_many_whole_seconds(
    error: EnnioError, after: str | None
) -> None:
    code, _, headers = await answer_to(error)
    assert (code, headers.get("Retry-After", headers.get("retry-after"))) == (502, after)


def test_no_status_hides_a_more_specific_one() -> None:
    for kind, status in STATUS.items():
        assert next(STATUS[base] for base in kind.__mro__ if base in STATUS) == status


@pytest.mark.parametrize(
    "raised",
    [
        lambda: ValueError(SECRET),
        lambda: CommandFailed(("git", "worktree"), 128, SECRET),
        lambda: EnnioError(SECRET),
        lambda: trio.TooSlowError(SECRET),
        lambda: ExceptionGroup(SECRET, [ValueError(SECRET), KeyError(SECRET)]),
        lambda: InternalServerError(SECRET),
        lambda: ServiceUnavailable(SECRET),
    ],
)
async def test_a_bug_tells_the_caller_an_id_and_the_log_the_rest(
    log: StringIO, raised: Callable[[], Exception]
) -> None:
    code, content, _ = await answer_to(raised())

    assert code == content["code"] == 500
    words = str(content["error"])
    assert words.startswith("internal server error")
    assert SECRET not in words
    incident = words.rsplit(maxsplit=1)[-1]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = [line for line in lines if line.get("incident") == incident]
    assert len(told) == 1
    assert SECRET in told[0]["exception"]


async def test_an_error_inside_a_nursery_is_found() -> None:
    assert (await answer_to(ExceptionGroup("g", [NotFound("words")])))[0] == 404


async def test_the_router_s_and_other_s_refusals_have_the_same_shape() -> None:
    code, content, _ = await answer_to(ImATeapot("words"))
    assert (code, content) == (418, {"error": "words", "code": 418})
