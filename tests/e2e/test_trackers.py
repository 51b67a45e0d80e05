"""Issues: how they come to a session, what they are told of it, and what is refused."""

from collections.abc import Iterator

import pytest
from accounts import until
from e2e.hosts import GitLab
from e2e.hosts.at_work import Work, at_work, project

POST = {"prompt": "please"}


@pytest.fixture(scope="module")
def gitlab() -> Iterator[GitLab]:
    with GitLab("group/sub", "app") as host:
        yield host


@pytest.fixture(scope="module")
def a_server(tmp_path_factory: pytest.TempPathFactory, gitlab: GitLab) -> Iterator[Work]:
    with at_work(
        tmp_path_factory.mktemp("server"),
        lambda host: [
            project(host, "telling", on_spawn_comment=True, on_spawn_label="in progress"),
            project(gitlab, "lab", on_spawn_comment=True, on_spawn_label="doing"),
        ],
    ) as work:
        yield work


@pytest.fixture
def work(a_server: Work) -> Iterator[Work]:
    yield a_server
    a_server.clear()


def refused(work: Work, project_id: str, issue_id: str) -> tuple[int, str]:
    answer = work.server.http.post("/sessions", json={"project_id": project_id, "issue_id": issue_id})
    work.spawned += [answer.json()["data"]["id"]] if answer.is_success else []
    return answer.status_code, answer.json().get("error", "")


def test_an_issue_is_in_the_prompt_and_in_the_branch(work: Work) -> None:
    issue = work.host.issue("Größe: a/b & c", "Line one.\nLine two.", ["bug", "good first issue"])
    session = work.spawn(issue_id=str(issue.number), prompt="Mind the tests.")
    heard = work.hears(session, "Mind the tests.")

    for words in ("Größe: a/b & c", "Line one.", "Line two.", "bug", "good first issue", str(issue.number)):
        assert words in heard, words
    assert session["branch"].startswith(f"issue-{issue.number}-")
    assert session["issue_id"] == str(issue.number)


def test_an_issue_may_be_meant_by_its_url(work: Work) -> None:
    issue = work.host.issue("By its URL")
    session = work.spawn(issue_id=f"{work.host.page}/issues/{issue.number}")

    assert session["issue_id"] == str(issue.number)


@pytest.mark.parametrize(
    ("issue_id", "status"),
    [
        ("99999", 404),
        ("https://github.com/o/other/issues/1", 400),
        ("https://evil.example/o/r/issues/1", 400),
        ("../../user", 400),
        ("1?x=y", 400),
        ("0", 400),
    ],
)
def test_what_is_no_issue_here_is_refused_and_nothing_is_left(work: Work, issue_id: str, status: int) -> None:
    worktrees, branches = set(work.server.worktrees()), work.server.branches()
    code, words = refused(work, "app", issue_id)

    assert code == status, words
    assert set(work.server.worktrees()) <= worktrees
    assert work.server.branches() <= branches


def test_without_a_tracker_there_is_no_issue(work: Work) -> None:
    assert refused(work, "cat", "1")[0] == 400


def test_a_tracker_that_fails_is_a_502_without_its_token(work: Work) -> None:
    issue = work.host.issue("Unreachable")
    token = work.host.token
    work.host.fail(500)
    assert refused(work, "app", str(issue.number))[0] == 502
    work.host.heal()
    work.host.truncate()
    assert refused(work, "app", str(issue.number))[0] == 502
    work.host.heal()
    work.host.forget_token()
    code, words = refused(work, "app", str(issue.number))
    work.host.token = token

    assert code == 502
    assert token not in words
    assert token not in work.server.log.read_text()


def test_an_issue_is_told_that_work_has_begun_and_once(work: Work) -> None:
    issue = work.host.issue("Announced", labels=["bug"])
    session = work.spawn("telling", issue_id=str(issue.number))
    until(lambda: issue.remarks and "in progress" in issue.labels)
    work.looked(2)

    assert issue.labels == ["bug", "in progress"]
    assert len(issue.remarks) == 1
    assert session["id"] in (issue.remarks[0].body or "")


def test_work_goes_on_where_an_issue_cannot_be_told(work: Work) -> None:
    issue = work.host.issue("Not announced")
    work.host.fail(500, where="POST")
    session = work.spawn("telling", issue_id=str(issue.number))
    work.until_event(session, "TrackerFailed", seconds=30)

    assert work.session(session)["status"] == "Working"


def test_issues_of_gitlab_are_read_and_told_too(work: Work, gitlab: GitLab) -> None:
    issue = gitlab.issue("At the other host", "Its text.", ["bug"])
    session = work.spawn("lab", issue_id=f"{gitlab.page}/-/issues/{issue.iid}")
    assert "Its text." in work.hears(session, "At the other host")
    until(lambda: issue.notes and "doing" in issue.labels)

    assert session["branch"] == f"issue-{issue.iid}-at-the-other-host"
    assert session["issue_id"] == str(issue.iid)
    assert issue.labels == ["bug", "doing"]
