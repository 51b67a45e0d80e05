"""A spawn is whole or it never was, whoever fails, waits too long or hangs up."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from installed import IDENTITY, Server, called, make_repository, running, settings

SLEEP = f"sleep 1000.{os.getpid()}"
HOOKS = """
[[projects]]
name = "hanging"
path = "repo"
agent = "cat"
post_create = ["echo began > began; SLEEP & SLEEP"]

[[projects]]
name = "failing"
path = "repo"
agent = "cat"
post_create = ["echo installing; echo no such package >&2; exit 7"]

[[projects]]
name = "full"
path = "repo"
agent = "cat"
max_sessions = 1

[[projects]]
name = "missing"
path = "repo"
agent = "absent"

[[projects]]
name = "linked"
path = "repo"
agent = "cat"
symlinks = [{ source = "file1.txt", target = "deep/link" }]
post_create = ["echo made > made.txt"]

[[projects]]
name = "cloned"
path = "repo"
agent = "cat"
workspace = "clone"

[agents.absent]
command = ["no-such-agent-anywhere"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("server"), settings(HOOKS.replace("SLEEP", SLEEP))) as one:
        yield one


@pytest.fixture(autouse=True)
def _nothing_is_left(server: Server):
    yield
    assert server.data("GET", "/sessions") == []
    _until(lambda: not server.worktrees())
    _until(lambda: server.branches() <= {"main", "kept"})
    _until(lambda: not list((server.folder / "state" / "workspaces").glob("*")))
    assert not called(SLEEP)


def test_a_hanging_hook_is_a_504_that_says_so_and_leaves_nothing(server: Server) -> None:
    answer = server.http.post(
        "/sessions?timeout=1", json={"project_id": "hanging", "prompt": "x", "branch": "b"}
    )
    assert answer.status_code == 504
    assert "post_create" in answer.json()["error"]
    assert not called(SLEEP)


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    body = b'{"project_id": "hanging", "prompt": "x"}'
    head = f"POST /api/v1/sessions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port))) as client:
        client.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        _until(lambda: list((server.folder / "state" / "workspaces").glob("*/began")))
        assert server.data("GET", "/sessions")[0]["status"] == "Spawning"
    _until(lambda: server.data("GET", "/sessions") == [])


def test_a_spawning_session_can_be_killed(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    body = b'{"project_id": "hanging", "prompt": "x"}'
    head = f"POST /api/v1/sessions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((host, int(port))) as client:
        client.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        _until(lambda: server.data("GET", "/sessions"))
        (session,) = server.data("GET", "/sessions")
        assert server.data("DELETE", f"/sessions/{session['id']}") == "killed"
        assert b" 409 " in client.recv(4096)
    assert server.http.get(f"/sessions/{session['id']}").status_code == 404


def test_a_failing_hook_is_a_400_with_its_words(server: Server) -> None:
    answer = server.http.post("/sessions", json={"project_id": "failing", "prompt": "x"})
    assert answer.status_code == 400
    assert "no such package" in answer.json()["error"]


def test_a_missing_agent_is_a_400_that_names_it(server: Server) -> None:
    answer = server.http.post("/sessions", json={"project_id": "missing", "prompt": "x"})
    assert (answer.status_code, "no-such-agent-anywhere" in answer.json()["error"]) == (400, True)


def test_a_full_project_is_a_429_that_says_when_to_ask_again(server: Server) -> None:
    session = server.spawn("full")
    answer = server.http.post("/sessions", json={"project_id": "full", "prompt": "x"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    server.data("DELETE", f"/sessions/{session['id']}")


@pytest.mark.parametrize("branch", ["main", "taken", "taken/below"])
def test_a_branch_that_is_taken_or_collides_is_a_409(server: Server, branch: str) -> None:
    holder = server.spawn(branch="taken")
    answer = server.http.post("/sessions", json={"project_id": "cat", "prompt": "x", "branch": branch})
    assert answer.status_code == 409, answer.text
    assert str(server.folder) not in answer.text
    server.data("DELETE", f"/sessions/{holder['id']}")


@pytest.mark.parametrize(
    "branch", ["-x", "@", "HEAD", "refs/x", "@{-1}", "a..b", "a b", "x" * 201, "--upload-pack=x"]
)
def test_a_branch_that_git_could_misread_is_a_400(server: Server, branch: str) -> None:
    answer = server.http.post("/sessions", json={"project_id": "cat", "prompt": "x", "branch": branch})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("project", ["linked", "cloned"])
def test_work_that_was_not_committed_is_kept(server: Server, project: str) -> None:
    session = server.spawn(project)
    workspace = Path(session["workspace_path"])
    if project == "linked":
        assert (workspace / "deep/link").read_text() == "1\n"
        assert (workspace / "made.txt").read_text() == "made\n"
    (workspace / "file0.txt").write_text("changed\n")
    server.data("DELETE", f"/sessions/{session['id']}")
    time.sleep(0.5)
    assert server.data("GET", f"/sessions/{session['id']}")["workspace_path"] == str(workspace)
    assert (workspace / "file0.txt").read_text() == "changed\n"
    subprocess.run(["git", "checkout", "-q", "file0.txt"], cwd=workspace, check=True)
    server.data("DELETE", f"/sessions/{session['id']}")
    _until(lambda: not workspace.exists())


@pytest.mark.parametrize("project", ["linked", "cloned"])
def test_a_commit_is_kept_on_its_branch_when_its_workspace_goes(server: Server, project: str) -> None:
    session = server.spawn(project, branch="kept")
    workspace = Path(session["workspace_path"])
    (workspace / "new.txt").write_text("new\n")
    subprocess.run(["git", "add", "new.txt"], cwd=workspace, check=True)
    subprocess.run(["git", "commit", "-qm", "work"], cwd=workspace, check=True, env=_env())
    server.data("DELETE", f"/sessions/{session['id']}")
    _until(lambda: not workspace.exists())
    shown = subprocess.run(
        ["git", "show", "kept:new.txt"], cwd=server.repository, check=True, capture_output=True
    )
    assert shown.stdout == b"new\n"
    gone = ["git", "branch", "-q", "-D", "kept"]
    _until(lambda: subprocess.run(gone, cwd=server.repository).returncode == 0)  # once git has forgotten it


def test_two_repositories_of_one_server_do_not_wait_for_each_other(own: Path) -> None:
    make_repository(own / "second")
    second = '[[projects]]\nname = "second"\npath = "second"\nagent = "cat"\n'
    slow = '[[projects]]\nname = "tardy"\npath = "repo"\nagent = "cat"\npost_create = ["sleep 5"]\n'
    body = b'{"project_id": "tardy", "prompt": "x"}'
    head = "POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with running(own, settings(second + slow)) as server, socket.socket() as client:
        client.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
        client.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        _until(lambda: server.data("GET", "/sessions"))
        began = time.monotonic()
        for project in ("second", "cat"):
            server.data("DELETE", f"/sessions/{server.spawn(project)['id']}")
        assert time.monotonic() - began < 4


def _env() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin:/usr/local/bin", **IDENTITY}


def _until(true: Callable[[], object], seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it did not come to be in time"
        time.sleep(0.02)
