"""What is asked for at a look, and what is reused."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import trio
from canned_github import HEAD, TOKEN, Host, comment, options, person, pull, review, run, status, tell_of
from trio.testing import MockClock

from ennio.supervisor.errors import ForgeFailed, ForgeRefused, Throttled
from ennio.supervisor.forges.github import GitHubPulls
from ennio.supervisor.protocols import Scm
from ennio.supervisor.records import Ci, PullRequest, Sought

SOUGHT = Sought("b", datetime(2026, 1, 1, tzinfo=UTC), 7)
P, C = "GET /repos/o/r/pulls/7", f"GET /repos/o/r/commits/{HEAD}"
SAID = [f"{P}/reviews", f"{P}/comments", "GET /repos/o/r/issues/7/comments"]
CHECKED = [f"{C}/check-runs", f"{C}/status"]


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def pulls(host: Host) -> GitHubPulls:
    return GitHubPulls(options(), transport=host.transport)


async def look(pulls: GitHubPulls, *, thorough: bool = False) -> PullRequest:
    it = await pulls.look(SOUGHT, thorough=thorough)
    assert it is not None
    return it


async def asked_by_a_look(host: Host, pulls: GitHubPulls, *, thorough: bool = False) -> set[str]:
    host.requests.clear()
    await look(pulls, thorough=thorough)
    assert len(set(host.asked())) == len(host.asked())
    return set(host.asked())


async def test_all_facts_come_of_one_look(host: Host, pulls: GitHubPulls) -> None:
    tell_of(
        host,
        pull(draft=True, requested_teams=[{"slug": "core"}]),
        reviews=[review(1, "ann", "APPROVED")],
        lines=[comment(2, "ann", path="a.py", line=3)],
        comments=[comment(4, "bob")],
        runs=[run(5, "test", "success")],
        statuses=[status("ci", "pending")],
    )
    scm: Scm = pulls
    it = await scm.look(SOUGHT, thorough=False)
    assert it is not None
    assert (it.url, it.title, it.draft, it.asked) == ("https://github.com/o/r/pull/7", "Do it", True, True)
    assert [check.state for check in it.checks] == [Ci.PENDING, Ci.PASSING]
    assert [one.author for one in it.reviews] == ["ann"]
    assert [one.id for one in it.comments] == ["review-comment-2", "issue-comment-4"]


async def test_what_was_said_is_asked_for_again_only_when_the_pull_request_changed(
    host: Host, pulls: GitHubPulls
) -> None:
    tell_of(host, pull(), reviews=[review(1, "ann", "APPROVED")])
    assert await asked_by_a_look(host, pulls) == {P, *CHECKED, *SAID}
    assert await asked_by_a_look(host, pulls) == {P, *CHECKED}
    assert len((await look(pulls)).reviews) == 1
    assert await asked_by_a_look(host, pulls, thorough=True) == {P, *CHECKED, *SAID}
    host.say(P, pull(updated_at="2026-01-02T00:00:01Z"))
    assert await asked_by_a_look(host, pulls) == {P, *CHECKED, *SAID}
    assert await asked_by_a_look(host, pulls) == {P, *CHECKED}


async def test_a_new_head_has_checks_of_its_own_and_everything_is_asked_again(
    host: Host, pulls: GitHubPulls
) -> None:
    tell_of(host, pull(), runs=[run(1, "test", "failure")])
    assert [check.state for check in (await look(pulls)).checks] == [Ci.FAILING]
    pushed = "beef" * 10
    tell_of(host, pull(head={"ref": "b", "sha": pushed}), runs=[run(2, "test", None)])
    host.requests.clear()
    it = await look(pulls)
    assert (it.head, [check.state for check in it.checks]) == (pushed, [Ci.PENDING])
    assert len(host.asked("/reviews")) == 1
    assert host.asked(HEAD) == []


async def test_nothing_is_downloaded_twice(host: Host, pulls: GitHubPulls) -> None:
    tell_of(host, pull(), comments=[comment(n, "ann") for n in range(1, 251)])
    first = await look(pulls, thorough=True)
    assert len(first.comments) == 250
    host.requests.clear()
    assert await look(pulls, thorough=True) == first
    assert all("if-none-match" in request.headers for request in host.requests)
    assert len(host.asked("/issues/7/comments")) == 3


async def test_what_failed_is_asked_again(host: Host, pulls: GitHubPulls) -> None:
    tell_of(host, pull(), reviews=[review(1, "ann", "APPROVED")])
    host.refuse(f"{P}/reviews", 502)
    with pytest.raises(ForgeFailed, match="/reviews"):
        await look(pulls)
    with pytest.raises(ForgeFailed, match="/reviews"):
        await look(pulls)
    host.say(f"{P}/reviews", [review(1, "ann", "APPROVED")])
    assert len((await look(pulls)).reviews) == 1


@pytest.mark.parametrize("part", [*SAID, *CHECKED])
@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, text='[{"id": 1, "body'),
        httpx2.Response(200, json={"unexpected": 1}),
        httpx2.Response(200, json=[1]),
        httpx2.Response(200, json=[{"id": "x"}]),
        httpx2.Response(200, json={"check_runs": [{}], "statuses": [{}]}),
        httpx2.ReadError("cut"),
    ],
)
async def test_a_part_that_cannot_be_understood_is_one_failure_and_no_fact(
    host: Host, pulls: GitHubPulls, part: str, answer: httpx2.Response | Exception
) -> None:
    tell_of(host, pull())
    host.told[part] = answer
    with pytest.raises(ForgeFailed) as caught:
        await look(pulls)
    assert TOKEN not in repr(caught.value)


async def test_a_limit_is_told_as_such_and_all_are_silent_then(
    host: Host, pulls: GitHubPulls, autojump_clock: MockClock
) -> None:
    tell_of(host, pull())
    host.refuse(f"{C}/status", 429, "slow down", retry_after="20")
    with pytest.raises(Throttled) as caught:
        await look(pulls)
    assert 0 < caught.value.seconds <= 20
    assert pulls.wait == pytest.approx(caught.value.seconds)
    host.requests.clear()
    with pytest.raises(Throttled):
        await look(pulls)
    assert host.requests == []


async def test_who_may_not_read_check_runs_is_told_which_token_may(host: Host, pulls: GitHubPulls) -> None:
    tell_of(host, pull())
    host.refuse(f"{C}/check-runs", 403, "Resource not accessible by personal access token")
    with pytest.raises(ForgeRefused, match=r"scm_config.*fine-grained.*classic") as caught:
        await look(pulls)
    assert TOKEN not in str(caught.value)


async def test_a_look_that_is_cancelled_in_the_midst_leaves_nothing_half_known(host: Host) -> None:
    tell_of(host, pull(), reviews=[review(1, "ann", "APPROVED")])
    slow = True

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if slow and request.url.path.endswith("/reviews"):
            await trio.sleep_forever()
        return host.transport.handler(request)  # type: ignore[return-value]

    pulls = GitHubPulls(options(), transport=httpx2.MockTransport(answer))
    with trio.move_on_after(0.05) as scope:
        await look(pulls)
    assert scope.cancelled_caught
    slow = False
    assert len((await look(pulls)).reviews) == 1
    await pulls.aclose()


@pytest.mark.parametrize(
    ("mergeable", "state", "conflicts"),
    [
        (True, "clean", False),
        (True, "dirty", False),
        (None, "unknown", None),
        (False, "dirty", True),
        (False, "", True),
        (False, None, True),
        (False, "blocked", False),
        (False, "behind", False),
    ],
)
async def test_only_what_cannot_be_merged_for_conflicts_conflicts(
    host: Host, pulls: GitHubPulls, mergeable: bool | None, state: str | None, conflicts: bool | None
) -> None:
    tell_of(host, pull(mergeable=mergeable, mergeable_state=state))
    assert (await look(pulls)).conflicts is conflicts


@pytest.mark.parametrize(
    ("more", "asked"),
    [({}, False), ({"requested_reviewers": [person("ann")]}, True), ({"requested_reviewers": None}, False)],
)
async def test_whether_somebody_was_asked_is_said(
    host: Host, pulls: GitHubPulls, more: dict[str, Any], asked: bool
) -> None:
    tell_of(host, pull(**more))
    assert (await look(pulls)).asked is asked
