"""Linear's issues: what is read of them, and how they are told that work has begun."""

from typing import Any

import pytest
from canned_linear import KEY, OPTIONS, Host, issue, page

from ennio.supervisor.errors import ConfigError, ForgeFailed, Invalid, NotFound
from ennio.supervisor.forges.linear import LinearIssues
from ennio.supervisor.options import Options
from ennio.supervisor.protocols import Announcing
from ennio.supervisor.records import Issue

NODES = [{"id": "s-todo", "name": "Todo"}, {"id": "s-2", "name": "In progress"}]
STATES = {
    "issue": {
        "id": "uuid-12",
        "state": {"id": "s-todo"},
        "team": {
            "states": {"nodes": [{"id": "s-todo", "name": "Todo"}, {"id": "s-2", "name": "In progress"}]}
        },
    }
}
MOVED, COMMENTED = {"issueUpdate": {"success": True}}, {"commentCreate": {"success": True}}


def tracker(host: Host | None = None, **more: Any) -> LinearIssues:
    given = {key: value for key, value in {**OPTIONS, **more}.items() if value is not None}
    return LinearIssues(Options(given, "tracker_config.config"), transport=host.transport if host else None)


async def test_an_issue_is_read(host: Host, issues: LinearIssues) -> None:
    host.say({"issue": issue(12)})
    url = "https://linear.app/acme/issue/ENG-12/it-breaks"
    assert await issues.issue("ENG-12") == Issue("ENG-12", "It breaks", "Often.", ("bug", "p1"), url, True)
    assert host.variables() == [{"id": "ENG-12"}]
    assert "query Issue($id: String!)" in host.asked[0]["query"]


@pytest.mark.parametrize(
    ("kind", "is_open"),
    [
        *((kind, True) for kind in ("triage", "backlog", "unstarted", "started")),
        *((kind, False) for kind in ("completed", "canceled", "duplicate")),
    ],
)
async def test_an_issue_is_open_until_nothing_is_left_to_be_done(
    host: Host, issues: LinearIssues, kind: str, is_open: bool
) -> None:
    host.say({"issue": issue(12, state={"type": kind}, description=None, labels={"nodes": []})})
    found = await issues.issue("ENG-12")
    assert (found.open, found.body, found.labels) == (is_open, "", ())


async def test_an_issue_that_is_null_is_not_found(host: Host, issues: LinearIssues) -> None:
    host.say({"issue": None})
    with pytest.raises(NotFound, match=r"linear ENG at linear.example has no issue ENG-12"):
        await issues.issue("ENG-12")


@pytest.mark.parametrize("answer", [{"issue": {}}, {"issue": issue(title=None)}, {"issue": issue(state=3)}])
async def test_what_is_no_issue_is_a_failure(host: Host, issues: LinearIssues, answer: Any) -> None:
    host.say(answer)
    with pytest.raises(ForgeFailed, match="cannot be understood about issue ENG-12"):
        await issues.issue("ENG-12")


async def test_the_open_issues_come_page_by_page(host: Host, issues: LinearIssues) -> None:
    host.say(page(*range(120, 70, -1), after="c1"), page(*range(70, 60, -1), after="c2"))
    assert [one.id for one in await issues.issues(60)] == [f"ENG-{n}" for n in range(120, 60, -1)]
    asked = [(one["team"], one["first"], one["after"]) for one in host.variables()]
    assert asked == [("ENG", 50, None), ("ENG", 10, "c1")]
    assert "orderBy: createdAt" in host.asked[0]["query"]


async def test_the_last_page_is_the_end(host: Host, issues: LinearIssues) -> None:
    host.say(page(2, 1))
    assert len(await issues.issues(100)) == 2
    assert len(host.asked) == 1


async def test_pages_that_go_on_without_a_step_are_not_followed(host: Host, issues: LinearIssues) -> None:
    host.say(page(2, after="same"))
    assert len(await issues.issues(100)) == 2


async def test_the_issue_is_moved_and_commented_on(host: Host, issues: LinearIssues) -> None:
    host.say(STATES, MOVED, COMMENTED)
    assert isinstance(issues, Announcing)
    assert issues.announces
    await issues.announce("ENG-12", "Work has begun.")
    assert host.variables() == [
        {"id": "ENG-12"},
        {"id": "uuid-12", "state": "s-2"},
        {"id": "uuid-12", "body": "Work has begun."},
    ]


async def test_an_issue_that_is_in_that_state_is_not_moved(host: Host) -> None:
    issues = tracker(host, on_spawn_state="todo")
    host.say(STATES)
    await issues.announce("ENG-12", "words")
    assert len(host.asked) == 1
    await issues.aclose()


async def test_a_state_that_the_team_has_not_is_told_with_those_it_has(host: Host) -> None:
    issues = tracker(host, on_spawn_state="Doing")
    host.say(STATES)
    with pytest.raises(ForgeFailed, match=r"no workflow state `Doing`.* in progress, todo"):
        await issues.announce("ENG-12", "words")
    await issues.aclose()


async def test_a_change_that_did_not_come_about_is_a_failure(host: Host, issues: LinearIssues) -> None:
    host.say(STATES, {"issueUpdate": {"success": False}})
    with pytest.raises(ForgeFailed, match="did not do issueUpdate"):
        await issues.announce("ENG-12", "words")


@pytest.mark.parametrize(
    "given",
    [
        "ENG-12",
        " eng-12 ",
        "https://linear.app/acme/issue/ENG-12",
        "https://linear.app/acme/issue/eng-12/it-breaks?x=y#comment-1",
    ],
)
def test_an_issue_is_named_by_its_identifier_or_its_url(given: str) -> None:
    assert tracker().identify(given) == "ENG-12"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "is named ENG-123"),
        ("12", "is named ENG-123"),
        ("ENG-0", "is named ENG-123"),
        ("ENG-12/x", "is named ENG-123"),
        ('ENG-12"){x}', "is named ENG-123"),
        ("OPS-12", "another team than ENG"),
        ("https://linear.app/acme/issue/OPS-12/x", "another team than ENG"),
        ("https://linear.app/acme/issue/x/y", "is named ENG-123"),
        ("https://linear.app/acme/project/ENG-12", "is not the URL of an issue"),
        ("https://linear.app.evil.example/acme/issue/ENG-12", "is not the URL of an issue"),
        ("https://linear.app:99999/acme/issue/ENG-12", "is no URL"),
    ],
)
def test_anything_else_is_refused_with_the_reason(given: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        tracker().identify(given)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"team": None}, "`tracker_config.config.team` is missing"),
        ({"team": "E-1"}, "team` must be a team's key"),
        ({"token": None}, "token` is missing"),
        ({"token": "two words"}, "token` must be one word"),
        ({"on_spawn_label": "x"}, "on_spawn_label` is no key here"),
    ],
)
def test_what_is_configured_wrongly_is_named(more: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        tracker(**more)
    assert KEY not in str(caught.value)


def test_its_name_says_where_it_is_unless_that_is_linear_itself() -> None:
    assert tracker(api_url=None, team="eng").name == "linear ENG"
    assert tracker().announces is False
