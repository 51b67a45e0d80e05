"""Projects over HTTP, their issues, and sessions that are begun on one."""

from dataclasses import replace
from typing import Any

import pytest
from fakes import World
from hosts_of_fakes import ISSUE, FakeScm, FakeTracker
from quart.typing import TestClientProtocol as HttpClient
from talk import ask, asked
from trio.testing import MockClock

from ennio.supervisor import EnnioError, ForgeFailed, Project, ProjectId, Throttled
from ennio.supervisor.config import PluginConfig

ISSUES = "/projects/p/issues"
OPTIONS = {"token": "s3cret", "owner": "me"}


@pytest.fixture
def tracker() -> FakeTracker:
    return FakeTracker()


@pytest.fixture
def projects(projects: dict[ProjectId, Project], tracker: FakeTracker) -> dict[ProjectId, Project]:
    """Only `p` has a tracker, and a code host."""
    project = projects[ProjectId("p")]
    config = replace(
        project.config,
        tracker=PluginConfig("linear", OPTIONS, "projects[0].tracker_config.config"),
        scm=PluginConfig("github", OPTIONS, "projects[0].scm_config.config"),
        reactions={
            **project.config.reactions,
            "ci-failed": replace(project.config.reactions["ci-failed"], notifiers=("ops", "chat")),
            "agent-stuck": replace(project.config.reactions["agent-stuck"], enabled=False),
        },
    )
    return {**projects, ProjectId("p"): replace(project, config=config, tracker=tracker, scm=FakeScm())}


async def test_a_project_says_who_knows_its_issues_and_what_is_done_about_what(client: HttpClient) -> None:
    answer = await asked(client, "GET", "/projects")
    assert "s3cret" not in await answer.get_data(as_text=True)
    first, second = (await answer.get_json())["data"]
    assert (first["tracker"], first["scm"], first["base"]) == ("linear", "github", "local")
    assert (second["tracker"], second["scm"], second["notifiers"]) == (None, None, [])
    assert first["notifiers"] == ["chat", "ops"]
    assert first["reactions"]["ci-failed"] == {
        "action": "send_to_agent",
        "enabled": True,
        "notifiers": ["ops", "chat"],
    }
    assert first["reactions"]["agent-stuck"]["enabled"] is False
    assert len(first["reactions"]) == 9


async def test_the_open_issues_are_listed(client: HttpClient, tracker: FakeTracker) -> None:
    shown = {
        "id": "42",
        "title": "The login page is broken",
        "url": "https://host/issues/42",
        "labels": ["bug"],
        "open": True,
    }
    assert await ask(client, "GET", ISSUES) == [shown]
    tracker.there = [replace(ISSUE, url=None, labels=())]
    assert await ask(client, "GET", f"{ISSUES}?limit=200") == [{**shown, "url": None, "labels": []}]
    assert tracker.limits == [50, 200]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", ""])
async def test_a_limit_has_bounds(client: HttpClient, tracker: FakeTracker, limit: str) -> None:
    words = await ask(client, "GET", f"{ISSUES}?limit={limit}", 400)
    assert words == "the parameter limit must be a whole number from 1 to 200"
    assert not tracker.limits


async def test_a_project_that_is_unknown_or_has_no_tracker_has_no_issues(client: HttpClient) -> None:
    await ask(client, "GET", "/projects/nope/issues?limit=x", 404)
    await ask(client, "GET", "/projects/a%20b/issues", 400)
    assert "give it a tracker_config" in await ask(client, "GET", "/projects/q/issues", 400)
    await ask(client, "POST", ISSUES, 405, json={})


@pytest.mark.parametrize(
    ("failure", "after"),
    [(ForgeFailed("fake p/q is down"), None), (Throttled("fake p/q has had enough", seconds=41.2), "42")],
)
@pytest.mark.parametrize("what", ["list", "spawn"])
async def test_a_tracker_that_fails_is_a_502_in_its_words(
    client: HttpClient, tracker: FakeTracker, failure: EnnioError, after: str | None, what: str
) -> None:
    tracker.failure = failure
    call: dict[str, Any] = {"method": "GET", "path": ISSUES}
    if what == "spawn":
        call = {"method": "POST", "path": "/sessions", "json": {"project_id": "p", "issue_id": "42"}}
    answer = await asked(client, status=502, **call)
    assert (await answer.get_json())["error"] == str(failure)
    assert answer.headers.get("Retry-After") == after
    assert await ask(client, "GET", "/sessions?all=true") == []


async def test_a_tracker_that_does_not_answer_is_a_504(
    client: HttpClient, tracker: FakeTracker, autojump_clock: MockClock
) -> None:
    tracker.slow = 1000
    words = await ask(client, "GET", f"{ISSUES}?timeout=2", 504)
    assert words == "listing the issues of fake p/q took longer than 2 s"
    assert "took longer than 30 s" in await ask(client, "GET", ISSUES, 504)
    body = {"project_id": "p", "issue_id": "42"}
    assert "reading issue 42" in await ask(client, "POST", "/sessions?timeout=3", 504, json=body)
    await ask(client, "GET", f"{ISSUES}?timeout=31", 400)


@pytest.mark.parametrize("given", ["42", "#42", "https://host/issues/42"])
async def test_a_session_is_begun_on_an_issue(client: HttpClient, world: World, given: str) -> None:
    session = await ask(client, "POST", "/sessions", json={"project_id": "p", "issue_id": given})
    assert session["issue_id"] == "42"
    assert session["issue_title"] == "The login page is broken"
    assert session["issue_url"] == "https://host/issues/42"
    told = b"".join(world.terminals[0].heard).decode()
    assert "The login page is broken" in told
    assert "It is blank." in told


@pytest.mark.parametrize(
    ("issue", "status", "words"),
    [
        ("43", 404, "there is no issue 43"),
        ("ENG-12", 400, "is no issue of fake p/q"),
        ("4" * 301, 400, "issue_id must be at most 300 printable characters"),
        ("42\n", 400, "issue_id must be at most 300 printable characters"),
    ],
)
async def test_an_issue_that_is_not_there_begins_nothing(
    client: HttpClient, issue: str, status: int, words: str
) -> None:
    body = {"project_id": "p", "issue_id": issue}
    assert words in await ask(client, "POST", "/sessions", status, json=body)
    assert await ask(client, "GET", "/sessions?all=true") == []
