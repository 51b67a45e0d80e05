"""The commands about sessions: what they ask of the server, and what they show."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from canned import EXITED, SESSION, Canned, Prompt, S, on_a_terminal


def test_status_shows_the_server_and_its_sessions(ennio: Prompt, server: Canned) -> None:
    server.answer("GET /api/v1/system", {"version": "0.1.0", "containment": "best-effort"})
    server.answer(f"GET {S}", [SESSION])
    code, out, _ = ennio("status")
    assert code == 0
    first, headers, row = out.splitlines()
    assert first == f"ennio 0.1.0, containment best-effort, at http://127.0.0.1:{server.server_port}"
    assert headers.split() == ["ID", "PROJECT", "STATUS", "ACTIVITY", "AGE", "AGENT", "BRANCH"]
    assert row.split()[:4] == ["app-1", "app", "Working", "Active"]


def test_status_tells_of_trouble(ennio: Prompt, server: Canned) -> None:
    server.answer("GET /api/v1/system", {"version": "0.1.0", "trouble": "the disk is full"})
    server.answer(f"GET {S}", [])
    assert ", cannot store anything now (the disk is full), at http" in ennio("status")[1]


def test_status_tells_each_trouble_with_code_hosts_once(ennio: Prompt, server: Canned) -> None:
    away = {**SESSION, "host_trouble": "github o/r\nis away"}
    server.answer("GET /api/v1/system", {})
    server.answer(f"GET {S}", [SESSION, away, away, {**SESSION, "host_trouble": "gitlab o/x: HTTP 502"}])
    _, out, _ = ennio("status")
    assert out.splitlines()[1:3] == ["! github o/r is away", "! gitlab o/x: HTTP 502"]
    assert out.count("!") == 2


def test_status_can_be_of_one_project(ennio: Prompt, server: Canned) -> None:
    server.answer("GET /api/v1/system", {})
    server.answer(f"GET {S}?project_id=app", [])
    assert "no session is active" in ennio("status", "app")[1]


def test_json_is_the_data_that_the_server_gave(ennio: Prompt, server: Canned) -> None:
    server.answer("GET /api/v1/system", {})
    server.answer(f"GET {S}", [SESSION])
    server.answer(f"GET {S}/app-1", SESSION)
    server.answer(f"POST {S}", SESSION)
    server.answer(f"POST {S}/app-1/restore", SESSION)
    server.answer(f"POST {S}/app-1/send", "sent")
    server.answer(f"DELETE {S}/app-1", "killed")
    commands: list[tuple[list[str], Any]] = [
        (["status"], [SESSION]),
        (["session", "list"], [SESSION]),
        (["session", "info", "app-1"], SESSION),
        (["spawn", "app", "-p", "Fix"], SESSION),
        (["session", "restore", "app-1"], SESSION),
        (["send", "app-1", "hi"], "sent"),
        (["session", "kill", "app-1"], "killed"),
    ]
    for command, data in commands:
        code, out, err = ennio("--format", "json", *command)
        assert (code, json.loads(out), err) == (0, data, "")


def test_the_ended_sessions_are_listed_on_demand(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}", [])
    server.answer(f"GET {S}?project_id=app&all=true", [EXITED])
    assert "no session is active" in ennio("session", "list")[1]
    assert "Exited" in ennio("session", "list", "app", "--all")[1]


def test_info_shows_what_happened_too(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", SESSION)
    server.answer(
        f"GET {S}/app-1/events", [{"timestamp": "2026-01-02T03:04:05Z", "message": "it was spawned"}]
    )
    _, out, _ = ennio("session", "info", "app-1")
    assert "branch      ennio/app-1\n" in out
    assert out.endswith("2026-01-02T03:04:05Z  it was spawned\n")


def test_info_says_where_only_the_last_of_what_happened_is_shown(ennio: Prompt, server: Canned) -> None:
    events = [{"timestamp": "2026-01-02T03:04:05Z", "message": f"event {n}"} for n in range(21)]
    server.answer(f"GET {S}/app-1", SESSION)
    server.answer(f"GET {S}/app-1/events", events, events[1:])
    out = ennio("session", "info", "app-1")[1]
    assert "what happened to it (the last 20; `ennio events app-1` has all):\n" in out
    assert "event 0\n" not in out
    assert "what happened to it:\n" in ennio("session", "info", "app-1")[1]


def test_spawn_tells_of_an_old_base(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {S}", {**SESSION, "base_warning": "origin is away:\nthis is of yesterday"})
    code, out, err = ennio("spawn", "app", "-p", "Fix")
    assert (code, err) == (0, "! origin is away: this is of yesterday\n")
    assert out.startswith("app-1 Working")


def test_spawn_sends_what_was_asked_for(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {S}", {**SESSION, "workspace_path": "/trees/app-1"})
    code, out, err = ennio("spawn", "app", "-i", "7", "-p", "Fix", "-b", "feat", "-r", "tester")
    assert server.asked == [
        (
            f"POST {S}",
            {"project_id": "app", "issue_id": "7", "prompt": "Fix", "branch": "feat", "role": "tester"},
        )
    ]
    assert (code, out, err) == (0, "app-1 Working on ennio/app-1 in /trees/app-1\n", "")


@pytest.mark.parametrize(
    ("stdin", "text"), [(b"one\ntwo\n", "one\ntwo"), (b"\n\n", "\n"), ("é".encode(), "é"), (b"", "")]
)
def test_a_dash_reads_the_message_from_the_input(
    ennio: Prompt, server: Canned, stdin: bytes, text: str
) -> None:
    server.answer(f"POST {S}/app-1/send", "sent")
    assert ennio("send", "app-1", "-", stdin=stdin)[0] == 0
    assert server.asked == [(f"POST {S}/app-1/send", {"message": text})]


def test_a_message_may_begin_with_a_dash(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {S}/app-1/send", "sent")
    assert ennio("send", "app-1", "--", "-x")[0] == 0
    assert server.asked[0][1] == {"message": "-x"}


@pytest.mark.parametrize(
    ("message", "stdin"), [("-", b"\xff"), (os.fsdecode(b"\xff"), b"")], ids=["input", "argument"]
)
def test_what_is_not_utf8_is_not_sent(ennio: Prompt, server: Canned, message: str, stdin: bytes) -> None:
    code, _, err = ennio("send", "app-1", message, stdin=stdin)
    assert code == 2
    assert "not valid UTF-8" in err
    assert not server.asked


def test_restore_can_say_something_first(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {S}/app-1/restore", SESSION)
    assert ennio("session", "restore", "app-1", "-p", "Go on")[0] == 0
    assert server.asked == [(f"POST {S}/app-1/restore", {"prompt": "Go on"})]


def test_a_refusal_is_one_line_with_the_server_s_words(ennio: Prompt, server: Canned) -> None:
    server.answer(f"POST {S}", "app has 5 sessions:\n end one \x1b[2J", status=429)
    code, out, err = ennio("spawn", "app", "-p", "Fix")
    assert (code, out) == (1, "")
    assert err == "ennio: app has 5 sessions: end one \\x1b[2J; try again in 30 s\n"


def test_prune_says_what_was_forgotten_and_what_was_not(ennio: Prompt, server: Canned) -> None:
    server.answer("POST /api/v1/prune", {"pruned": ["app-1", "app-2"], "kept": ["app-3", "app-4"]})
    code, out, _ = ennio("prune", "--days", "30")
    assert code == 0
    assert out == ("forgot 2 sessions\nkept, for the uncommitted work in their workspaces: app-3, app-4\n")
    assert server.asked == [("POST /api/v1/prune", {"days": 30})]


def test_prune_leaves_the_days_to_the_server(ennio: Prompt, server: Canned) -> None:
    server.answer("POST /api/v1/prune", {"pruned": ["app-1"], "kept": []})
    assert ennio("prune") == (0, "forgot 1 session\n", "")
    assert json.loads(ennio("--format", "json", "prune")[1]) == {"pruned": ["app-1"], "kept": []}
    assert server.asked[0] == ("POST /api/v1/prune", {})


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "soon"])
def test_prune_takes_days_that_can_be_counted(ennio: Prompt, server: Canned, days: str) -> None:
    code, _, err = ennio("prune", "--days", days)
    assert code == 2
    assert "days" in err
    assert not server.asked


@pytest.mark.usefixtures("ennio")
def test_a_person_is_told_how_to_go_on(server: Canned, tmp_path: Path) -> None:
    server.answer(f"POST {S}", SESSION)
    code, said = on_a_terminal(["spawn", "app", "-p", "Fix"], tmp_path)
    assert code == 0
    assert "`ennio logs -f app-1` follows it" in said
