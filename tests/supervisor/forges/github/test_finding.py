"""Which pull request is a session's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from canned_github import HEAD, OURS, Host, options, pull, tell_of

from ennio.supervisor.errors import ForgeFailed
from ennio.supervisor.forges.github import GitHubPulls
from ennio.supervisor.records import PullState, Sought

BEGUN = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)
SOUGHT = Sought("b", BEGUN)
FORK = {"full_name": "stranger/r", "owner": {"login": "stranger"}}


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def pulls(host: Host) -> GitHubPulls:
    return GitHubPulls(options(), transport=host.transport)


def tell(host: Host, *raws: dict[str, Any]) -> None:
    for raw in raws:
        tell_of(host, raw)
    host.say("GET /repos/o/r/pulls", list(raws))


def closed(number: int, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    when = None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return pull(number, state="closed", closed_at=when, **more)


async def found(pulls: GitHubPulls, sought: Sought = SOUGHT) -> int | None:
    it = await pulls.look(sought, thorough=False)
    return None if it is None else it.number


async def test_it_is_found_by_the_branch_and_then_asked_for_by_its_number(
    host: Host, pulls: GitHubPulls
) -> None:
    tell(host, pull(7))
    it = await pulls.look(SOUGHT, thorough=False)
    assert it is not None
    assert (it.number, it.branch, it.head, it.state) == (7, "b", HEAD, PullState.OPEN)
    assert dict(host.requests[0].url.params) == {"per_page": "100", "head": "o:b", "state": "all"}
    host.requests.clear()
    assert await found(pulls, Sought("b", BEGUN, 7)) == 7
    assert host.asked("/pulls") == ["GET /repos/o/r/pulls/7"]


async def test_there_may_be_none(host: Host, pulls: GitHubPulls) -> None:
    host.say("GET /repos/o/r/pulls", [])
    assert await found(pulls) is None


async def test_one_that_is_open_comes_before_a_newer_one_that_is_not(host: Host, pulls: GitHubPulls) -> None:
    tell(host, pull(5), closed(9, BEGUN + timedelta(hours=1)), pull(6))
    assert await found(pulls) == 6


async def test_of_those_that_are_closed_the_newest_counts_unless_it_is_of_before(
    host: Host, pulls: GitHubPulls
) -> None:
    before, after = BEGUN - timedelta(seconds=1), BEGUN + timedelta(hours=1)
    tell(host, closed(5, after), closed(6, after), closed(9, before))
    assert await found(pulls) == 6
    assert await found(pulls, Sought("b", BEGUN, passed=6)) is None
    tell(host, closed(9, before))
    assert await found(pulls) is None
    tell(host, closed(9))
    assert await found(pulls) == 9
    tell(host, pull(9, created_at="2020-01-01T00:00:00Z"))
    assert await found(pulls, Sought("b", BEGUN, passed=9)) == 9


async def test_one_closed_within_the_second_in_which_the_session_began_counts(
    host: Host, pulls: GitHubPulls
) -> None:
    tell(host, closed(9, BEGUN))
    assert await found(pulls) == 9


@pytest.mark.parametrize(
    "head",
    [
        {"ref": "other", "sha": HEAD, "repo": OURS},
        {"ref": "b", "sha": HEAD, "repo": FORK},
        {"ref": "b", "sha": HEAD, "repo": {"owner": {"login": "stranger"}}},
        {"ref": "b", "sha": HEAD, "repo": None, "user": {"login": "stranger"}},
    ],
)
async def test_a_host_that_ignores_the_filter_is_not_believed(
    host: Host, pulls: GitHubPulls, head: dict[str, Any]
) -> None:
    tell(host, pull(9, head=head))
    assert await found(pulls) is None


@pytest.mark.parametrize(
    "head", [{"ref": "b", "sha": HEAD}, {"ref": "b", "sha": HEAD, "repo": {"full_name": "O/R"}}]
)
async def test_a_head_is_ours_unless_it_says_otherwise(
    host: Host, pulls: GitHubPulls, head: dict[str, Any]
) -> None:
    tell(host, pull(9, head=head))
    assert await found(pulls) == 9


async def test_a_repository_that_was_renamed_is_still_its_own(host: Host, pulls: GitHubPulls) -> None:
    renamed = {"full_name": "o/new", "owner": {"login": "o"}}
    tell(host, pull(9, head={"ref": "b", "sha": HEAD, "repo": renamed}, base={"repo": renamed}))
    assert await found(pulls) == 9


async def test_when_the_known_one_is_closed_a_new_one_on_the_branch_takes_over(
    host: Host, pulls: GitHubPulls
) -> None:
    old = closed(7, BEGUN + timedelta(hours=1))
    tell(host, old)
    known = Sought("b", BEGUN, 7)
    it = await pulls.look(known, thorough=False)
    assert it is not None
    assert (it.number, it.state, it.closed_at) == (
        7,
        PullState.CLOSED,
        (BEGUN + timedelta(hours=1)).replace(microsecond=0),
    )
    tell(host, old, pull(8))
    assert await found(pulls, known) == 8


async def test_one_that_is_opened_again_is_open(host: Host, pulls: GitHubPulls) -> None:
    known = Sought("b", BEGUN, 7)
    tell(host, closed(7, BEGUN + timedelta(hours=1)))
    assert await found(pulls, known) == 7
    tell(host, pull(7))
    it = await pulls.look(known, thorough=False)
    assert it is not None
    assert it.state is PullState.OPEN


async def test_a_known_one_counts_though_the_list_lags_behind(host: Host, pulls: GitHubPulls) -> None:
    tell(host, closed(7, BEGUN + timedelta(hours=1), merged=True))
    host.say("GET /repos/o/r/pulls", [])
    it = await pulls.look(Sought("b", BEGUN, 7), thorough=False)
    assert it is not None
    assert it.state is PullState.MERGED


async def test_of_one_that_is_decided_on_nothing_more_is_asked(host: Host, pulls: GitHubPulls) -> None:
    tell(host, closed(7, BEGUN + timedelta(hours=1), merged_at="2026-01-01T13:00:00Z"))
    assert await found(pulls) == 7
    assert host.asked() == ["GET /repos/o/r/pulls", "GET /repos/o/r/pulls/7"]


async def test_a_failure_is_no_fact(host: Host, pulls: GitHubPulls) -> None:
    host.refuse("GET /repos/o/r/pulls", 502)
    with pytest.raises(ForgeFailed):
        await found(pulls)
    host.say("GET /repos/o/r/pulls", [pull(7, state="odd")])
    with pytest.raises(ForgeFailed, match="the pull requests of branch b"):
        await found(pulls)


async def test_one_that_is_not_there_any_more_is_looked_for_by_its_branch(
    host: Host, pulls: GitHubPulls
) -> None:
    host.say("GET /repos/o/r/pulls", [])
    assert await pulls.look(Sought("b", BEGUN, 7), thorough=False) is None


async def test_two_hundred_pull_requests_on_one_branch_are_all_looked_at(
    host: Host, pulls: GitHubPulls
) -> None:
    many = [closed(number, BEGUN + timedelta(hours=1)) for number in range(200, 0, -1)]
    tell(host, *many)
    host.say("GET /repos/o/r/pulls", [*many, pull(1000)])
    tell_of(host, pull(1000))
    host.say("GET /repos/o/r/pulls", [*many, pull(1000)])
    assert await found(pulls) == 1000
