"""Servers that are killed at any moment, stopped, or started twice: what was answered stays true."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from accounts import (
    all_is_accounted_for,
    cgroups,
    events,
    kill_all,
    nothing_runs,
    processes,
    told,
    until,
)
from installed import ENNIO, IDENTITY, SLOW, Server, alive, make_repository, marked, settings
from nest import Nest, nest, servers

AGENT = """
import sys
for line in sys.stdin:
    print("heard", line, end="", flush=True)
    if line.startswith("leave"): sys.exit(int(line.split()[1]))
"""
COUNT = """
import sys, time
number = 0
while True:
    print(number, flush=True)
    number += 1
    time.sleep(0.002)
"""
HOOKED = """
[[projects]]
name = "hooked"
path = "repo"
agent = "leaver"
post_create = ["(setsid sleep 1000 &) ; echo $$ >began ; sleep 1000"]
"""
LEAVER, COUNTER = [sys.executable, "-uISc", AGENT], [sys.executable, "-uISc", COUNT]
RECOVERY = [
    "before ennio.supervisor.supervisor.Supervisor.recover",
    "after ennio.supervisor.journal.Journal.load",
    "after ennio.supervisor.hosts.finding.Finder.find",
    "before ennio.supervisor.workspaces.ground.unmake",
    "after ennio.supervisor.workspaces.ground.Ground.undo",
    "before ennio.supervisor.journal.Journal.append SpawnUndone",
    "after ennio.supervisor.journal.Journal.append SpawnUndone",
    "before ennio.supervisor.journal.Journal.append SessionKilled",
    "before ennio.supervisor.supervisor.settle_the_rest",
    "after ennio.supervisor.supervisor.settle_the_rest",
]


def config(top: str = "") -> str:
    return settings(HOOKED, top, leaver=LEAVER, counter=COUNTER)


@pytest.fixture(scope="module")
def home() -> Iterator[Nest]:
    with nest() as one:
        yield one


Start = Callable[..., Server]


@pytest.fixture
def start(home: Nest, tmp_path: Path) -> Iterator[Start]:
    """Start a server on the test's folder, again and again."""
    make_repository(tmp_path / "repo", files=3)
    with servers(home, tmp_path, config()) as start:
        yield start


def ask(server: Server, method: str, path: str, **more: Any) -> httpx2.Response | None:
    """Ask a server that may die meanwhile."""
    with suppress(httpx2.TransportError):
        return httpx2.request(method, f"{server.url}/api/v1{path}", timeout=60, **more)
    return None


def hears(server: Server, session_id: str) -> str:
    """See that an agent is owned, and return all that it said."""
    server.data("POST", f"/sessions/{session_id}/send", json={"message": "are you there"})
    return server.wait_for(session_id, "heard are you there")


def known(server: Server) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in server.data("GET", "/sessions", params={"all": "true"})}


def seeds(most: int) -> list[Any]:
    return [pytest.param(seed, marks=pytest.mark.slow if seed else []) for seed in range(most)]


@pytest.mark.parametrize("seed", seeds(6))
def test_a_server_killed_amid_forty_spawns_keeps_what_it_answered_and_leaves_nothing_else(
    start: Start, seed: int
) -> None:
    server = start()
    answered = dict[str, str]()

    def spawn(number: int) -> None:
        body = {"project_id": "leaver", "prompt": f"number {number}"}
        answer = ask(server, "POST", "/sessions", json=body)
        if answer is not None:
            answered[answer.json()["data"]["id"]] = body["prompt"]

    with ThreadPoolExecutor(40) as pool:
        for number in range(40):
            pool.submit(spawn, number)
        time.sleep(random.Random(seed).uniform(0.1, 1.5))
        server.kill9()
    server = start()
    all_is_accounted_for(server, 30)
    sessions = known(server)
    assert answered.keys() <= sessions.keys()
    assert {one["status"] for one in sessions.values()} <= {"Working"}
    for session_id in list(sessions)[::5]:
        assert len(re.findall(r"heard number \d+\n", hears(server, session_id))) == 1
    for session_id, prompt in answered.items():
        assert server.wait_for(session_id, f"heard {prompt}\n").count("heard number") == 1
    kill_all_at_once(server)


@pytest.mark.parametrize("seed", seeds(6))
def test_kills_that_a_server_had_begun_are_finished_by_the_next(start: Start, seed: int) -> None:
    server = start()
    with ThreadPoolExecutor(10) as pool:
        ids = [one["id"] for one in pool.map(lambda _: server.spawn("leaver"), range(20))]
        killed = list[str]()

        def kill(session_id: str) -> None:
            if ask(server, "DELETE", f"/sessions/{session_id}") is not None:
                killed.append(session_id)

        for session_id in ids:
            pool.submit(kill, session_id)
        time.sleep(random.Random(seed).uniform(0.02, 0.4))
        server.kill9()
    server = start()
    all_is_accounted_for(server, 30)
    sessions = known(server)
    assert set(ids) == sessions.keys()
    for session_id in ids:
        begun = "SessionKilled" in events(server, session_id)
        assert sessions[session_id]["status"] in ({"Killed"} if begun else {"Killed", "Working"})
        assert session_id not in killed or begun
        if sessions[session_id]["status"] == "Working":
            hears(server, session_id)
    kill_all_at_once(server)


def kill_all_at_once(server: Server) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda session_id: server.data("DELETE", f"/sessions/{session_id}"), known(server)))
    kill_all(server)
    server.stop()
    nothing_runs(server.folder)


@pytest.mark.parametrize(
    "spot", [pytest.param(s, marks=[] if at % 3 == 1 else pytest.mark.slow) for at, s in enumerate(RECOVERY)]
)
def test_a_server_killed_while_it_recovers_is_no_worse_than_one_killed_before(
    start: Start, home: Nest, spot: str
) -> None:
    server = start("after ennio.supervisor.journal.Journal.append KillRequested", "at once")
    lives, dies = server.spawn("leaver")["id"], server.spawn("leaver")["id"]
    for session_id in (lives, dies):
        server.wait_for(session_id, "heard hello")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask, server, "POST", "/sessions", json={"project_id": "hooked", "prompt": "x"})
        until(lambda: list((server.folder / "state" / "workspaces").glob("*/began")))
        ask(server, "DELETE", f"/sessions/{dies}")  # which the server does not survive
        server.gone()
    dying = home.fork(
        server.folder, server.file, server.log, [spot, "at once"], {"ENNIO_TEST_RUN": str(server.folder)}
    )
    dying.wait(20)
    server = start()
    all_is_accounted_for(server)
    assert {one["id"]: one["status"] for one in known(server).values()} == {lives: "Working", dies: "Killed"}
    assert events(server, dies).count("SessionKilled") == 1
    assert hears(server, lives).count("heard hello") == 1
    kill_all(server)
    server.stop()
    nothing_runs(server.folder)


def test_a_hook_whose_server_was_killed_does_not_go_on(start: Start) -> None:
    server = start()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask, server, "POST", "/sessions", json={"project_id": "hooked", "prompt": "x"})
        until(lambda: list((server.folder / "state" / "workspaces").glob("*/began")))
        server.kill9()
    server = start()
    all_is_accounted_for(server)
    assert known(server) == {}
    kill_all(server)


def test_what_agents_said_while_no_server_was_there_is_complete(start: Start) -> None:
    server = start()
    session_id = server.spawn("counter")["id"]
    for _ in range(3):
        server.wait_for(session_id, "\n100\n")
        server.kill9()
        time.sleep(0.2)
        server = start()
    said = [int(line) for line in server.text(session_id).split("\n")[:-1]]
    assert said == list(range(len(said)))
    kill_all(server)


def test_how_agents_ended_while_no_server_was_there_is_known(start: Start) -> None:
    server = start()
    ids = {code: server.spawn("leaver")["id"] for code in (0, 3)}
    for code, session_id in ids.items():
        server.data("POST", f"/sessions/{session_id}/send", json={"message": f"leave {code}"})
        server.process.send_signal(signal.SIGSTOP) if code == 3 else None
    until(lambda: not any(marked(session_id) for session_id in ids.values()))
    server.kill9()
    server = start()
    found = known(server)
    assert [(found[ids[code]]["status"], found[ids[code]]["exit_code"]) for code in (0, 3)] == [
        ("Done", 0),
        ("Exited", 3),
    ]
    assert server.data("POST", f"/sessions/{ids[3]}/restore")["status"] == "Working"
    hears(server, ids[3])
    kill_all(server)


def test_agents_whose_holder_was_killed_with_the_server_are_ended_by_the_next(start: Start) -> None:
    server = start()
    session_id = server.spawn("stubborn")["id"]
    server.wait_for(session_id, "up")
    pids = marked(session_id)
    assert len(pids) >= 2
    holder = [pid for pid in processes(server.folder / "state" / "sessions") if pid not in pids]
    server.kill9()
    for pid in holder:
        os.kill(pid, signal.SIGKILL)
    server = start()
    all_is_accounted_for(server)
    assert [pid for pid in pids if alive(pid)] == []
    assert known(server)[session_id]["status"] == "Exited"
    assert server.data("POST", f"/sessions/{session_id}/restore")["status"] == "Working"
    kill_all(server)


def test_agents_that_no_server_comes_for_in_time_are_ended_and_can_be_restored(
    home: Nest, tmp_path: Path
) -> None:
    with servers(home, tmp_path, config("orphan_timeout = 0.5\n[timeouts]\nkill_grace = 0.5")) as start:
        server = start()
        ids = [server.spawn(agent)["id"] for agent in ("leaver", "stubborn", "deaf")]
        server.kill9()
        nothing_of_them = {**processes(tmp_path)}
        assert nothing_of_them
        until(lambda: not processes(tmp_path), 10, lambda: processes(tmp_path))
        assert cgroups(tmp_path) == set()
        server = start()
        all_is_accounted_for(server)
        assert {known(server)[one]["status"] for one in ids} == {"Exited"}
        for one in ids:
            assert server.data("POST", f"/sessions/{one}/restore")["status"] == "Working"
        kill_all(server)


def test_a_message_that_was_half_written_is_whole_after_the_server_was_killed(
    home: Nest, tmp_path: Path
) -> None:
    with servers(home, tmp_path, settings(slow=SLOW)) as start:
        server = start()
        session_id = server.spawn("slow")["id"]
        texts = [f"<{number}>{'x' * 300_000}</{number}>" for number in range(3)]
        with ThreadPoolExecutor(3) as pool:
            path = f"/sessions/{session_id}/send"
            for text in texts:
                pool.submit(ask, server, "POST", path, json={"message": text})
            server.wait_for(session_id, "x" * 5000)
            server.kill9()
        server = start()
        server.data("POST", f"/sessions/{session_id}/send", json={"message": "the last one"})
        lines = server.wait_for(session_id, "the last one", 30).splitlines()[1:-1]
        assert len(lines) in {1, 2, 3}
        assert len(set(lines)) == len(lines)
        assert set(lines) <= set(texts)
        kill_all(server)


@pytest.mark.parametrize("way", ["stop", "detach"])
def test_an_orderly_end_leaves_agents_as_on_shutdown_says(home: Nest, tmp_path: Path, way: str) -> None:
    with servers(home, tmp_path, config(f'on_shutdown = "{way}"\n[timeouts]\nkill_grace = 0.5')) as start:
        server = start()
        ids = [server.spawn(agent)["id"] for agent in ("leaver", "stubborn")]
        server.wait_for(ids[0], "heard hello")
        server.stop()
        if way == "stop":
            nothing_runs(tmp_path)
        else:
            assert all(marked(one) for one in ids)
        server = start()
        all_is_accounted_for(server)
        found = known(server)
        if way == "stop":
            assert {found[one]["status"] for one in ids} == {"Exited"}
            assert {found[one]["reason"] for one in ids} == {"the server was shut down"}
            server.data("POST", f"/sessions/{ids[0]}/restore")
        assert found.keys() == set(ids)
        assert hears(server, ids[0]).count("heard hello") == 1
        kill_all(server)
        server.stop()
        nothing_runs(tmp_path)


def test_a_second_server_on_the_same_folder_is_refused_and_changes_nothing(start: Start) -> None:
    server = start()
    session_id = server.spawn("leaver")["id"]
    second = subprocess.run(
        [ENNIO, "--config", str(server.file), "start"],
        env={**os.environ, **IDENTITY}, capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"pid {server.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    hears(server, session_id)
    all_is_accounted_for(server)
    kill_all(server)


def test_an_idempotency_key_counts_across_a_restart(start: Start) -> None:
    server = start()
    body, key = {"project_id": "leaver", "prompt": "hello"}, {"Idempotency-Key": "once"}
    session = server.data("POST", "/sessions", json=body, headers=key)
    path, message = f"/sessions/{session['id']}/send", {"message": "only once"}
    server.data("POST", path, json=message, headers=key)
    server.kill9()
    server = start()
    assert server.data("POST", "/sessions", json=body, headers=key)["id"] == session["id"]
    assert server.data("POST", path, json=message, headers=key) == "sent"
    assert len(known(server)) == 1
    assert hears(server, session["id"]).count("only once") == 1
    assert server.http.post(path, json={"message": "other"}, headers=key).status_code == 409
    kill_all(server)


def test_a_server_that_is_killed_again_and_again_loses_nothing(start: Start) -> None:
    server = start()
    session_id = server.spawn("leaver")["id"]
    server.wait_for(session_id, "heard hello")
    noise = threading.Event()
    for _ in range(3):
        server.kill9()
        server = start()
        noise.wait(0.05)
    assert hears(server, session_id).count("heard hello") == 1
    assert server.data("GET", f"/sessions/{session_id}")["starts"] == 1
    kill_all(server)
    server.stop()
    nothing_runs(server.folder)
    assert "Traceback" not in told(server)
