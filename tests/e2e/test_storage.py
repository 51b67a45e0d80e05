"""What the database and the disk do to a server that runs: it goes on, says so, and recovers."""

import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from accounts import all_is_accounted_for, events, kill_all, nothing_runs, processes, told, until
from installed import ENNIO, IDENTITY, Server, make_repository, marked, settings
from nest import Nest, nest, servers

SMALL = 16 << 20
"""Bytes of the disk that is filled."""


@pytest.fixture(scope="module")
def home() -> Iterator[Nest]:
    with nest() as one:
        yield one


@pytest.fixture
def start(home: Nest, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    make_repository(tmp_path / "repo", files=3)
    with servers(home, tmp_path, settings()) as start:
        yield start


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """Hold the database as another program might that writes to it."""
    with closing(sqlite3.connect(server.folder / "state" / "ennio.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def trouble(server: Server) -> str | None:
    said: str | None = server.data("GET", "/system")["trouble"]
    return said


def test_a_spawn_waits_for_a_database_that_another_program_has_locked(start: Callable[..., Server]) -> None:
    server = start()
    with ThreadPoolExecutor(1) as pool, locked(server):
        began = time.monotonic()
        spawning = pool.submit(server.spawn)
        until(lambda: trouble(server))
        assert trouble(server) == "the database is locked by another program"
        assert server.data("GET", "/health") == "ok"
        time.sleep(max(0.0, began + 2 - time.monotonic()))
        assert not spawning.done()
    assert server.wait_for(spawning.result()["id"], "heard hello")
    until(lambda: trouble(server) is None)
    kill_all(server)


def test_a_spawn_that_a_locked_database_keeps_too_long_is_a_504_in_time_and_leaves_nothing(
    start: Callable[..., Server],
) -> None:
    server = start()
    with locked(server):
        body = {"project_id": "cat", "prompt": "x"}
        answer = server.http.post("/sessions?timeout=1", json=body, timeout=8)
        assert answer.status_code == 504
        assert "the database is locked by another program" in answer.json()["error"]
    until(lambda: server.data("GET", "/sessions", params={"all": "true"}) == [])
    all_is_accounted_for(server)


def test_what_was_answered_while_the_database_was_locked_is_there_after_a_crash(
    start: Callable[..., Server],
) -> None:
    server = start()
    session_id = server.spawn()["id"]
    with ThreadPoolExecutor(1) as pool, locked(server):
        killing = pool.submit(server.http.delete, f"/sessions/{session_id}?timeout=15")
        until(lambda: not marked(session_id))
        until(lambda: trouble(server))
        assert not killing.done()
    assert killing.result().text == '{"data":"killed"}'
    server.kill9()
    server = start()
    assert server.data("GET", f"/sessions/{session_id}")["status"] == "Killed"
    assert events(server, session_id).count("SessionKilled") == 1
    kill_all(server)


def test_a_database_that_may_not_be_written_to_is_refused_at_start_with_its_name(tmp_path: Path) -> None:
    make_repository(tmp_path / "repo", files=3)
    (tmp_path / "state").mkdir()
    config = tmp_path / "ennio.toml"
    for kind in ("a folder", "no database"):
        file = tmp_path / "state" / "ennio.db"
        if kind == "a folder":
            file.mkdir()
        else:
            file.rmdir()
            file.write_text("this is no database, and long enough to be taken for one" * 100)
        config.write_text(settings())
        done = subprocess.run(
            [ENNIO, "--config", str(config), "start"],
            cwd=tmp_path, env={**os.environ, **IDENTITY}, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert done.returncode == 2
        assert "ennio.db" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) <= 3
    nothing_runs(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk")
def test_a_runaway_that_fills_the_disk_can_be_killed_and_the_server_goes_on(
    home: Nest, tmp_path: Path
) -> None:
    disk = tmp_path / "state"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", disk], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    make_repository(tmp_path / "repo", files=3)
    filler = ["sh", "-c", f"cat /dev/zero >{disk}/filled; while :; do sleep 1; done"]
    try:
        with servers(home, tmp_path, settings(filler=filler)) as start:
            server = start()
            session_id = server.spawn("cat")["id"]
            server.wait_for(session_id, "heard hello")
            flood = server.spawn("filler")["id"]
            until(lambda: os.statvfs(disk).f_bavail == 0, 30, lambda: os.statvfs(disk))
            until(lambda: trouble_after_a_change(server), 15)
            assert trouble(server) == "the disk of the database is full"
            assert server.data("GET", f"/sessions/{session_id}")["status"] == "Working"
            answer = server.http.delete(f"/sessions/{flood}?timeout=3")
            until(lambda: not marked(flood), 10)
            assert answer.status_code in {200, 504}
            if answer.status_code == 504:
                assert "cannot be written down" in answer.json()["error"]
            (disk / "filled").unlink()
            until(lambda: trouble(server) is None, 15, lambda: told(server)[-2000:])
            assert server.data("DELETE", f"/sessions/{flood}") == "killed"
            server.data("POST", f"/sessions/{session_id}/send", json={"message": "after all"})
            server.wait_for(session_id, "heard after all", 15)
            server.kill9()
            server = start()
            assert server.data("GET", f"/sessions/{flood}")["status"] == "Killed"
            kill_all(server)
            server.stop()
            nothing_runs(tmp_path)
    finally:
        until(lambda: not processes(tmp_path))
        subprocess.run(["umount", "-l", disk], check=True)


def trouble_after_a_change(server: Server) -> str | None:
    """Have the server want to write something, and return what it says of that."""
    server.http.post("/sessions?timeout=0.5", json={"project_id": "cat", "prompt": "x"}, timeout=10)
    return trouble(server)


@pytest.mark.parametrize("seconds", [86400, -86400])
def test_a_clock_that_jumps_ends_nothing_and_changes_no_deadline(
    home: Nest, tmp_path: Path, seconds: int
) -> None:
    make_repository(tmp_path / "repo", files=3)
    limited = "[limits]\nwall_clock = 3600\nidle = 1800\n[timeouts]\nkill_grace = 1"
    with servers(home, tmp_path, settings("", limited)) as start:
        server = start(f"clock {seconds}")
        ids = [server.spawn(agent)["id"] for agent in ("cat", "stubborn", "deaf")]
        server.wait_for(ids[0], "heard hello")
        server.arm()
        time.sleep(2.5)  # the guard has looked twice
        shown = server.data("GET", f"/sessions/{ids[0]}")
        assert {server.data("GET", f"/sessions/{one}")["status"] for one in ids} == {"Working"}, shown
        server.data("POST", f"/sessions/{ids[0]}/send", json={"message": "what is the time"})
        server.wait_for(ids[0], "heard what is the time")
        text = {"json": {"message": "x" * 200_000}}
        began = time.monotonic()
        assert server.http.post(f"/sessions/{ids[2]}/send?timeout=0.5", **text).status_code == 504
        assert 0.4 < time.monotonic() - began < 3
        began = time.monotonic()
        assert server.data("DELETE", f"/sessions/{ids[1]}") == "killed"
        assert 0.9 < time.monotonic() - began < 5
        late = server.spawn("cat")
        moved = re.match(r"(\d+)-(\d+)-(\d+)T", late["created_at"])
        assert moved
        assert moved[0] != time.strftime("%Y-%m-%dT", time.gmtime()), "the clock did not jump"
        server.kill9()
        server = start()  # to whom the jump is undone
        all_is_accounted_for(server)
        assert {one["status"] for one in server.data("GET", "/sessions")} == {"Working"}
        kill_all(server)
