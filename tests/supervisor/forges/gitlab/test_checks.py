"""What is a check of a merge request's head, and how it stands."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from canned_gitlab import HEAD, HOME, OLD, Host, job, merge_request, pipeline, status

from ennio.supervisor.errors import ForgeFailed, ForgeRefused
from ennio.supervisor.forges.gitlab import GitLabMergeRequests
from ennio.supervisor.records import Check, Ci, Sought

FEAT = Sought("feat", datetime(2026, 1, 1, 7, tzinfo=UTC))
MERGED = "c" * 40


async def checks(scm: GitLabMergeRequests) -> dict[str, Check]:
    pull = await scm.look(FEAT, thorough=False)
    assert pull is not None
    return {check.name: check for check in pull.checks}


async def states(scm: GitLabMergeRequests) -> dict[str, Ci]:
    return {name: check.state for name, check in (await checks(scm)).items()}


def run(host: Host, *jobs: dict[str, Any], of: dict[str, Any] | None = None) -> None:
    """Let the merge request have a pipeline of these jobs."""
    ran = of or pipeline()
    host.has(merge_request(7, head_pipeline=ran))
    host.say(f"GET /pipelines/{ran['id']}/jobs", list(jobs))


async def test_each_job_of_the_pipeline_is_one(host: Host, scm: GitLabMergeRequests) -> None:
    run(host, job(2, "test", "failed", failure_reason="script_failure"), job(1, "lint", "success"))
    assert await checks(scm) == {
        "lint": Check("lint", Ci.PASSING, f"{HOME}/-/jobs/1", "1", "success"),
        "test": Check("test", Ci.FAILING, f"{HOME}/-/jobs/2", "2", "script failure"),
    }


@pytest.mark.parametrize(
    ("word", "allowed", "state"),
    [
        ("success", False, Ci.PASSING),
        ("failed", False, Ci.FAILING),
        ("failed", True, Ci.PASSING),
        ("canceled", False, Ci.FAILING),
        ("canceled", True, Ci.PASSING),
        ("skipped", False, Ci.PASSING),
        ("manual", True, Ci.PASSING),
        ("manual", False, Ci.PENDING),
        *((word, False, Ci.PENDING) for word in ("created", "pending", "running", "preparing", "scheduled")),
        *((word, True, Ci.PENDING) for word in ("waiting_for_resource", "canceling", "a_new_word")),
    ],
)
async def test_a_job_stands_as_gitlab_s_word_for_it_says(
    host: Host, scm: GitLabMergeRequests, word: str, allowed: bool, state: Ci
) -> None:
    run(host, job(1, "it", word, allow_failure=allowed))
    assert await states(scm) == {"it": state}


async def test_no_pipeline_and_no_status_is_no_check(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7))
    assert await checks(scm) == {}


async def test_a_pipeline_of_an_earlier_head_is_none_of_this_one(
    host: Host, scm: GitLabMergeRequests
) -> None:
    host.has(merge_request(7, head_pipeline=pipeline(40, sha=OLD, status="failed")))
    host.say("GET /merge_requests/7/pipelines", [pipeline(40, sha=OLD, status="failed")])
    assert await checks(scm) == {}
    host.say("GET /merge_requests/7/pipelines", [pipeline(41), pipeline(40, sha=OLD)])
    host.say("GET /pipelines/41/jobs", [job(5, "test", "success")])
    assert await states(scm) == {"test": Ci.PASSING}


@pytest.mark.parametrize(("parents", "expected"), [([OLD, HEAD], {"test": Ci.FAILING}), ([OLD, MERGED], {})])
async def test_a_pipeline_for_merged_results_is_of_what_was_merged(
    host: Host, scm: GitLabMergeRequests, parents: list[str], expected: dict[str, Ci]
) -> None:
    run(host, job(1, "test", "failed"), of=pipeline(sha=MERGED, ref="refs/merge-requests/7/merge"))
    host.say(f"GET /repository/commits/{MERGED}", {"id": MERGED, "parent_ids": parents})
    assert await states(scm) == expected


async def test_a_pipeline_of_which_nobody_can_tell_what_it_is_of_is_a_failure(
    host: Host, scm: GitLabMergeRequests
) -> None:
    run(host, of=pipeline(sha=MERGED, ref="refs/merge-requests/7/merge"))
    with pytest.raises(ForgeFailed, match="has no commit cccccccccccc"):
        await scm.look(FEAT, thorough=False)


async def test_statuses_from_outside_are_checks_without_a_log(host: Host, scm: GitLabMergeRequests) -> None:
    run(host, job(1, "test", "success"))
    outside = [
        status(11, "jenkins", "failed", description="3 tests failed"),
        status(10, "jenkins", "success"),
        status(12, "coverage", "running"),
    ]
    host.say(f"GET /repository/commits/{HEAD}/statuses", outside)
    found = await checks(scm)
    assert found["jenkins"] == Check("jenkins", Ci.FAILING, "https://ci.example/11", None, "3 tests failed")
    assert {name: check.state for name, check in found.items() if name != "jenkins"} == {
        "coverage": Ci.PENDING,
        "test": Ci.PASSING,
    }


async def test_jobs_of_other_pipelines_of_the_commit_are_no_statuses(
    host: Host, scm: GitLabMergeRequests
) -> None:
    run(host, job(1, "test", "success"))
    listed = [
        status(1, "test", "success", target_url=None, pipeline_id=40),
        status(2, "deploy", "failed", target_url=None, pipeline_id=39),
        status(3, "docs", "failed", target_url=f"{HOME}/-/jobs/3", pipeline_id=39),
        status(4, "trigger", "failed", target_url=None, pipeline_id=40),
    ]
    host.say(f"GET /repository/commits/{HEAD}/statuses", listed)
    assert await states(scm) == {"test": Ci.PASSING, "trigger": Ci.FAILING}


@pytest.mark.parametrize(
    ("whole", "jobs", "expected"),
    [
        ("failed", [job(1, "test", "success")], {"test": Ci.PASSING, "pipeline": Ci.FAILING}),
        ("failed", [], {"pipeline": Ci.FAILING}),
        ("created", [], {"pipeline": Ci.PENDING}),
        ("running", [job(1, "test", "running")], {"test": Ci.PENDING}),
        ("failed", [job(1, "test", "pending")], {"test": Ci.PENDING}),
        ("skipped", [], {}),
        ("success", [], {}),
    ],
)
async def test_a_pipeline_counts_itself_where_its_jobs_do_not_explain_it(
    host: Host, scm: GitLabMergeRequests, whole: str, jobs: list[Any], expected: dict[str, Ci]
) -> None:
    run(host, *jobs, of=pipeline(status=whole))
    assert await states(scm) == expected


async def test_a_project_without_ci_has_no_checks(host: Host, scm: GitLabMergeRequests) -> None:
    host.has(merge_request(7))
    forbidden = httpx2.Response(403, json={"message": "403 Forbidden"})
    host.say("GET /merge_requests/7/pipelines", forbidden)
    host.say(f"GET /repository/commits/{HEAD}/statuses", forbidden)
    host.say("GET ", {"id": 3, "builds_access_level": "disabled"})
    assert await checks(scm) == {}


async def test_a_token_that_may_not_see_pipelines_is_no_lack_of_them(
    host: Host, scm: GitLabMergeRequests
) -> None:
    host.has(merge_request(7))
    host.say("GET /merge_requests/7/pipelines", httpx2.Response(403, json={"message": "403 Forbidden"}))
    host.say("GET ", {"id": 3, "builds_access_level": "private"})
    with pytest.raises(ForgeRefused):
        await scm.look(FEAT, thorough=False)
