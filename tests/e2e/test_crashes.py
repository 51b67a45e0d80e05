"""The server dies at a given moment of a given step, and the next one accounts for everything.

The moments are weak spots of `failing_server`: before or after a function of the server's is called.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from accounts import all_is_accounted_for, events, kill_all, nothing_runs, until
from installed import Server, make_repository, settings
from nest import Nest, nest, servers

JOURNAL = "ennio.supervisor.journal.Journal.append"
CHECKOUT = "ennio.supervisor.workspaces.worktree.WorktreeCheckout"
SAY = "ennio.supervisor.hosts.connection.Connection.send"
HOLDING = "ennio.supervisor.hosts.holding"
WORKSPACES = "ennio.supervisor.workspaces"
FORK = "ennio.supervisor.hosts.zygote.Zygote.fork"
WRITE = "ennio.supervisor.runtimes.terminal.HeldTerminal.write"

SPAWN = [
    f"before {JOURNAL} SessionSpawned",
    f"after {JOURNAL} SessionSpawned",
    f"before {CHECKOUT}._make_branch",
    f"after {CHECKOUT}._make_branch",
    f"after {CHECKOUT}._add",
    f"after {CHECKOUT}._fill",
    f"before {WORKSPACES}.hooks.post_create",
    f"after {WORKSPACES}.ground.Ground.furnish",
    f"after {WORKSPACES}.worktree._complete",
    "after ennio.supervisor.hosts.run_folder.RunFolder.make_fresh",
    f"after {FORK}",
    f"after {SAY} 'start'",
    f"after {HOLDING}._first_answer",
    f"after {HOLDING}.Holding.start",
    f"before {JOURNAL} SessionWorking",
    f"after {JOURNAL} SessionWorking",
    f"before {WRITE}",
    f"after {SAY} 'write'",
    f"after {WRITE}",
]
KILL = [
    f"before {JOURNAL} KillRequested",
    f"after {JOURNAL} KillRequested",
    f"after {SAY} 'stop'",
    "after ennio.supervisor.hosts.holder.ShimHolder.gone",
    f"before {JOURNAL} SessionKilled",
    f"after {JOURNAL} SessionKilled",
    f"after {WORKSPACES}.notes.end",
    f"after {WORKSPACES}.folders.put_aside",
    f"after {WORKSPACES}.repository.Repository.unregister",
    f"after {WORKSPACES}.births.drop",
    f"after {WORKSPACES}.folders.remove_aside",
    f"after {WORKSPACES}.notes.withdraw",
    f"after {JOURNAL} SessionCleaned",
]
CLEAR = [spot for spot in KILL if WORKSPACES in spot]
RESTORE = [
    f"before {JOURNAL} RestoreRequested",
    f"after {JOURNAL} RestoreRequested",
    "after ennio.supervisor.hosts.run_folder.RunFolder.make_fresh",
    f"after {FORK}",
    f"after {SAY} 'start'",
    f"after {HOLDING}._first_answer",
    f"before {JOURNAL} SessionRestored",
    f"after {JOURNAL} SessionRestored",
    f"after {WRITE}",
]
END = [
    f"before {JOURNAL} SessionExited",
    f"after {JOURNAL} SessionExited",
    f"before {JOURNAL} SessionFinished",
]

AGENT = """
import sys
for line in sys.stdin:
    print("heard", line, end="", flush=True)
    if line.startswith("leave"): sys.exit(int(line.split()[1]))
"""
FURNISHED = """
[[projects]]
name = "furnished"
path = "repo"
agent = "leaver"
symlinks = [{ source = "file1.txt", target = "deep/link" }]
post_create = ["echo made > made.txt"]
"""
CONFIG = settings(FURNISHED, leaver=[sys.executable, "-uISc", AGENT])
EVERYDAY = {*SPAWN[::3], *KILL[1::3], *RESTORE[1::3], SPAWN[-2], SPAWN[-5]}
"""These are tried in every run of the tests, the others in the slow ones."""


@pytest.fixture(scope="module")
def home() -> Iterator[Nest]:
    with nest() as one:
        yield one


Crash = tuple[str, str]
Start = Callable[..., Server]


class Crashes:
    """Crashes that are tried two at a time, ahead of the tests that ask for them."""

    def __init__(self, home: Nest, folder: Path, wanted: list[Crash]) -> None:
        self._home, self._folder, self._wanted = home, folder, wanted
        self._pool = ThreadPoolExecutor(3)
        self._begun: dict[Crash, Future[None]] = {}

    def result(self, crash: Crash) -> None:
        """Raise what came of it."""
        at = self._wanted.index(crash)
        for one in self._wanted[at : at + 4]:
            if one not in self._begun:
                self._begun[one] = self._pool.submit(self._try, one)
        self._begun[crash].result()

    def _try(self, crash: Crash) -> None:
        step, spot = crash
        folder = self._folder / str(self._wanted.index(crash))
        folder.mkdir()
        make_repository(folder / "repo", files=3)
        with servers(self._home, folder, CONFIG) as start:
            STEPS[step](start, spot)
            nothing_runs(folder)


@pytest.fixture(scope="module")
def crashes(request: pytest.FixtureRequest, home: Nest, tmp_path_factory: pytest.TempPathFactory) -> Crashes:
    calls = [getattr(item, "callspec", None) for item in request.session.items if item.path == request.path]
    wanted = [(call.params["step"], call.params["spot"]) for call in calls if call and "spot" in call.params]
    return Crashes(home, tmp_path_factory.mktemp("crashes"), wanted)


def deadly(server: Server, method: str, path: str, **more: Any) -> httpx2.Response | None:
    """Ask for what kills the server, now or soon; return its answer if it gave one."""
    try:
        answer: httpx2.Response | None = server.http.request(method, path, **more)
    except httpx2.TransportError:
        answer = None
    server.gone(20)
    return answer


def crash_of_a_spawn(start: Start, spot: str) -> None:
    server = start(spot)
    other = server.spawn("leaver", prompt="the other")
    server.wait_for(other["id"], "heard the other")
    server.arm()
    answer = deadly(server, "POST", "/sessions", json={"project_id": "furnished", "prompt": "first words"})
    server = start()
    all_is_accounted_for(server)
    known = {one["id"]: one for one in server.data("GET", "/sessions", params={"all": "true"})}
    assert known.pop(other["id"])["status"] == "Working"
    answers(server, other["id"], "the other")
    if answer is not None:
        assert answer.is_success, answer.text
        assert list(known) == [answer.json()["data"]["id"]]
    assert len(known) <= 1
    for session_id, session in known.items():
        assert session["status"] == "Working"
        answers(server, session_id, "first words")
        assert events(server, session_id)[:2] == ["SessionSpawned", "SessionWorking"]
    kill_all(server)
    server.stop()


def crash_of_a_kill(start: Start, spot: str) -> None:
    server = start(spot)
    first, other = server.spawn("leaver"), server.spawn("leaver")
    for one in (first, other):
        server.wait_for(one["id"], "heard hello")
    server.arm()
    answer = deadly(server, "DELETE", f"/sessions/{first['id']}")
    assert answer is None or answer.json() == {"data": "killed"}
    server = start()
    all_is_accounted_for(server)
    status = server.data("GET", f"/sessions/{first['id']}")["status"]
    assert status == "Killed" or "before" in spot
    answers(server, other["id"], "hello")
    assert server.data("DELETE", f"/sessions/{first['id']}") == "killed"
    assert server.data("GET", f"/sessions/{first['id']}")["status"] == "Killed"
    assert events(server, first["id"]).count("SessionKilled") == 1
    kill_all(server)
    server.stop()


def crash_of_a_clearing(start: Start, spot: str) -> None:
    server = start(spot)
    session_id = server.spawn("leaver", prompt="leave 0")["id"]
    path = f"/sessions/{session_id}"
    until(lambda: server.data("GET", path)["status"] == "Done")
    server.arm()
    answer = deadly(server, "DELETE", path)
    server = start()
    all_is_accounted_for(server)
    session = server.data("GET", path)
    assert session["status"] == "Done"
    if answer is not None or "withdraw" in spot:
        until(lambda: server.data("GET", path)["workspace_path"] is None)
    kill_all(server)
    server.stop()


def crash_of_a_restore(start: Start, spot: str) -> None:
    server = start(spot)
    session_id = server.spawn("leaver", prompt="leave 3")["id"]
    path = f"/sessions/{session_id}"
    until(lambda: server.data("GET", path)["status"] == "Exited")
    server.arm()
    deadly(server, "POST", f"{path}/restore", json={"prompt": "again"})
    server = start()
    all_is_accounted_for(server)
    if server.data("GET", path)["status"] == "Exited":
        server.data("POST", f"{path}/restore", json={"prompt": "again"})
    assert server.data("GET", path)["status"] == "Working"
    answers(server, session_id, "again")
    assert server.text(session_id).count("heard leave 3") == 1
    kill_all(server)
    server.stop()


def crash_at_an_end(start: Start, spot: str) -> None:
    server = start(spot)
    code = 0 if "Finished" in spot else 3
    session_id = server.spawn("leaver")["id"]
    path = f"/sessions/{session_id}"
    server.arm()
    deadly(server, "POST", f"{path}/send", json={"message": f"leave {code}"})
    server = start()
    all_is_accounted_for(server)
    session = server.data("GET", path)
    assert (session["status"], session["exit_code"]) == ("Exited" if code else "Done", code)
    assert f"heard leave {code}" in server.text(session_id)
    server.data("POST", f"{path}/restore", json={"prompt": "again"})
    answers(server, session_id, "again")
    kill_all(server)
    server.stop()


def answers(server: Server, session_id: str, first: str) -> None:
    """See that an agent is owned: it was told its first words once, hears, and is heard."""
    server.data("POST", f"/sessions/{session_id}/send", json={"message": "are you there"})
    said = server.wait_for(session_id, "heard are you there")
    assert said.count(f"heard {first}") == 1


STEPS = {
    "spawn": crash_of_a_spawn,
    "kill": crash_of_a_kill,
    "clear": crash_of_a_clearing,
    "restore": crash_of_a_restore,
    "end": crash_at_an_end,
}
SPOTS = [
    pytest.param(step, spot, id=f"{step}, {spot}", marks=[] if spot in EVERYDAY else pytest.mark.slow)
    for step, spots in {"spawn": SPAWN, "kill": KILL, "clear": CLEAR, "restore": RESTORE, "end": END}.items()
    for spot in spots
]


@pytest.mark.parametrize(("step", "spot"), SPOTS)
def test_whatever_step_the_server_dies_at_the_next_one_accounts_for_everything(
    crashes: Crashes, step: str, spot: str
) -> None:
    crashes.result((step, spot))
