"""What checks come to."""

from typing import Any

import pytest
from canned_github import run, status

from ennio.supervisor.forges.github.checks import checks
from ennio.supervisor.records import Check, Ci


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        ("success", Ci.PASSING),
        ("neutral", Ci.PASSING),
        ("skipped", Ci.PASSING),
        ("failure", Ci.FAILING),
        ("timed_out", Ci.FAILING),
        ("cancelled", Ci.FAILING),
        ("startup_failure", Ci.FAILING),
        ("action_required", Ci.FAILING),
        ("stale", Ci.PENDING),
        ("something_new", Ci.PENDING),
        (None, Ci.PENDING),
    ],
)
def test_a_run_comes_to_what_it_concludes(conclusion: str | None, state: Ci) -> None:
    (it,) = checks([run(1, "test", conclusion)], [])
    assert it.state is state


@pytest.mark.parametrize("going", ["queued", "in_progress", "waiting", "requested", "pending"])
def test_a_run_that_is_not_completed_is_pending_whatever_it_concludes(going: str) -> None:
    (it,) = checks([run(1, "test", "success", status=going)], [])
    assert it.state is Ci.PENDING


def test_of_each_app_and_name_the_latest_run_counts() -> None:
    other = {"app": {"id": 2, "slug": "circleci"}}
    listed = [run(3, "test", "success"), run(1, "test", "failure"), run(2, "test", "failure", **other)]
    assert [check.state for check in checks(listed, [])] == [Ci.PASSING, Ci.FAILING]


@pytest.mark.parametrize(
    ("more", "job"),
    [
        ({"details_url": "https://github.com/o/r/actions/runs/1/job/77"}, "77"),
        ({"details_url": "https://github.com/o/r/runs/5?check_suite_focus=true"}, "5"),
        ({"details_url": None}, "5"),
        ({"details_url": None, "app": None}, "5"),
        ({"app": None, "details_url": "https://x/job/78"}, "78"),
        ({"app": {"id": 2, "slug": "jenkins"}, "details_url": "https://jenkins/job/79"}, None),
    ],
)
def test_runs_of_github_actions_have_a_log(more: dict[str, Any], job: str | None) -> None:
    (it,) = checks([run(5, "test", "failure", **more)], [])
    assert it.job == job


def test_a_check_says_where_it_is_and_what_it_says() -> None:
    output = {"title": "3 failed", "summary": "s" * 5000}
    (it,) = checks([run(5, "test", "failure", output=output, html_url="https://github.com/o/r/runs/5")], [])
    assert it.url == "https://github.com/o/r/actions/runs/1/job/5"
    assert it.words.startswith("3 failed\nsss")
    assert len(it.words) == 500


@pytest.mark.parametrize(
    ("state", "ci"),
    [("success", Ci.PASSING), ("failure", Ci.FAILING), ("error", Ci.FAILING), ("pending", Ci.PENDING)],
)
def test_statuses_are_checks_without_a_log(state: str, ci: Ci) -> None:
    assert checks([], [status("ci", state)]) == (Check("ci", ci, "https://ci/1", None, "said"),)


def test_of_each_context_the_first_status_is_the_latest() -> None:
    listed = [status("ci", "success"), status("ci", "failure"), status("a", "pending")]
    assert [(check.name, check.state) for check in checks([], listed)] == [
        ("a", Ci.PENDING),
        ("ci", Ci.PASSING),
    ]


def test_where_nothing_checks_there_is_no_check() -> None:
    assert checks([], []) == ()
