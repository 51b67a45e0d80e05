"""GitLab's issues: what names them, what is read of them, how they are told that work has begun."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from canned_gitlab import HOME, OPTIONS, TOKEN, Host

from ennio.supervisor.errors import ConfigError, ForgeFailed, ForgeRefused, Invalid, NotFound
from ennio.supervisor.forges.gitlab import GitLabIssues
from ennio.supervisor.options import Options
from ennio.supervisor.protocols import Announcing
from ennio.supervisor.records import Issue


def tracker(host: Host | None = None, **more: Any) -> GitLabIssues:
    given = {key: value for key, value in {**OPTIONS, **more}.items() if value is not None}
    return GitLabIssues(Options(given, "tracker_config.config"), transport=host.transport if host else None)


@pytest.fixture
async def issues(host: Host) -> AsyncIterator[GitLabIssues]:
    issues = tracker(host, on_spawn_comment=True, on_spawn_label="in progress")
    yield issues
    await issues.aclose()


def raw(iid: int, **more: Any) -> dict[str, Any]:
    return {
        "id": 1000 + iid,
        "iid": iid,
        "title": "It breaks",
        "description": "Often.",
        "state": "opened",
        "labels": ["bug", "p1"],
        "web_url": f"{HOME}/-/issues/{iid}",
        **more,
    }


async def test_an_issue_is_read(host: Host, issues: GitLabIssues) -> None:
    host.say("GET /issues/12", raw(12))
    host.say("GET /issues/13", raw(13, description=None, state="closed", labels=[]))
    url = f"{HOME}/-/issues/12"
    assert await issues.issue("12") == Issue("12", "It breaks", "Often.", ("bug", "p1"), url, True)
    assert (await issues.issue("13")).open is False
    assert (await issues.issue("13")).body == ""


async def test_the_open_issues_come_newest_first(host: Host, issues: GitLabIssues) -> None:
    host.say("GET /issues", [raw(3), raw(2), raw(1)])
    assert [issue.id for issue in await issues.issues(2)] == ["3", "2"]
    asked = dict(host.requests[0].url.params)
    assert asked == {"per_page": "100", "state": "opened", "order_by": "created_at", "sort": "desc"}


async def test_an_issue_that_is_not_there_is_not_found(issues: GitLabIssues) -> None:
    with pytest.raises(NotFound):
        await issues.issue("99")


@pytest.mark.parametrize("answer", [[], {"iid": "12"}, {**raw(12), "title": None}, {**raw(12), "state": 1}])
async def test_what_is_no_issue_is_a_failure(host: Host, issues: GitLabIssues, answer: Any) -> None:
    host.say("GET /issues/12", answer)
    with pytest.raises(ForgeFailed, match=r"gitlab group/sub/repo at gitlab.example .* issue 12"):
        await issues.issue("12")


async def test_it_is_labelled_and_commented_on(host: Host, issues: GitLabIssues) -> None:
    host.say("PUT /issues/12", raw(12))
    host.say("POST /issues/12/notes", {"id": 1})
    assert isinstance(issues, Announcing)
    assert issues.announces
    await issues.announce("12", "Work has begun.")
    assert host.asked() == ["PUT /issues/12", "POST /issues/12/notes"]
    assert host.sent() == [{"add_labels": "in progress"}, {"body": "Work has begun."}]


async def test_only_what_is_configured_is_announced(host: Host) -> None:
    quiet, labels = tracker(host), tracker(host, on_spawn_label="doing")
    assert (quiet.announces, labels.announces) == (False, True)
    host.say("PUT /issues/1", raw(1))
    await labels.announce("1", "words")
    assert host.asked() == ["PUT /issues/1"]
    await quiet.aclose()
    await labels.aclose()


@pytest.mark.parametrize(
    "given",
    [
        "12",
        "#12",
        " 12 ",
        f"{HOME}/-/issues/12",
        f"{HOME}/issues/12/",
        f"{HOME}/-/work_items/12?tab=x#note_1",
        "http://GITLAB.example:80/GROUP/Sub/repo/-/issues/12",
        "https://gitlab.example/group%2Fsub/repo/-/issues/12",
    ],
)
def test_an_issue_is_named_by_its_number_or_its_url(given: str) -> None:
    assert tracker().identify(given) == "12"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "named by its number or its URL"),
        ("0", "named by its number or its URL"),
        ("012", "named by its number or its URL"),
        ("٣", "named by its number or its URL"),
        ("12/../../13", "named by its number or its URL"),
        ("99999999999", "named by its number or its URL"),
        ("https://gitlab.com/group/sub/repo/-/issues/12", "not at the GitLab of"),
        ("https://gitlab.example:8443/group/sub/repo/-/issues/12", "not at the GitLab of"),
        ("ftp://gitlab.example/group/sub/repo/-/issues/12", "not at the GitLab of"),
        ("https://[gitlab/-/issues/12", "is no URL"),
        (f"{HOME}/-/merge_requests/12", "is no URL of an issue"),
        (f"{HOME}/-/issues/12/designs", "is no URL of an issue"),
        ("https://gitlab.example/group/repo/-/issues/12", "is not an issue of"),
        ("https://gitlab.example/x/group/sub/repo/-/issues/12", "is not an issue of"),
    ],
)
def test_anything_else_is_refused_with_the_reason(given: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        tracker().identify(given)


def test_a_gitlab_below_a_path_has_its_urls_there() -> None:
    below = tracker(api_url="https://host.example/git/api/v4")
    assert below.identify("https://host.example/git/group/sub/repo/-/issues/5") == "5"
    with pytest.raises(Invalid):
        below.identify("https://host.example/group/sub/repo/-/issues/5")


def test_a_project_by_number_has_issues_by_number_alone() -> None:
    by_number = tracker(project="42")
    assert by_number.identify("#5") == "5"
    with pytest.raises(Invalid, match="configured by its number"):
        by_number.identify(f"{HOME}/-/issues/5")


async def test_a_project_may_be_given_as_owner_and_repo(host: Host) -> None:
    host.say("GET /issues/1", raw(1))
    split = tracker(host, project=None, owner="Group/sub", repo="repo")
    assert split.name == "gitlab group/sub/repo at gitlab.example"
    assert (await split.issue("1")).id == "1"
    await split.aclose()


def test_its_name_says_where_it_is_unless_that_is_gitlab_com() -> None:
    assert tracker(api_url=None).name == "gitlab group/sub/repo"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"project": "alone"}, "`tracker_config.config.project` must be the project's full path"),
        ({"project": "a/../b"}, "project` must be"),
        ({"project": "a//b"}, "project` must be"),
        ({"project": "a/b?c"}, "project` must be"),
        ({"project": None}, "project` is missing"),
        ({"owner": "a", "repo": "b"}, "give one of both"),
        ({"project": None, "owner": "a"}, "repo` is missing"),
        ({"token": None}, "token` is missing"),
        ({"token": "two words"}, "token` must be one word"),
        ({"api_url": "https://u:p@gitlab.example/api/v4"}, "api_url` must have no user"),
        ({"on_spawn_label": "a,b"}, "on_spawn_label` must be one label"),
        ({"webhook_secret": "x"}, "webhook_secret` is no key here"),
    ],
)
def test_what_is_configured_wrongly_is_named(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        tracker(**more)
    assert TOKEN not in str(caught.value)


async def test_a_token_that_is_refused_is_in_no_message(host: Host, issues: GitLabIssues) -> None:
    host.say("GET /issues/1", httpx2.Response(401, json={"message": f"401 Unauthorized {TOKEN}"}))
    with pytest.raises(ForgeRefused, match="tracker_config") as caught:
        await issues.issue("1")
    assert TOKEN not in str(caught.value)
