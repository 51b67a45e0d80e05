"""What goes wrong at Linear, in our words: it says so with HTTP 200 as well as with 400."""

from typing import Any

import httpx2
import pytest
from canned_linear import KEY, Host, wrong

from ennio.supervisor.errors import EnnioError, ForgeFailed, ForgeRefused, NotFound, Throttled
from ennio.supervisor.forges.linear import LinearIssues
from ennio.supervisor.forges.linear.graphql import REST


async def failure(issues: LinearIssues) -> Exception:
    with pytest.raises(EnnioError) as caught:
        await issues.issue("ENG-12")
    assert KEY not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("http", [200, 400])
async def test_an_issue_that_is_not_there_is_not_found(host: Host, issues: LinearIssues, http: int) -> None:
    said = "Could not find referenced Issue."
    host.say(wrong("Entity not found: Issue", "INPUT_ERROR", "invalid input", http=http, shown=said))
    error = await failure(issues)
    assert type(error) is NotFound
    assert "linear ENG at linear.example" in str(error)


@pytest.mark.parametrize(
    ("code", "kind"), [("AUTHENTICATION_ERROR", "authentication error"), ("FORBIDDEN", "forbidden")]
)
async def test_a_key_that_is_not_taken_is_refused(
    host: Host, issues: LinearIssues, code: str, kind: str
) -> None:
    host.say(wrong(f"You may not, {KEY}", code, kind))
    error = await failure(issues)
    assert type(error) is ForgeRefused
    assert "check `token` in tracker_config" in str(error)


async def test_a_key_that_is_not_taken_may_be_http_400(host: Host, issues: LinearIssues) -> None:
    said = "Authentication required, not authenticated"
    host.say(wrong(said, "AUTHENTICATION_ERROR", "authentication error", http=400))
    assert type(await failure(issues)) is ForgeRefused


@pytest.mark.parametrize("code", [401, 403])
async def test_a_key_that_http_refuses_is_refused(host: Host, issues: LinearIssues, code: int) -> None:
    host.say(wrong(f"no {KEY}", "AUTHENTICATION_ERROR", "authentication error", http=code))
    assert type(await failure(issues)) is ForgeRefused


@pytest.mark.parametrize("http", [200, 400])
async def test_a_limit_is_told_as_one(
    host: Host, issues: LinearIssues, http: int, autojump_clock: Any
) -> None:
    host.say(wrong("Rate limit exceeded. Only 2500 requests", "RATELIMITED", "ratelimited", http=http))
    error = await failure(issues)
    assert isinstance(error, Throttled)
    assert error.seconds == REST


async def test_a_limit_lasts_as_long_as_the_headers_say(
    host: Host, issues: LinearIssues, autojump_clock: Any
) -> None:
    limited = wrong("Rate limit exceeded", "RATELIMITED", "ratelimited", http=400)
    limited.headers["X-RateLimit-Requests-Remaining"] = "0"
    limited.headers["X-RateLimit-Requests-Reset"] = "90"
    host.say(limited)
    error = await failure(issues)
    assert isinstance(error, Throttled)
    assert error.seconds == pytest.approx(90, abs=1)
    assert isinstance(await failure(issues), Throttled)
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        wrong("Internal server error", "INTERNAL_SERVER_ERROR", "internal error"),
        wrong('Cannot query field "x"', "GRAPHQL_VALIDATION_FAILED", "graphql error", http=400),
        httpx2.Response(200, json={"errors": [{}], "data": None}),
        httpx2.Response(200, json={"errors": ["what?"]}),
        httpx2.Response(200, json={}),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(502, text="bad gateway"),
        httpx2.Response(404, text="no such page"),
        httpx2.Response(405, text="not here"),
    ],
)
async def test_anything_else_is_a_failure(host: Host, issues: LinearIssues, answer: Any) -> None:
    host.say(answer)
    error = await failure(issues)
    assert type(error) is ForgeFailed
    assert "linear ENG" in str(error)


async def test_words_for_people_come_first(host: Host, issues: LinearIssues) -> None:
    host.say(wrong("Argument Validation Error", "INVALID_INPUT", "invalid input", shown="id is too long"))
    assert str(await failure(issues)) == "linear ENG at linear.example failed: id is too long"
