"""Who needs a human first, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ennio.http.shapes import Approval, Event, Session
from ennio.http.tui.alerts import Alerts, of_history
from ennio.http.tui.groups import place, restorable, standing
from ennio.http.tui.known import Known
from ennio.http.tui.words import ACTIVITIES, STATUSES, TONES, cost, doing, look

GREEN = {"number": 1, "url": "u", "title": "t", "state": "open", "draft": False, "head": "h"}
GREEN |= {"conflicts": False, "ci": "passing", "failing": [], "review": "approved", "review_asked": False}


def session(status: str = "Working", **fields: Any) -> Session:
    known: dict[str, Any] = {
        "id": "app-1", "project_id": "app", "status": status, "activity": "Active", "branch": "ennio/app-1",
        "pr_url": None, "agent_name": "demo", "pid": 1,
    }  # fmt: skip
    return known | fields  # type: ignore[return-value]


def approval(tool: str = "Bash", summary: str = "npm publish") -> Approval:
    at = "2026-01-02T03:04:05Z"
    return {
        "id": "a1", "session_id": "app-1", "project_id": "app", "tool": tool, "summary": summary,
        "input": {}, "asked_at": at, "deadline": at,
    }  # fmt: skip


def event(kind: str, minutes: float = 0, **data: Any) -> Event:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    return {
        "id": kind, "event_type": kind, "priority": "info", "session_id": "app-1", "project_id": "app",
        "timestamp": at.isoformat(), "message": f"{kind} happened", "data": data,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("known", "group", "why"),
    [
        (session(approvals=1), "needs", "asks for a permission"),
        (session(activity="WaitingInput", activity_reason="which colour?"), "needs", "which colour?"),
        (session("Exited", pid=None, reason="killed by signal 9"), "needs", "killed by signal 9"),
        (session("Exited", pid=None, exit_code=3), "needs", "its agent ended with 3"),
        (session("CiFailed", pull_request=GREEN | {"failing": ["lint"]}), "needs", "CI fails: lint"),
        (session("CiFixFailed", pid=None), "needs", "CI fails again: its checks; no agent runs"),
        (session("MergeConflicts", pid=None), "needs", "conflicts with its base; no agent runs"),
        (session("MergeConflicts"), "working", ""),
        (session("ChangesRequested", pid=None), "needs", "a reviewer asks for changes; no agent runs"),
        (session("ChangesRequested"), "working", ""),
        (session("Approved"), "needs", "ready to merge"),
        (session("Approved", pull_request=GREEN | {"ci": "pending"}), "needs", "approved; its checks are"),
        (session("Approved", pull_request=GREEN | {"ci": "failing"}), "needs", "approved, and its checks f"),
        (session("PrOpen", pid=None, reason="its disk was full"), "needs", "its disk was full"),
        (session("Spawning", pid=None), "working", ""),
        (session("PrOpen", pull_request=GREEN), "working", "CI passes · approved"),
        (session("CiFixSent", pull_request=GREEN | {"failing": ["lint"]}), "working", "told of lint"),
        (session(activity="Blocked", activity_reason="at its limit"), "working", "at its limit"),
        (session("PrOpen", host_trouble="HTTP 502"), "working", "code host: HTTP 502"),
        (session("Killed", reason="by hand"), "ended", "by hand"),
        (session("Merged", approvals=1), "ended", ""),
    ],
)
def test_a_session_has_a_group_and_a_reason(known: Session, group: str, why: str) -> None:
    where = place(known)

    assert (where.group, where.why[: len(why)]) == (group, why)


def test_the_most_pressing_comes_first() -> None:
    pressing = [
        place(session("CiFailed", activity="WaitingInput"), [approval(), approval()]),
        place(session("CiFailed", activity="WaitingInput")),
        place(session("CiFailed"), alerts=of_history([event("ReactionEscalated", words="gave up")])),
        place(session("Exited")),
        place(session("CiFailed")),
        place(session(), alerts=of_history([event("BudgetNear", words="81 % of the budget")])),
        place(session("MergeConflicts", pid=None)),
        place(session("Approved")),
    ]

    assert [where.rank for where in pressing] == list(range(8))
    assert pressing[0].why == "asks for Bash: npm publish (and 1 more)"
    assert (pressing[2].why, pressing[5].why) == ("gave up", "81 % of the budget")


def test_a_call_stands_until_it_is_settled() -> None:
    gave_up, stuck = event("ReactionEscalated"), event("ReactionEscalated", reaction="agent-stuck")
    active = event("ActivityChanged", activity="Active")

    assert of_history([gave_up]).escalated
    assert of_history([gave_up, active]).escalated
    for history in ([gave_up, event("StatusChanged")], [gave_up, event("PrUpdated")], [stuck, active]):
        assert of_history(history) == Alerts()
    near = [event("BudgetNear"), event("LimitNear")]
    assert of_history([*near, event("StatusChanged")]).nearly_used_up()
    assert of_history([*near, event("SessionRestored")]) == Alerts()


def test_what_was_nearly_used_up_a_day_ago_is_no_news() -> None:
    near = of_history([event("BudgetNear", minutes=60 * 25), event("LimitNear", minutes=60)])

    assert near.nearly_used_up() == "LimitNear happened"


def test_a_pull_request_stands_in_few_words() -> None:
    assert standing(None) == ""
    failing = GREEN | {"ci": "failing", "failing": ["a", "b"], "review": None, "review_asked": True}
    assert standing(failing | {"conflicts": True}) == "CI fails: a, b · review asked · conflicts"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "possible"),
    [
        (session(), False),
        (session("Exited", pid=None), True),
        (session("Done", pid=None), True),
        (session("Merged", pid=None), False),
        (session("Killed", pid=None), False),
        (session("Spawning", pid=None), False),
    ],
)
def test_an_agent_is_restorable_where_none_runs(known: Session, possible: bool) -> None:
    assert restorable(known) is possible


def test_no_tone_stands_for_two_statuses_that_look_the_same_without_it() -> None:
    looks = [(look.word, look.sign) for look in STATUSES.values()]

    assert len(set(looks)) == len(looks)
    assert all(look.word and look.sign for look in STATUSES.values())


@pytest.mark.parametrize("ground", ["#121212", "#1e1e1e", "#24292f"])
def test_tones_can_be_read_on_dark_grounds(ground: str) -> None:
    for tone, colour in TONES.items():
        light, dark = sorted((_luminance(colour), _luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, tone


def _luminance(colour: str) -> float:
    """After https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_words_of_a_newer_server_are_shown_as_they_are() -> None:
    assert look("Sleeping") == ("Sleeping", "?", "grey")
    assert (doing("Dreaming"), doing(None), doing("Active")) == ("Dreaming", "", ACTIVITIES["Active"])


def test_money_has_two_places() -> None:
    amounts = ["0", "0.000000000", "0.004", "0.214350000", "3", "12.5", "1234.567"]

    assert [cost(amount) for amount in amounts] == ["", "", "<$0.01", "$0.21", "$3.00", "$12.50", "$1234.56"]


def test_what_is_missing_in_a_list_is_told() -> None:
    known = Known()
    known.put_active([session(), session(id="app-2"), session("Killed", id="app-3")], [approval()])

    assert known.put_active([session(id="app-2")], []) == ["app-1"]
    known.remove("app-1")
    assert [row.session["id"] for row in known.rows(ended=True)] == ["app-2", "app-3"]
    assert known.row("app-1") is None
    assert known.approvals("app-1") == []


def test_those_that_have_ended_are_forgotten_when_there_are_many() -> None:
    known = Known()
    known.put_active([session(), *(session("Done", id=f"app-{number}") for number in range(2, 6))], [])
    known.hear(event("BudgetNear") | {"session_id": "app-gone"})  # type: ignore[arg-type]

    known.forget_ended(4)
    assert len(known.sessions) == 5
    known.forget_ended(3)
    assert list(known.sessions) == ["app-1"]


def test_titles_are_what_says_most() -> None:
    known = Known()
    for number, fields in enumerate(
        [
            {"pull_request": GREEN | {"title": "Fix\nit"}, "issue_title": "Broken"},
            {"issue_title": "Broken"},
            {"branch": "fix/it"},
            {"branch": "ennio/4", "role": "reviewer"},
        ]
    ):
        known.put(session(**{"id": f"{number + 1}", **fields}))

    assert [known.row(f"{number}").title for number in range(1, 5)] == [  # type: ignore[union-attr]
        "Fix it", "Broken", "fix/it", "reviewer",
    ]  # fmt: skip
