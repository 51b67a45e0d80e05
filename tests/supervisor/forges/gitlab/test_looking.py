"""Which merge request is a branch's, what it says of itself, and how little is asked for that."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from canned_gitlab import HEAD, HOME, OLD, Host, merge_request, note

from ennio.supervisor.errors import ForgeFailed, ForgeRefused, Throttled
from ennio.supervisor.forges.gitlab import GitLabMergeRequests
from ennio.supervisor.protocols import Hooked
from ennio.supervisor.records import PullRequest, PullState, Sought

BEGAN = datetime(2026, 1, 1, 7, tzinfo=UTC)
FEAT = Sought("feat", BEGAN)


async def look(scm: GitLabMergeRequests, sought: Sought = FEAT, *, thorough: bool = False) -> PullRequest:
    pull = await scm.look(sought, thorough=thorough)
    assert pull is not None
    return pull


async def test_a_branch_without_one_has_none(host: Host, scm: GitLabMergeRequests) -> None:
    host.has()
    assert await scm.look(Sought("feat/a b", BEGAN), thorough=True) is None
    asked = dict(host.requests[0].url.params)
    assert (asked["source_branch"], asked["state"]) == ("feat/a b", "all")
    assert isinstance(scm, Hooked)


async def test_its_own_facts_are_read(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7))
    assert await look(scm) == PullRequest(
        number=7,
        url=f"{HOME}/-/merge_requests/7",
        title="Add a thing",
        state=PullState.OPEN,
        draft=False,
        branch="feat",
        head=HEAD,
        conflicts=False,
        asked=False,
    )


async def test_the_newest_open_one_comes_first(host: Host, scm: GitLabMergeRequests) -> None:
    closed = {"state": "closed", "closed_at": "2026-01-02T00:00:00.000Z"}
    host.has(merge_request(9, **closed), merge_request(8), merge_request(7))
    assert (await look(scm)).number == 8


async def test_one_that_is_over_counts_if_it_is_of_this_session(host: Host, scm: GitLabMergeRequests) -> None:
    merged = merge_request(5, state="merged", merged_at="2026-01-01T08:30:00.000Z")
    before = merge_request(6, state="closed", closed_at="2026-01-01T06:30:00.000Z")
    host.has(before, merged)
    pull = await look(scm)
    assert (pull.number, pull.state) == (5, PullState.MERGED)
    assert pull.closed_at == datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
    assert await scm.look(Sought("feat", BEGAN, passed=5), thorough=False) is None


@pytest.mark.parametrize("more", [{"source_project_id": 99}, {"source_branch": "feature"}])
async def test_one_of_a_fork_or_of_another_branch_is_not_it(
    host: Host, scm: GitLabMergeRequests, more: dict[str, Any]
) -> None:
    host.has(merge_request(7, **more))
    assert await scm.look(FEAT, thorough=False) is None


async def test_one_that_is_known_is_asked_for_by_its_number(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7))
    await look(scm, Sought("feat", BEGAN, number=7))
    assert host.asked()[0] == "GET /merge_requests/7"
    assert "GET /merge_requests" not in host.asked()


async def test_one_that_is_known_and_over_gives_way_to_one_that_is_open(
    host: Host, scm: GitLabMergeRequests
) -> None:
    over = merge_request(7, state="closed", closed_at="2026-01-01T10:00:00.000Z")
    known = Sought("feat", BEGAN, number=7)
    host.has(over)
    assert (await look(scm, known)).state is PullState.CLOSED
    host.has(over, merge_request(8))
    assert (await look(scm, known)).number == 8


async def test_one_that_was_deleted_is_none(host: Host, scm: GitLabMergeRequests) -> None:
    host.has()
    assert await scm.look(Sought("feat", BEGAN, number=7), thorough=False) is None


async def test_one_without_a_commit_is_not_there_yet(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7, sha=None))
    assert await scm.look(FEAT, thorough=False) is None


@pytest.mark.parametrize(
    ("more", "conflicts"),
    [
        ({"has_conflicts": True, "merge_status": "cannot_be_merged"}, True),
        ({"detailed_merge_status": "conflict", "has_conflicts": True}, True),
        ({"merge_status": "unchecked"}, None),
        ({"merge_status": "checking", "detailed_merge_status": "draft_status"}, None),
        ({"detailed_merge_status": "preparing"}, None),
        ({"detailed_merge_status": "not_approved"}, False),
        ({"merge_status": "cannot_be_merged_recheck", "has_conflicts": False}, None),
    ],
)
async def test_conflicts_are_unknown_until_gitlab_has_looked(
    host: Host, scm: GitLabMergeRequests, more: dict[str, Any], conflicts: bool | None
) -> None:
    host.has(merge_request(7, **more))
    assert (await look(scm)).conflicts is conflicts


@pytest.mark.parametrize("flag", ["draft", "work_in_progress"])
async def test_a_draft_is_one_by_either_name(host: Host, scm: GitLabMergeRequests, flag: str) -> None:
    host.has(merge_request(7, **{flag: True}))
    assert (await look(scm)).draft


async def test_one_that_is_being_merged_is_still_open(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7, state="locked"))
    assert (await look(scm)).state is PullState.OPEN


async def test_what_was_said_is_asked_for_again_only_when_something_changed(
    host: Host, scm: GitLabMergeRequests
) -> None:
    host.has(merge_request(7))
    sought = Sought("feat", BEGAN, number=7)
    await look(scm, sought)
    whole = len(host.requests)
    await look(scm, sought)
    again = host.asked(whole)
    assert "GET /merge_requests/7/pipelines" in again
    assert not any(path.endswith(("notes", "approvals", "reviewers", "versions")) for path in again)

    host.has(merge_request(7, updated_at="2026-01-01T09:00:01.000Z"))
    host.say("GET /merge_requests/7/notes", [note(1, "ann", "Look here", "09:00:01")])
    assert [comment.body for comment in (await look(scm, sought)).comments] == ["Look here"]

    host.say("GET /merge_requests/7/notes", [])
    assert len((await look(scm, sought)).comments) == 1
    assert (await look(scm, sought, thorough=True)).comments == ()


async def test_a_new_head_is_looked_at_whole(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7, sha=OLD))
    await look(scm)
    host.has(merge_request(7))
    before = len(host.requests)
    await look(scm)
    assert "GET /merge_requests/7/approvals" in host.asked(before)


async def test_of_one_that_is_over_nothing_more_is_asked(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7, state="merged", merged_at="2026-01-01T09:00:00.000Z"))
    await look(scm, thorough=True)
    assert host.asked() == ["GET /merge_requests", "GET /merge_requests/7"]


async def test_a_part_that_fails_fails_the_look_and_is_remembered_by_none(
    host: Host, scm: GitLabMergeRequests
) -> None:
    host.has(merge_request(7))
    host.say("GET /merge_requests/7/notes", httpx2.Response(500, json={"message": "oops"}))
    for _ in range(2):
        with pytest.raises(ForgeFailed, match="oops"):
            await scm.look(FEAT, thorough=False)
    host.say("GET /merge_requests/7/notes", [])
    assert (await look(scm)).number == 7


@pytest.mark.parametrize(
    "more", [{"state": "new"}, {"sha": 5}, {"updated_at": "yesterday"}, {"iid": "7"}, {"head_pipeline": 4}]
)
async def test_what_is_no_merge_request_is_a_failure(
    host: Host, scm: GitLabMergeRequests, more: dict[str, Any]
) -> None:
    host.has(merge_request(7))
    host.say("GET /merge_requests/7", merge_request(7, **more))
    with pytest.raises(ForgeFailed, match="cannot be understood about !7"):
        await scm.look(FEAT, thorough=False)


async def test_it_says_for_how_long_it_wants_to_be_left_alone(
    host: Host, scm: GitLabMergeRequests, autojump_clock: Any
) -> None:
    assert scm.wait == 0
    host.say("GET /merge_requests", httpx2.Response(429, headers={"Retry-After": "40"}, text="Retry later"))
    with pytest.raises(Throttled):
        await scm.look(FEAT, thorough=False)
    assert scm.wait == pytest.approx(40, abs=1)


async def test_a_token_without_the_right_is_told(host: Host, scm: GitLabMergeRequests) -> None:
    host.say("GET /merge_requests", httpx2.Response(403, json={"message": "403 Forbidden"}))
    with pytest.raises(ForgeRefused, match="scm_config"):
        await scm.look(FEAT, thorough=False)
