"""`events` and `wait`: what happened, what happens, and until something is so."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from canned import EXITED, SESSION, Canned, Prompt, S
from installed import CAT, Server, running, settings

WORKING, READY = SESSION, {**SESSION, "activity": "Ready"}
APPROVED = {**SESSION, "status": "Approved"}


def happened(number: int, session_id: str = "app-1", message: str = "it works") -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "event_type": "SessionWorking",
        "session_id": session_id,
        "timestamp": "2026-01-02T03:04:05Z",
        "message": message,
    }


# events


def test_the_events_of_a_session_are_shown_a_line_each(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1/events", [happened(1), happened(2, message="it\nis \x1b[2J done")])
    assert ennio("events", "app-1") == (
        0,
        f"2026-01-02T03:04:05Z  {'SessionWorking':<24}  it works\n"
        f"2026-01-02T03:04:05Z  {'SessionWorking':<24}  it is \\x1b[2J done\n",
        "",
    )


def test_as_json_each_is_a_line_of_its_own(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1/events", [happened(1), happened(2)])
    code, out, _ = ennio("--format", "json", "events", "app-1")
    assert (code, [json.loads(line) for line in out.splitlines()]) == (0, [happened(1), happened(2)])


@pytest.mark.parametrize(
    ("command", "words"),
    [([], "name a session, or say -f"), (["app-1", "--after", "e1"], "it goes with -f")],
)
def test_what_would_show_nothing_is_a_misuse(
    ennio: Prompt, server: Canned, command: list[str], words: str
) -> None:
    code, _, err = ennio("events", *command)
    assert (code, server.asked) == (2, [])
    assert words in err


@pytest.mark.parametrize("command", [["app-1"], ["app-1", "-f"], ["app-1", "-f", "--after", "e1"]])
def test_a_session_that_is_none_is_a_refusal(ennio: Prompt, server: Canned, command: list[str]) -> None:
    for route in (f"GET {S}/app-1/events", f"GET {S}/app-1"):
        server.answer(route, "there is no session app-1", status=404)
    assert ennio("events", *command) == (1, "", "ennio: there is no session app-1\n")


def test_following_says_that_no_server_is_there(ennio: Prompt, server: Canned, tmp_path: Path) -> None:
    file = tmp_path / "ennio.toml"
    file.write_text(file.read_text().replace(str(server.server_port), "1"))
    code, _, err = ennio("events", "-f")
    assert code == 1
    assert "`ennio start` starts a server" in err


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), settings(cat=CAT)) as server:
        yield server


HEEDING = (
    "import signal, sys; from ennio.http.cli import main; "
    "signal.signal(signal.SIGINT, signal.default_int_handler)"
)
"""Begin to heed Ctrl-C, which what a script has started in its background does not."""


@contextmanager
def following(server: Server, *arguments: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Run `ennio events -f`, and yield what it shows, one after the other."""
    words = ["ennio", "--format", "json", "events", "-f", *arguments]
    argv = [sys.executable, "-c", f"{HEEDING}; sys.argv = {words!r}; sys.exit(main())"]
    with subprocess.Popen(argv, cwd=server.folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield map(json.loads, process.stdout)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 130


def seen(shown: Iterator[dict[str, Any]], last: str) -> list[dict[str, Any]]:
    """Return what is shown up to the first event of that type."""
    found = []
    for event in shown:
        found.append(event)
        if event["event_type"] == last:
            return found
    raise AssertionError(f"it ended without {last}: {found}")


def test_following_a_session_shows_what_was_and_what_comes_each_once(real: Server) -> None:
    session, other = real.spawn()["id"], real.spawn()["id"]
    with following(real, session) as shown:
        found = seen(shown, "SessionWorking")
        real.data("DELETE", f"/sessions/{other}")
        real.data("DELETE", f"/sessions/{session}")
        found += seen(shown, "SessionKilled")
    history = real.data("GET", f"/sessions/{session}/events")
    assert found == history[: len(found)]
    assert found[-1]["event_type"] == "SessionKilled"


def test_following_can_begin_after_an_event_and_be_of_all_sessions(real: Server) -> None:
    session = real.spawn()["id"]
    first = real.data("GET", f"/sessions/{session}/events")[0]
    with following(real, "--after", first["id"]) as shown:
        found = seen(shown, "SessionWorking")
        other = real.spawn()["id"]
        found += seen(shown, "SessionWorking")
        with following(real, session, "--after", first["id"]) as shown_of_one:
            assert next(shown_of_one)["session_id"] == session
    assert first not in found
    assert {session, other} <= {event["session_id"] for event in found}
    for name in (session, other):
        real.data("DELETE", f"/sessions/{name}")


# wait


def test_without_more_an_agent_is_waited_for_that_is_at_rest(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", WORKING, READY, WORKING, READY, READY)
    assert ennio("wait", "app-1") == (0, "app-1 is at rest: Ready (Working)\n", "")
    assert len(server.asked) == 5, "one look is not enough: it may just have been told something"


@pytest.mark.parametrize("status", ["PrOpen", "CiFailed", "Done"])
def test_an_agent_at_work_is_not_at_rest_whatever_its_pull_request_is(
    ennio: Prompt, server: Canned, status: str
) -> None:
    server.answer(f"GET {S}/app-1", {**WORKING, "status": status})
    code, _, err = ennio("wait", "app-1", "--timeout", "1.2")
    assert (code, err) == (1, f"ennio: app-1 is {status}, its agent is still at work\n")


def test_an_ended_session_is_at_rest_though_nobody_knows_what_it_did(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", {**EXITED, "activity": None})
    assert ennio("wait", "app-1") == (0, "app-1 is Exited\n", "")


@pytest.mark.parametrize(
    "until", [["--until", "Approved"], ["--until", "merged", "--until", "APPROVED"], ["--until", "Active"]]
)
def test_words_can_be_waited_for_in_any_case(ennio: Prompt, server: Canned, until: list[str]) -> None:
    server.answer(f"GET {S}/app-1", READY, APPROVED)
    assert ennio("wait", "app-1", *until) == (0, "app-1 is Approved\n", "")


def test_what_never_will_be_is_not_waited_for(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", WORKING, {**EXITED, "status": "Killed"})
    assert ennio("wait", "app-1", "--until", "Merged") == (1, "", "ennio: app-1 is Killed, not Merged\n")


def test_a_wrong_word_is_not_waited_for(ennio: Prompt, server: Canned) -> None:
    code, _, err = ennio("wait", "app-1", "--until", "Mergd")
    assert (code, server.asked) == (2, [])
    assert "there is no status 'Mergd'; there are: Spawning, Working, PrDraft" in err


def test_the_time_is_over(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", WORKING)
    code, out, err = ennio("--format", "json", "wait", "app-1", "--until", "Approved", "--timeout", "0.1")
    assert (code, json.loads(out), err) == (1, WORKING, "ennio: app-1 is Working, not Approved\n")


@pytest.mark.parametrize("timeout", ["0", "-1", "nan", "inf", "soon"])
def test_a_timeout_is_a_number_over_0(ennio: Prompt, server: Canned, timeout: str) -> None:
    code, _, err = ennio("wait", "app-1", "--timeout", timeout)
    assert (code, server.asked) == (2, [])
    assert "timeout" in err


def test_as_json_the_session_is_shown(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", APPROVED)
    code, out, _ = ennio("--format", "json", "wait", "app-1", "--until", "Approved")
    assert (code, json.loads(out)) == (0, APPROVED)


def test_a_session_that_vanishes_is_a_refusal(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", "there is no session app-1", status=404)
    assert ennio("wait", "app-1") == (1, "", "ennio: there is no session app-1\n")
