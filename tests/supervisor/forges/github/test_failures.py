"""The logs of what failed, and the merge."""

import json
from typing import Any

import httpx2
import pytest
from canned_github import HEAD, Host, options

from ennio.supervisor.errors import Conflict, ForgeFailed, NotFound
from ennio.supervisor.forges.github import GitHubPulls
from ennio.supervisor.forges.github.logs import KEEP, legible
from ennio.supervisor.records import Check, Ci, Failure, PullRequest, PullState

LOGS = "GET /repos/o/r/actions/jobs/{}/logs"
MERGE = "PUT /repos/o/r/pulls/7/merge"


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def pulls(host: Host) -> GitHubPulls:
    return GitHubPulls(options(), transport=host.transport)


def of(*checks: Check) -> PullRequest:
    url = "https://github.com/o/r/pull/7"
    return PullRequest(7, url, "Do it", PullState.OPEN, False, "b", HEAD, False, False, checks)


def failing(name: str, job: str | None, words: str = "") -> Check:
    return Check(name, Ci.FAILING, f"https://ci/{name}", job, words)


async def test_a_log_comes_from_where_the_host_sends_us(host: Host, pulls: GitHubPulls) -> None:
    host.told[LOGS.format(5)] = httpx2.Response(302, headers={"Location": "https://blobs.example/5?sig=x"})
    host.told["GET /5"] = httpx2.Response(
        200,
        text="\ufeff2026-01-02T03:04:05.1234567Z \x1b[31mAssertionError\x1b[0m\r\n2026-01-02T03:04:06Z end\n",
    )
    checks = of(failing("test", "5"), Check("lint", Ci.PASSING, job="6"), Check("slow", Ci.PENDING, job="7"))
    assert await pulls.failures(checks) == [Failure("test", "https://ci/test", "AssertionError\nend")]
    assert "authorization" not in host.requests[-1].headers


async def test_a_check_without_a_log_has_its_words(host: Host, pulls: GitHubPulls) -> None:
    assert await pulls.failures(of(failing("ci", None, "3 failed"))) == [
        Failure("ci", "https://ci/ci", "3 failed")
    ]
    assert host.requests == []


@pytest.mark.parametrize(("status", "says"), [(404, "HTTP 404"), (410, "HTTP 410"), (500, "HTTP 500")])
async def test_a_log_that_cannot_be_had_is_said_so(
    host: Host, pulls: GitHubPulls, status: int, says: str
) -> None:
    host.refuse(LOGS.format(5), status, "Gone")
    host.told[LOGS.format(6)] = httpx2.Response(200, text="fine")
    one, other = await pulls.failures(of(failing("test", "5"), failing("lint", "6")))
    assert one.log.startswith("(its log cannot be had: ")
    assert says in one.log
    assert other.log == "fine"


async def test_of_many_failures_only_some_are_read(host: Host, pulls: GitHubPulls) -> None:
    for job in range(9):
        host.told[LOGS.format(job)] = httpx2.Response(200, text=f"log {job}")
    found = await pulls.failures(of(*(failing(f"c{job}", str(job)) for job in range(9))))
    assert [failure.name for failure in found] == [f"c{job}" for job in range(9)]
    assert [failure.log for failure in found] == [f"log {job}" for job in range(5)] + [""] * 4
    assert len(host.requests) == 5


async def test_only_the_end_of_a_log_is_handed_on_in_whole_lines(host: Host, pulls: GitHubPulls) -> None:
    lines = [f"2026-01-02T03:04:05.0000000Z line {number} äöü" for number in range(5000)]
    host.told[LOGS.format(5)] = httpx2.Response(200, text="\n".join(lines))
    (it,) = await pulls.failures(of(failing("test", "5")))
    assert len(it.log.encode()) <= KEEP
    assert it.log.endswith("line 4999 äöü")
    assert all(line.startswith("line ") for line in it.log.splitlines())
    assert len(it.log.splitlines()) > 100


@pytest.mark.parametrize(
    ("log", "text"),
    [
        ("a\x1b[1;31mb\x1b[0m\x1b]0;title\x07c\x1b(Bd", "abcd"),
        ("10%\r20%\rdone\r\n", "10%\n20%\ndone"),
        ("a\x00\x08b\tc", "ab\tc"),
        ("", ""),
        ("\x1b]never ends\nnext", "\nnext".strip("\n")),
        ("2026-01-02 is no timestamp of theirs", "2026-01-02 is no timestamp of theirs"),
    ],
)
def test_what_steers_a_terminal_is_left_out(log: str, text: str) -> None:
    assert legible(log, cut=False) == text


def test_one_line_without_end_is_cut_all_the_same() -> None:
    assert legible("ä" * 10_000, cut=True) == "ä" * (KEEP // 2)


async def test_a_merge_is_squashed_and_of_this_head_alone(host: Host, pulls: GitHubPulls) -> None:
    host.told[MERGE] = httpx2.Response(200, json={"merged": True, "sha": "f00"})
    await pulls.merge(of())
    assert json.loads(host.requests[0].content) == {"merge_method": "squash", "sha": HEAD}


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (405, "Squash merges are not allowed on this repository.", Conflict),
        (409, "Head branch was modified. Review and try the merge again.", Conflict),
        (404, "Not Found", NotFound),
        (500, "Oops", ForgeFailed),
    ],
)
async def test_what_keeps_from_merging_is_told_in_the_hosts_words(
    host: Host, pulls: GitHubPulls, status: int, message: str, error: type[Exception]
) -> None:
    host.refuse(MERGE, status, message)
    with pytest.raises(error, match=message[:20]):
        await pulls.merge(of())


@pytest.mark.parametrize(
    ("answer", "error"),
    [({"merged": False, "message": "not yet"}, Conflict), ({}, Conflict), ([], ForgeFailed)],
)
async def test_a_merge_that_was_not_done_is_none(
    host: Host, pulls: GitHubPulls, answer: Any, error: type[Exception]
) -> None:
    host.told[MERGE] = httpx2.Response(200, json=answer)
    with pytest.raises(error):
        await pulls.merge(of())
