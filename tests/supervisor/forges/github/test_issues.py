"""GitHub's issues as a tracker."""

import json
from typing import Any

import httpx2
import pytest
from canned_github import TOKEN, Host, options

from ennio.supervisor.errors import ForgeFailed, ForgeRefused, NotFound
from ennio.supervisor.forges.github import GitHubIssues
from ennio.supervisor.protocols import Announcing, Tracker
from ennio.supervisor.records import Issue

ISSUES = "/repos/o/r/issues"


@pytest.fixture
def host() -> Host:
    return Host()


def tracker(host: Host, **more: Any) -> GitHubIssues:
    return GitHubIssues(options(**more), transport=host.transport)


def issue(number: int, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": f"Issue {number}",
        "body": None,
        "labels": [{"name": "bug"}, "old"],
        "html_url": f"https://github.com/o/r/issues/{number}",
        "state": "open",
        **more,
    }


async def test_an_issue_is_read_with_our_token_and_the_version_of_the_api(host: Host) -> None:
    host.say(f"GET {ISSUES}/42", issue(42, body="Do\nit", state="closed"))
    it: Tracker = tracker(host)
    assert await it.issue("42") == Issue(
        "42", "Issue 42", "Do\nit", ("bug", "old"), "https://github.com/o/r/issues/42", open=False
    )
    headers = host.requests[0].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["accept"] == "application/vnd.github+json"
    assert headers["x-github-api-version"] == "2022-11-28"
    await it.aclose()


async def test_a_pull_request_is_no_issue(host: Host) -> None:
    host.say(f"GET {ISSUES}/42", issue(42, pull_request={"url": "..."}))
    with pytest.raises(NotFound, match="42 is a pull request"):
        await tracker(host).issue("42")


async def test_what_is_not_there_is_not_found(host: Host) -> None:
    with pytest.raises(NotFound, match="/issues/42"):
        await tracker(host).issue("42")


@pytest.mark.parametrize("raw", [[], {}, {"number": "42"}, issue(42, title=7), issue(42, labels=[{}])])
async def test_an_answer_of_another_shape_is_the_hosts_failure(host: Host, raw: Any) -> None:
    host.say(f"GET {ISSUES}/42", raw)
    with pytest.raises(ForgeFailed, match="github o/r answered what cannot be understood about issue 42"):
        await tracker(host).issue("42")


async def test_the_open_issues_come_without_the_pull_requests(host: Host) -> None:
    listed = [issue(n, pull_request={}) if n % 2 else issue(n) for n in range(400, 0, -1)]
    host.say(f"GET {ISSUES}", listed)
    it = tracker(host)
    assert [one.id for one in await it.issues(3)] == ["400", "398", "396"]
    assert [int(one.id) for one in await it.issues(150)] == list(range(400, 100, -2))
    assert len(await it.issues(10_000)) == 200
    assert dict(host.requests[0].url.params)["state"] == "open"


async def test_what_is_announced_is_what_is_configured(host: Host) -> None:
    for part in ("labels", "comments"):
        host.told[f"POST {ISSUES}/42/{part}"] = httpx2.Response(201, json={})
    silent = tracker(host)
    assert isinstance(silent, Announcing)
    assert not silent.announces
    await silent.announce("42", "begun")
    assert host.requests == []

    both = tracker(host, on_spawn_comment=True, on_spawn_label="in progress")
    assert both.announces
    await both.announce("42", "begun")
    assert host.asked() == [f"POST {ISSUES}/42/labels", f"POST {ISSUES}/42/comments"]
    assert [json.loads(request.content) for request in host.requests] == [
        {"labels": ["in progress"]},
        {"body": "begun"},
    ]


async def test_a_label_that_is_refused_leaves_no_comment_to_be_made_twice(host: Host) -> None:
    host.refuse(f"POST {ISSUES}/42/labels", 403, "no")
    with pytest.raises(ForgeRefused, match="tracker_config"):
        await tracker(host, on_spawn_comment=True, on_spawn_label="x").announce("42", "begun")
    assert host.asked("comments") == []
