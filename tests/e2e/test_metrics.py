"""The metrics of a real server: what happened to real agents, told as it is stored."""

import json
import sys
import time
from pathlib import Path

import httpx2
import pytest
from installed import Server, running, settings
from sampled import Samples, labelled, read, value

TOLD = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)), flush=True); input()"]
SECRETS = {
    "NOTIFY_SOCKET": "@nobody-listens-here",
    "WATCHDOG_USEC": "600000000",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=s3cret",
    "OTEL_TRACES_EXPORTER": "none",
}


def scrape(server: Server, token: str | None = None) -> Samples:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx2.get(f"{server.url}/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.text)


def test_what_happens_is_counted_and_what_plugins_do_is_timed(server: Server) -> None:
    before = scrape(server)
    killed, left = server.spawn()["id"], server.spawn()["id"]
    server.data("DELETE", f"/sessions/{killed}")
    after = scrape(server)

    def more(name: str, **labels: str) -> float:
        return (value(after, name, **labels) or 0) - (value(before, name, **labels) or 0)

    assert more("ennio_sessions_spawned_total", project="cat") == 2
    assert more("ennio_sessions_killed_total", project="cat") == 1
    assert more("ennio_sessions_active", project="cat", status="Working") == 1
    assert more("ennio_kill_duration_seconds_count") == 1
    assert more("ennio_session_duration_seconds_count") == 1
    made = {"kind": "workspace", "plugin": "worktree", "method": "checkout"}
    assert more("ennio_plugin_calls_total", outcome="ok", **made) == 2
    assert more("ennio_plugin_call_duration_seconds_count", **made) == 2
    started = {"kind": "runtime", "plugin": "process", "method": "launch"}
    assert more("ennio_plugin_calls_total", outcome="ok", **started) == 2
    spawns = {"method": "POST", "route": "/api/v1/sessions", "status": "200"}
    assert more("ennio_http_request_duration_seconds_count", **spawns) == 2
    server.data("DELETE", f"/sessions/{left}")


def test_an_agent_that_fails_and_one_that_is_done_are_told_apart(server: Server) -> None:
    before = scrape(server)
    for words, status in (("exit 0", "Done"), ("exit 3", "Exited")):
        session = server.spawn("demo", prompt=words)["id"]
        give_up = time.monotonic() + 20
        while server.data("GET", f"/sessions/{session}")["status"] != status:
            assert time.monotonic() < give_up
            time.sleep(0.02)
    after = scrape(server)
    name = "ennio_sessions_completed_total"
    assert (value(after, name, project="demo") or 0) - (value(before, name, project="demo") or 0) == 1
    assert value(after, "ennio_sessions_active", project="demo", status="Exited") == 1


def test_no_label_says_which_session_or_where(server: Server) -> None:
    session = server.spawn()
    for path in ("output", "events", "messages", "no-such"):
        server.http.get(f"/sessions/{session['id']}/{path}")
    server.data("DELETE", f"/sessions/{session['id']}")
    text = httpx2.get(f"{server.url}/metrics").text
    assert session["id"] not in text
    assert str(server.folder) not in text
    routes = {one["route"] for one in labelled(read(text), "ennio_http_request_duration_seconds_count")}
    assert "/api/v1/sessions/<session>/output" in routes
    assert "none" in routes


def test_the_loop_and_the_process_are_looked_at_all_the_time(server: Server) -> None:
    before = scrape(server)
    time.sleep(0.6)
    after = scrape(server)
    name = "ennio_event_loop_lag_seconds_count"
    assert (value(after, name) or 0) > (value(before, name) or 0)
    assert (value(after, "process_open_fds") or 0) > 5
    assert value(after, "ennio_ready") == 1


def test_a_restart_begins_anew_and_knows_all_sessions(own: Path) -> None:
    config = settings(top='api_token = "tok"')
    with running(own, config) as server:
        server.http.headers["Authorization"] = "Bearer tok"
        server.spawn()
        assert httpx2.get(f"{server.url}/metrics").status_code == 401
        assert value(scrape(server, "tok"), "ennio_sessions_spawned_total", project="cat") == 1
        server.kill9()
        server = Server(own, config)  # noqa: PLW2901 the next one on the same folder
        samples = scrape(server, "tok")
        assert value(samples, "ennio_sessions_spawned_total", project="cat") == 0
        assert value(samples, "ennio_sessions_active", project="cat", status="Working") == 1
        taken = {"kind": "runtime", "plugin": "process", "method": "adopt", "outcome": "ok"}
        assert value(samples, "ennio_plugin_calls_total", **taken) == 1
        server.stop()


def test_agents_get_no_line_to_systemd_and_no_secret_of_a_collector(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, told in SECRETS.items():
        monkeypatch.setenv(name, told)
    with running(own, settings(told=TOLD)) as server:
        session = server.spawn("told")["id"]
        got = json.loads(server.wait_for(session, "\n").partition("\n")[0])
        assert got["ENNIO_SESSION_ID"] == session
        assert got.keys() & SECRETS.keys() == {"OTEL_TRACES_EXPORTER"}
