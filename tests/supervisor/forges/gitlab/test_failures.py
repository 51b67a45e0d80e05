"""The logs of failed jobs as they are handed on, and the merge."""

from typing import Any

import httpx2
import pytest
from canned_gitlab import HEAD, TOKEN, Host, merge_request

from ennio.supervisor.errors import Conflict, ForgeFailed, ForgeRefused
from ennio.supervisor.forges.gitlab import GitLabMergeRequests
from ennio.supervisor.forges.gitlab.traces import KEPT, readable
from ennio.supervisor.records import Check, Ci, PullRequest, PullState

TRACE = (
    "\x1b[0KRunning with gitlab-runner 18.0\x1b[0;m\r\n"
    "section_start:1700000000:step_script[collapsed=true]\r\x1b[0K\x1b[36;1mExecuting step\x1b[0;m\r\n"
    "Downloading 10%\rDownloading 100%\n"
    "\x1b]8;;https://x\x07link\x1b]8;;\x07\n"
    "\x1b[31;1mFAILED tests/test_a.py\x1b[0;m\n"
    "section_end:1700000009:step_script\r\x1b[0K\n"
    "ERROR: Job failed: exit code 1\x00\n"
)
PLAIN = """Running with gitlab-runner 18.0
Executing step
Downloading 100%
link
FAILED tests/test_a.py

ERROR: Job failed: exit code 1"""


def pull(*checks: Check) -> PullRequest:
    return PullRequest(7, "https://x", "t", PullState.OPEN, False, "feat", HEAD, False, False, checks)


def failing(number: int, job: str | None = None) -> Check:
    return Check(f"job {number}", Ci.FAILING, f"https://x/{number}", job, "script failure")


def test_a_log_loses_colours_and_markers() -> None:
    assert readable(TRACE, cut=False) == PLAIN


def test_a_log_loses_the_times_of_its_lines() -> None:
    timed = "2026-01-01T10:00:00.123456Z 00O one\n2026-01-01T10:00:01.123456Z 01E \x1b[31mtwo\x1b[0m\n"
    assert readable(timed, cut=False) == "one\ntwo"


@pytest.mark.parametrize("cut", [True, False])
def test_a_log_that_is_long_begins_with_a_whole_line(cut: bool) -> None:
    lines = [f"line {number}" for number in range(5000)]
    end = readable("\n".join(lines), cut=cut)
    assert KEPT - 20 < len(end) <= KEPT
    assert end.split("\n") == lines[-len(end.split("\n")) :]


def test_a_log_of_one_endless_line_keeps_its_end() -> None:
    assert readable("x" * 9000 + "end", cut=True) == "x" * (KEPT - 3) + "end"


async def test_failing_checks_come_with_the_end_of_their_logs(host: Host, scm: GitLabMergeRequests) -> None:
    host.say("GET /jobs/1/trace", httpx2.Response(200, text=TRACE))
    outside = Check("jenkins", Ci.FAILING, "https://ci", None, "3 tests failed")
    found = await scm.failures(pull(failing(1, "1"), outside, Check("lint", Ci.PASSING, job="2")))
    assert [(one.name, one.url, one.log) for one in found] == [
        ("job 1", "https://x/1", PLAIN),
        ("jenkins", "https://ci", "(3 tests failed)"),
    ]


async def test_a_log_that_cannot_be_had_is_said_so(host: Host, scm: GitLabMergeRequests) -> None:
    host.say("GET /jobs/1/trace", httpx2.Response(403, json={"message": "403 Forbidden"}))
    host.say("GET /jobs/2/trace", httpx2.Response(200, text=""))
    found = await scm.failures(pull(failing(1, "1"), failing(2, "2"), failing(3, "3")))
    assert "(script failure; its log cannot be had: gitlab group/sub/repo" in found[0].log
    assert found[1].log == "(script failure; its log is empty)"
    assert "has nothing at GET" in found[2].log


async def test_five_logs_are_enough(host: Host, scm: GitLabMergeRequests) -> None:
    for number in range(7):
        host.say(f"GET /jobs/{number}/trace", httpx2.Response(200, text=f"log {number}"))
    found = await scm.failures(pull(*(failing(number, str(number)) for number in range(7))))
    assert [one.log for one in found[:5]] == [f"log {number}" for number in range(5)]
    assert {one.log for one in found[5:]} == {"(script failure; only 5 logs are shown)"}
    assert len(host.requests) == 5


async def test_it_is_squashed_and_merged_at_the_head_that_was_seen(
    host: Host, scm: GitLabMergeRequests
) -> None:
    host.say("PUT /merge_requests/7/merge", merge_request(7, state="merged"))
    await scm.merge(pull())
    assert host.sent() == [{"squash": True, "sha": HEAD}]


@pytest.mark.parametrize("code", [405, 406, 409, 422])
async def test_a_merge_that_gitlab_will_not_do_is_a_conflict(
    host: Host, scm: GitLabMergeRequests, code: int
) -> None:
    said = {"message": "SHA does not match HEAD of source branch"}
    host.say("PUT /merge_requests/7/merge", httpx2.Response(code, json=said))
    with pytest.raises(Conflict, match="SHA does not match"):
        await scm.merge(pull())


async def test_a_merge_that_came_to_nothing_is_a_conflict(host: Host, scm: GitLabMergeRequests) -> None:
    host.say("PUT /merge_requests/7/merge", merge_request(7, merge_error="Rebase failed"))
    with pytest.raises(Conflict, match="could not merge !7: Rebase failed"):
        await scm.merge(pull())


@pytest.mark.parametrize("code", [401, 403])
async def test_a_user_who_may_not_merge_is_told_so(host: Host, scm: GitLabMergeRequests, code: int) -> None:
    host.say("PUT /merge_requests/7/merge", httpx2.Response(code, json={"message": f"{code} no"}))
    with pytest.raises(ForgeRefused, match="does not let us merge !7") as caught:
        await scm.merge(pull())
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("answer", [{}, [], httpx2.Response(500, text="oops")])
async def test_a_merge_of_which_nobody_knows_is_a_failure(
    host: Host, scm: GitLabMergeRequests, answer: Any
) -> None:
    host.say("PUT /merge_requests/7/merge", answer)
    with pytest.raises(ForgeFailed):
        await scm.merge(pull())
