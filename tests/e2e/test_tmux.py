"""Agents in terminals, by way of a real server."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installed import Server, alive, has, marked, running, settings

pytestmark = [
    pytest.mark.skipif(not has("tmux"), reason="tmux is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="agents in terminals need Linux"),
]

CONFIG = settings(top='[defaults]\nruntime = "tmux"')


@pytest.fixture
def server(own: Path) -> Iterator[Server]:
    """A server whose agents live in tmux, which is ended too if anything of it is left."""
    try:
        with running(own, CONFIG) as one:
            yield one
    finally:
        tmux(own, "kill-server")


def tmux(folder: Path, *words: str) -> str:
    """What the tmux server of a server's data folder says, if there is one."""
    instance = (folder / "state" / "instance").read_text().split()[0]
    argv = ["tmux", "-N", "-L", f"ennio-{instance}", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_a_session_lives_in_a_terminal_that_has_its_name(server: Server) -> None:
    session = server.spawn("cat")
    assert session["status"] == "Working"
    assert tmux(server.folder, "list-sessions", "-F", "#{session_name}").split() == [session["id"]]
    server.wait_for(session["id"], "heard hello")
    path = f"/sessions/{session['id']}"
    assert server.data("POST", f"{path}/send", json={"message": "ünï ☃\ntwo; lines"}) == "sent"
    said = server.wait_for(session["id"], "heard two; lines")
    assert "heard ünï ☃" in said
    answer = server.http.post(f"{path}/send", json={"message": "\x03"})
    assert answer.status_code == 409
    assert "control character" in answer.json()["error"]
    assert server.data("DELETE", path) == "killed"
    assert marked(session["id"]) == []
    until(lambda: not tmux(server.folder, "list-sessions"))


def test_a_server_that_comes_after_a_killed_one_takes_the_terminals_over(own: Path) -> None:
    first = Server(own, CONFIG)
    try:
        session = first.spawn("cat")
        first.wait_for(session["id"], "heard hello")
        first.kill9()
        with running(own, CONFIG) as second:
            path = f"/sessions/{session['id']}"
            assert second.data("GET", path)["status"] == "Working"
            assert second.data("POST", f"{path}/send", json={"message": "again"}) == "sent"
            assert second.wait_for(session["id"], "heard again").count("heard hello") == 1
            assert second.data("DELETE", path) == "killed"
            assert marked(session["id"]) == []
    finally:
        first.process.kill()
        tmux(own, "kill-server")


def test_an_orderly_end_takes_agents_and_terminals_with_it(server: Server) -> None:
    sessions = [server.spawn(name) for name in ("cat", "stubborn")]
    pids = [pid for one in sessions for pid in marked(one["id"])]
    assert server.stop() == 0
    assert [pid for pid in pids if alive(pid)] == []
    until(lambda: not tmux(server.folder, "list-sessions"))
