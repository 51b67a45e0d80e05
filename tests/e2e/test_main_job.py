"""The main job, by hand: spawn a real agent in a real worktree, watch it, talk to it, kill it."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from installed import Server, alive, git, marked


def test_the_demo_agent_works_in_a_worktree_of_its_own(server: Server) -> None:
    session = server.spawn("demo", prompt="write hello.txt hello world", branch="feat/hello")
    assert (session["status"], session["branch"], session["agent_name"]) == ("Working", "feat/hello", "demo")
    workspace = Path(session["workspace_path"])
    server.data("POST", f"/sessions/{session['id']}/send", json={"message": "commit say hello"})
    give_up = time.monotonic() + 10
    while "say hello" not in git(workspace, "log", "--format=%s"):
        assert time.monotonic() < give_up, server.text(session["id"])
        time.sleep(0.05)
    assert (workspace / "hello.txt").read_text().strip() == "hello world"
    assert not (server.repository / "hello.txt").exists()
    assert server.data("DELETE", f"/sessions/{session['id']}") == "killed"
    assert server.data("GET", f"/sessions/{session['id']}")["status"] == "Killed"
    assert "feat/hello" in server.branches()
    _until(lambda: not workspace.exists())


def test_a_session_answers_with_what_the_contract_says_and_in_that_order(server: Server) -> None:
    session = server.spawn()
    first = ["id", "project_id", "status", "activity", "branch", "pr_url", "agent_name"]
    assert list(session)[:7] == first
    assert session["id"].startswith("cat-")
    assert session["branch"] == f"ennio/{session['id']}"
    assert session["pr_url"] is None
    assert session["created_at"].endswith("Z")
    server.data("DELETE", f"/sessions/{session['id']}")


def test_messages_reach_the_agent_and_its_output_comes_back_by_cursor(server: Server) -> None:
    session = server.spawn()
    server.wait_for(session["id"], "heard hello\n")
    seen = server.data("GET", f"/sessions/{session['id']}/output")
    for text in ("one", "two\nlines", "ünï ☃"):
        assert server.data("POST", f"/sessions/{session['id']}/send", json={"message": text}) == "sent"
    server.wait_for(session["id"], "☃\n")
    more = server.data("GET", f"/sessions/{session['id']}/output", params={"after": seen["cursor"]})
    assert more["text"] == "heard one\nheard two\nheard lines\nheard ünï ☃\n"
    assert more["truncated"] is False
    server.data("DELETE", f"/sessions/{session['id']}")


def test_a_hundred_messages_from_one_client_arrive_whole_and_in_order(server: Server) -> None:
    session = server.spawn()
    for number in range(100):
        server.data("POST", f"/sessions/{session['id']}/send", json={"message": f"{number} " + "x" * 500})
    said = server.wait_for(session["id"], "heard 99 ")
    lines = [line for line in said.splitlines() if line != "heard hello"]
    assert [line.split()[1] for line in lines] == [str(number) for number in range(100)]
    server.data("DELETE", f"/sessions/{session['id']}")


def test_forty_spawns_and_forty_kills_at_once_leave_nothing(server: Server) -> None:
    warm = server.spawn()
    server.data("DELETE", f"/sessions/{warm['id']}")
    _until(lambda: warm["branch"] not in server.branches())
    before = server.descriptors(), server.children(), server.branches()
    with ThreadPoolExecutor(40) as pool:
        sessions = list(pool.map(lambda _: server.spawn(), range(40)))
        assert len({session["workspace_path"] for session in sessions}) == 40
        assert len({session["branch"] for session in sessions}) == 40
        assert len(server.worktrees()) == 40
        answers = list(pool.map(lambda one: server.data("DELETE", f"/sessions/{one['id']}"), sessions))
    assert answers == ["killed"] * 40
    assert not [pid for one in sessions for pid in marked(one["id"])]
    _until(lambda: not server.worktrees())
    _until(lambda: server.branches() == before[2])
    _until(lambda: server.children() == before[1])
    server.http.close()
    server.http = type(server.http)(base_url=server.http.base_url, timeout=60)
    _until(lambda: server.descriptors() <= before[0] + 1)


def test_a_stubborn_agent_with_escaped_children_is_killed_for_good(server: Server) -> None:
    session = server.spawn("stubborn")
    server.wait_for(session["id"], "up")
    _until(lambda: len(marked(session["id"])) >= 2)
    assert server.data("DELETE", f"/sessions/{session['id']}") == "killed"
    assert marked(session["id"]) == []


def test_a_send_to_an_agent_that_never_reads_is_a_504_and_a_kill_right_after_it_is_quick(
    server: Server,
) -> None:
    session = server.spawn("deaf")
    path, answers = f"/sessions/{session['id']}", []
    for number in range(5):
        began = time.monotonic()
        answer = server.http.post(f"{path}/send?timeout=0.5", json={"message": f"{number}" * 50_000})
        assert time.monotonic() - began < 2
        answers.append(answer.status_code)
    assert answers[0] == 200
    assert answers[-1] == 504
    assert "does not read" in answer.json()["error"]
    began = time.monotonic()
    assert server.data("DELETE", path) == "killed"
    assert time.monotonic() - began < 5


def test_messages_to_a_slow_reader_arrive_whole_or_not_at_all_as_their_senders_were_told(
    server: Server,
) -> None:
    session = server.spawn("slow")
    path, answers = f"/sessions/{session['id']}", {}

    def send(number: int) -> None:
        message, seconds = f"<{number}>" + "x" * 30_000 + f"</{number}>", 0.004 + number % 7 * 0.009
        answer = server.http.post(f"{path}/send?timeout={seconds}", json={"message": message})
        answers[number] = (answer.status_code, answer.json().get("error", ""))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(send, range(150)))
    server.data("POST", f"{path}/send", json={"message": "the last one"})
    said = server.wait_for(session["id"], "the last one", 30)
    lines = said.splitlines()[1:-1]
    whole = [re.fullmatch(r"<(\d+)>x{30000}</(\1)>", line) for line in lines]
    assert all(whole), [line[:60] for line, fits in zip(lines, whole, strict=True) if not fits]
    arrived = [int(fits[1]) for fits in whole if fits]
    assert len(arrived) == len(set(arrived))
    for number, (status, words) in answers.items():
        if status == 200 or "will be completed" in words:
            assert number in arrived
        elif "withdrawn" in words:
            assert number not in arrived
    server.data("DELETE", path)


def test_a_message_that_was_begun_is_not_sent_twice_under_its_idempotency_key(server: Server) -> None:
    session = server.spawn("slow")
    path, wanted = f"/sessions/{session['id']}/send", {"json": {"message": "y" * 300_000}}
    headers = {"Idempotency-Key": "begun"}
    first = server.http.post(f"{path}?timeout=0.1", headers=headers, **wanted)
    assert "will be completed" in first.json()["error"]
    assert server.http.post(path, headers=headers, **wanted).json() == {"data": "sent"}
    server.data("POST", path, json={"message": "the last one"})
    assert server.wait_for(session["id"], "the last one", 30).count("y" * 300_000) == 1
    server.data("DELETE", f"/sessions/{session['id']}")


def test_an_agent_that_exits_can_be_restored_in_its_workspace(server: Server) -> None:
    session = server.spawn("demo", prompt="write kept.txt kept")
    path = f"/sessions/{session['id']}"
    server.data("POST", f"{path}/send", json={"message": "exit 3"})
    _until(lambda: server.data("GET", path)["status"] == "Exited")
    exited = server.data("GET", path)
    assert (exited["exit_code"], exited["activity"]) == (3, "Exited")
    assert server.http.post(f"{path}/send", json={"message": "x"}).status_code == 409
    restored = server.data("POST", f"{path}/restore")
    assert (restored["status"], restored["workspace_path"]) == ("Working", session["workspace_path"])
    assert (Path(session["workspace_path"]) / "kept.txt").exists()
    kinds = [event["event_type"] for event in server.data("GET", f"{path}/events")]
    assert "SessionExited" in kinds
    assert "SessionRestored" in kinds
    server.data("DELETE", path)
    assert Path(session["workspace_path"]).exists()


def test_ending_an_agent_by_itself_ends_what_it_left_running(server: Server) -> None:
    session = server.spawn("demo", prompt="fork 3")
    server.wait_for(session["id"], "left 3 children")
    _until(lambda: len(marked(session["id"])) >= 4)
    server.data("POST", f"/sessions/{session['id']}/send", json={"message": "exit 0"})
    _until(lambda: server.data("GET", f"/sessions/{session['id']}")["status"] == "Done")
    assert marked(session["id"]) == []
    server.data("DELETE", f"/sessions/{session['id']}")


def test_every_misbehaviour_of_the_demo_agent_ends_with_a_kill(server: Server) -> None:
    for prompt in ("hang", "flood", "ignore-term", "fork 5", "stop"):
        session = server.spawn("demo", prompt=prompt)
        time.sleep(0.3)
        pids = marked(session["id"])
        assert pids
        assert server.data("DELETE", f"/sessions/{session['id']}") == "killed"
        assert [pid for pid in pids if alive(pid)] == []


def _until(true: Callable[[], object], seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it did not come to be in time"
        time.sleep(0.02)
