"""The commands of a conversation: what they ask of the server, and what they show."""

import json
from pathlib import Path
from typing import Any

import pytest
from canned import SESSION, Canned, Prompt, S, on_a_terminal

from ennio.http.commands.money import dollars

MESSAGE = {
    "id": "m1",
    "text": "And its\ntests",
    "mode": "steer",
    "state": "accepted",
    "reason": None,
    "created_at": "2026-01-02T03:04:05Z",
}
APPROVAL = {
    "id": "a1",
    "session_id": "app-1",
    "project_id": "app",
    "tool": "Bash",
    "summary": "npm publish \x1b[2J",
    "input": {"command": "npm publish"},
    "asked_at": "2026-01-02T03:04:05Z",
    "deadline": "2026-01-02T03:09:05Z",
}
BUDGET = {
    "scope": "project",
    "project_id": "app",
    "period": "daily",
    "limit_usd": "20",
    "spent_usd": "3.421900000",
    "held_usd": "1.000000000",
    "remaining_usd": "16.578100000",
    "period_start": "2026-01-02T00:00:00Z",
    "period_end": "2026-01-03T00:00:00Z",
}
OF_EACH = {
    **BUDGET,
    **dict.fromkeys(("project_id", "spent_usd", "held_usd", "remaining_usd", "period_start", "period_end")),
    "scope": "session",
    "period": "total",
}
WHY = {
    "status": "Working",
    "status_reason": None,
    "activity": "Blocked",
    "activity_reason": "retrying 529",
    "evidence": [{"at": "2026-01-02T03:04:05Z", "what": "it took a message up"}],
}


@pytest.mark.parametrize("mode", ["queue", "steer", "interrupt"])
def test_a_message_says_how_it_gets_to_a_busy_agent(ennio: Prompt, server: Canned, mode: str) -> None:
    server.answer(f"POST {S}/app-1/send", "sent")
    assert ennio("send", "app-1", "Stop that", "--mode", mode) == (0, "sent to app-1\n", "")
    assert server.asked == [(f"POST {S}/app-1/send", {"message": "Stop that", "mode": mode})]


def test_a_sender_can_wait_until_the_agent_has_taken_it_up(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {S}/app-1/send?wait=accepted", "sent")
    assert ennio("send", "--wait", "app-1", "hi") == (0, "app-1 has taken it up\n", "")
    assert server.asked == [(f"POST {S}/app-1/send?wait=accepted", {"message": "hi"})]


def test_messages_are_listed_each_on_one_line(ennio: Prompt, server: Canned) -> None:
    lost = {**MESSAGE, "id": "m2", "state": "failed", "reason": "delivery unknown: it ended"}
    server.answer(f"GET {S}/app-1/messages", [MESSAGE, lost], [])
    code, out, _ = ennio("messages", "app-1")
    headers, first, second = out.splitlines()
    assert code == 0
    assert headers.split() == ["MESSAGE", "STATE", "MODE", "SENT", "REASON", "TEXT"]
    assert first.split() == ["m1", "accepted", "steer", "2026-01-02T03:04:05Z", "-", "And", "its", "tests"]
    assert "failed" in second
    assert "delivery unknown: it ended" in second
    assert ennio("messages", "app-1")[1] == "app-1 was sent nothing\n"


def test_a_long_message_is_cut_in_the_list_and_whole_when_asked_for(ennio: Prompt, server: Canned) -> None:
    long = {**MESSAGE, "id": "m3", "text": "\n".join(["a line\twith more"] * 300)}
    server.answer(f"GET {S}/app-1/messages", [MESSAGE, long])
    row = ennio("messages", "app-1")[1].splitlines()[2]
    shown = row[row.index("a line") :]
    assert (len(shown), shown[-1]) == (100, "…")
    assert ennio("messages", "app-1", "m3") == (0, f"{long['text']}\n", "")
    assert json.loads(ennio("--format", "json", "messages", "app-1", "m3")[1]) == long
    code, out, err = ennio("messages", "app-1", "m9")
    assert (code, out) == (1, "")
    assert err == "ennio: app-1 was sent no message m9; `ennio messages app-1` lists what it was sent\n"


@pytest.mark.parametrize(
    ("arguments", "route", "none"),
    [
        ([], "GET /api/v1/approvals", "no agent waits for a permission\n"),
        (["app-1"], f"GET {S}/app-1/approvals", "app-1 waits for none\n"),
    ],
)
def test_approvals_are_listed_of_one_session_or_of_all(
    ennio: Prompt, server: Canned, arguments: list[str], route: str, none: str
) -> None:
    server.answer(route, [APPROVAL], [])
    headers, row = ennio("approvals", *arguments)[1].splitlines()
    assert headers.split() == ["ID", "APPROVAL", "TOOL", "DENIED", "AFTER", "WHAT"]
    assert row.split()[:5] == ["app-1", "a1", "Bash", "2026-01-02T03:09:05Z", "npm"]
    assert "\x1b" not in row
    assert ennio("approvals", *arguments)[1] == none


@pytest.mark.parametrize(
    ("command", "decision", "word"), [("approve", "allow", "allowed"), ("deny", "deny", "denied")]
)
def test_a_permission_is_answered(
    ennio: Prompt, server: Canned, command: str, decision: str, word: str
) -> None:
    server.answer(f"POST {S}/app-1/approvals/a1", word)
    assert ennio(command, "app-1", "a1") == (0, f"{word} a1 of app-1\n", "")
    assert server.asked == [(f"POST {S}/app-1/approvals/a1", {"decision": decision})]


def test_a_permission_that_nobody_waits_for_is_a_refusal(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {S}/app-1/approvals/a9", "app-1 waits for no approval a9", status=404)
    assert ennio("approve", "app-1", "a9") == (1, "", "ennio: app-1 waits for no approval a9\n")


def test_budgets_show_what_is_left_without_needless_zeros(ennio: Prompt, server: Canned) -> None:
    server.answer("GET /api/v1/budgets", [BUDGET, OF_EACH], [])
    headers, first, second = ennio("budgets")[1].splitlines()
    columns = ["OF", "PERIOD", "LIMIT", "USD", "SPENT", "REMAINING", "HELD", "ANEW", "AT"]
    assert headers.split() == columns
    assert first.split() == ["app", "daily", "20.00", "3.4219", "16.5781", "1.00", "2026-01-03T00:00:00Z"]
    assert second.split() == ["session", "total", "20.00", "-", "-", "-", "-"]
    assert ennio("budgets")[1] == "no budget is configured\n"


def test_why_says_what_speaks_for_it(ennio: Prompt, server: Canned) -> None:
    server.answer(
        f"GET {S}/app-1/why", WHY, {**WHY, "activity": None, "activity_reason": None, "evidence": []}
    )
    assert ennio("why", "app-1")[1] == (
        "status    Working\nactivity  Blocked: retrying 529\n\nwhat was seen:\n"
        "  2026-01-02T03:04:05Z  it took a message up\n"
    )
    assert ennio("why", "app-1")[1] == "status    Working\nactivity  not known\n"


def test_json_is_the_data_that_the_server_gave(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1/messages", [MESSAGE])
    server.answer("GET /api/v1/approvals", [APPROVAL])
    server.answer(f"POST {S}/app-1/approvals/a1", "denied")
    server.answer("GET /api/v1/budgets", [BUDGET])
    server.answer(f"GET {S}/app-1/why", WHY)
    server.answer(f"POST {S}/app-1/send?wait=accepted", "sent")
    commands: list[tuple[list[str], Any]] = [
        (["messages", "app-1"], [MESSAGE]),
        (["approvals"], [APPROVAL]),
        (["deny", "app-1", "a1"], "denied"),
        (["budgets"], [BUDGET]),
        (["why", "app-1"], WHY),
        (["send", "app-1", "hi", "--wait"], "sent"),
    ]
    for command, data in commands:
        code, out, err = ennio("--format", "json", *command)
        assert (code, json.loads(out), err) == (0, data, "")


@pytest.mark.usefixtures("ennio")
def test_a_person_is_told_how_to_answer(server: Canned, tmp_path: Path) -> None:
    server.answer("GET /api/v1/approvals", [APPROVAL])
    code, said = on_a_terminal(["approvals"], tmp_path)
    assert code == 0
    assert "`ennio approve ID APPROVAL`" in said


def info_of(ennio: Prompt, server: Canned, **more: Any) -> str:
    server.answer(f"GET {S}/app-1", {**SESSION, **more})
    server.answer(f"GET {S}/app-1/events", [])
    return ennio("session", "info", "app-1")[1]


def test_info_shows_what_the_agent_used_and_what_it_waits_for(ennio: Prompt, server: Canned) -> None:
    used = {"turns": 2, "tokens_in": 4821, "tokens_out": 93, "cost_usd": "0.214350000"}
    known = {"cost_is_estimated": True, "cost_is_complete": False, "approvals": 1}
    out = info_of(ennio, server, activity_reason="waits for approval of Bash: ls", **used, **known)
    lines = dict(line.split(None, 1) for line in out.splitlines())
    assert lines["activity_reason"] == "waits for approval of Bash: ls"
    assert lines["turns"] == "2"
    assert lines["usage"] == "4821 tokens in, 93 out"
    assert lines["cost"] == "0.21435 USD (estimated, what some of it costs is not known)"
    assert lines["approvals"] == "waits for 1; `ennio approvals app-1` lists them"


def test_info_of_an_agent_that_used_nothing_says_nothing_of_it(ennio: Prompt, server: Canned) -> None:
    used = {"turns": 0, "tokens_in": 0, "tokens_out": 0, "cost_usd": "0.000000000", "approvals": 0}
    out = info_of(ennio, server, cost_is_estimated=False, cost_is_complete=True, **used)
    assert not {"turns", "usage", "cost", "approvals"} & {line.split()[0] for line in out.splitlines()}


@pytest.mark.parametrize(
    ("given", "shown"),
    [("5", "5.00"), ("0.5", "0.50"), ("100", "100.00"), ("0.000000001", "0.000000001"), ("1.230000", "1.23")],
)
def test_an_amount_has_at_least_two_decimals_and_no_needless_ones(given: str, shown: str) -> None:
    assert dollars(given) == shown
