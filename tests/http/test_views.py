from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import trio
import trio.lowlevel
from quart.typing import TestClientProtocol as HttpClient

from ennio.http import shapes
from ennio.http.views import (
    IssueView,
    ProjectView,
    PullView,
    RenderedSessions,
    SessionView,
    without_credentials,
)
from ennio.supervisor import Phase, Project, ProjectId, SessionId, SessionRecord, Supervisor
from ennio.supervisor.records import Ci, Handle, Notice, Pull, PullState, Tree, Verdict

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def record(**more: Any) -> SessionRecord:
    known: dict[str, Any] = {"id": SessionId("p-1"), "project_id": ProjectId("p"), "agent_name": "a"}
    return SessionRecord(**{**known, "created_at": AT, **more})


def test_times_are_in_utc_and_say_so() -> None:
    shown = SessionView.of(record(last_activity_at=AT)).model_dump(mode="json")
    assert shown["created_at"] == shown["last_activity_at"] == "2026-01-02T03:04:05.678000Z"


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_can_be_shown(phase: Phase) -> None:
    assert SessionView.of(record(phase=phase)).status


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0E-9", "0.000000000"), ("5E-7", "0.0000005"), ("1E+2", "100"), ("0.214350000", "0.214350000")],
)
def test_money_is_written_out_in_decimals(amount: str, written: str) -> None:
    shown = SessionView.of(record(cost_usd=Decimal(amount))).model_dump(mode="json")
    assert shown["cost_usd"] == written


PULL = Pull(12, "https://host/12", "Fix", PullState.OPEN, draft=False, head="c0ffee", head_since=AT)


def test_a_pull_request_is_shown_without_anybody_s_words() -> None:
    pull = replace(
        PULL, conflicts=False, ci=Ci.FAILING, failing=("lint",), decision=Verdict.APPROVED, asked=True
    )
    shown = SessionView.of(record(pull=pull)).model_dump(mode="json")
    assert (shown["status"], shown["pr_url"], shown["pr_number"]) == ("CiFailed", "https://host/12", 12)
    assert shown["pull_request"] == {
        "number": 12,
        "url": "https://host/12",
        "title": "Fix",
        "state": "open",
        "draft": False,
        "head": "c0ffee",
        "conflicts": False,
        "ci": "failing",
        "failing": ["lint"],
        "review": "approved",
        "review_asked": True,
    }


def test_what_nobody_knows_of_a_pull_request_is_null() -> None:
    shown = SessionView.of(record(pull=PULL)).model_dump(mode="json")["pull_request"]
    assert (shown["conflicts"], shown["ci"], shown["failing"], shown["review"]) == (None, "none", [], None)
    without = SessionView.of(record())
    assert (without.pr_url, without.pr_number, without.pull_request) == (None, None, None)


def test_a_session_says_where_it_began_what_is_in_trouble_and_what_waits() -> None:
    tree = Tree("/t", "b", "c0ffee", branch_made=True, base_ref="refs/heads/main", warning="origin is away")
    notice = Notice("n", SessionId("p-1"), ProjectId("p"), "ci-failed", "action", "t", "x", AT)
    shown = SessionView.of(record(tree=tree, host_trouble="github is away", notices=(notice, notice)))
    assert (shown.base_ref, shown.base_warning) == ("refs/heads/main", "origin is away")
    assert (shown.host_trouble, shown.notices_waiting) == ("github is away", 2)
    without = SessionView.of(record())
    assert (without.base_ref, without.base_warning, without.host_trouble) == (None, None, None)
    assert without.notices_waiting == 0


def test_the_typed_client_knows_every_field_of_what_is_answered() -> None:
    for view, shape in (
        (SessionView, shapes.Session),
        (PullView, shapes.PullRequest),
        (IssueView, shapes.Issue),
    ):
        assert set(view.model_fields) == set(shape.__annotations__)


HANDLE = Handle(pid=4242, start=1, boot_id="boot", incarnation=2, runtime="tmux")


def test_an_operator_sees_how_often_and_when_the_agent_was_started() -> None:
    shown = SessionView.of(record(incarnation=3, restarts=(AT, AT), started_at=AT, ended_at=AT))
    assert (shown.starts, shown.restarts, shown.started_at, shown.ended_at) == (3, 2, AT, AT)
    assert (shown.pid, shown.attach) == (None, None)


def test_the_way_to_a_terminal_is_a_line_for_a_shell() -> None:
    shown = SessionView.of(record(handle=HANDLE), ("tmux", "-L", "a b", "attach", "-t", "=x"))
    assert shown.attach == "tmux -L 'a b' attach -t =x"


def test_a_terminal_that_appears_later_is_shown_though_the_record_is_the_same() -> None:
    terminals: dict[str, tuple[str, ...]] = {}
    rendered, one = RenderedSessions(terminals.get), record(handle=HANDLE)
    assert b'"attach":null' in rendered.of(one)
    terminals["p-1"] = ("tmux", "attach")
    assert b'"attach":"tmux attach"' in rendered.of(one)
    assert rendered.of(one) is rendered.of(one)


def nowhere(_: str) -> None:
    """An agent without a terminal."""


def test_a_record_is_written_out_once_and_its_successor_anew() -> None:
    rendered, one = RenderedSessions(nowhere), record()
    assert rendered.of(one) is rendered.of(one)
    other = replace(one, phase=Phase.KILLED)
    assert b"Killed" in rendered.of(other)
    assert rendered.of(other) is rendered.of(other)


def test_what_was_written_out_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RenderedSessions, "_MOST", 10)
    rendered = RenderedSessions(nowhere)
    for number in range(100):
        rendered.of(record(id=SessionId(f"p-{number}")))
    assert len(rendered._written) <= 10


def test_a_project_shows_no_command_and_no_secret(projects: dict[ProjectId, Project]) -> None:
    config = replace(
        projects[ProjectId("q")].config,
        repo="https://me:s3cret@host/x.git?token=s3cret#s3cret",
        post_create=("curl -H s3cret",),
        agent_rules=("s3cret",),
        path=Path("/repos/x"),
    )
    shown = ProjectView.of(config)
    assert "s3cret" not in shown.model_dump_json()
    assert shown.repo == "https://host/x.git"


@pytest.mark.parametrize("url", ["git@host:me/x.git", "/repos/x", "ssh://host:22/x", "file:///repos/x"])
def test_an_address_without_credentials_stays_as_it_is(url: str) -> None:
    assert without_credentials(url) == url


async def test_a_long_list_costs_little_more_than_a_short_one(
    client: HttpClient, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [record(id=SessionId(f"p-{number}")) for number in range(500)]

    async def cost(records: list[SessionRecord]) -> float:
        monkeypatch.setattr(supervisor, "list", lambda **_: list(records))
        best = float("inf")
        for _ in range(20):
            began = perf_counter()
            answer = await client.get("/api/v1/sessions", headers={"Host": "localhost"})
            assert len((await answer.get_data()) or b"") > 100
            best = min(best, perf_counter() - began)
            await trio.lowlevel.checkpoint()
        return best

    assert await cost(many) < 4 * await cost(many[:1])
