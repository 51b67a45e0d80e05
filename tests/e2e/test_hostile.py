"""Agents that fight their end, through the installed server: `killed` is true, by the agents' own notes."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from accounts import CGROUPS, all_is_accounted_for, is_alive, nothing_runs, processes, told, until
from installed import IDENTITY, Server, make_repository, marked, settings
from nest import FAILING, Nest, nest, servers

AGENT = str(Path(__file__).with_name("hostile_agent.py"))
MODES = {  # and how many processes it is at least before it is killed
    "plain": 1,
    "deaf": 2,
    "child in another session": 2,
    "child in another group": 2,
    "daemon": 2,
    "deaf daemon left behind": 2,
    "scrubbed daemon": 2,
    "scrubbed daemon left behind": 2,
    "stopped": 2,
    "stopped in another session": 2,
    "out of its control group": 2,
    "scrubbed out of its control group": 2,
    "bomb": 85,
    "bomb of sessions": 85,
    "run away": 50,
    "three run away": 60,
    "run away out of its control group": 50,
    "its own subreaper": 2,
    "holder killed": 2,
    "holder killed, scrubbed": 2,
    "holder killed, run away": 2,
    "holder stopped": 2,
    "holder stopped, run away": 50,
    "child of another user": 2,
}
NOBODY = 65534
UNPRIVILEGED = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    # It may read all, for a Python that root has at home, and is nobody in all else.
    "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
)  # fmt: skip


def config(folder: Path) -> str:
    through_sh = ["sh", "-c", 'exec "$0" "$@"']  # which may be allowed what looking for the program is not
    command = [*through_sh, sys.executable, "-IS", AGENT, "{prompt}", f"{folder}/notes/{{session_id}}"]
    return settings("", "[timeouts]\nkill_grace = 0.3\nkill = 20", hostile=command)


class Ground:
    """A server, and what its agents noted. `means` is what it says to end agents by, and whose it is."""

    def __init__(self, server: Server, whose: str) -> None:
        self.server = server
        self.means = f"{server.data('GET', '/system')['containment']}, {whose}"

    def notes(self, session_id: str) -> list[tuple[int, int]]:
        """Return pid and start of all that a session's agent has been."""
        file = self.server.folder / "notes" / session_id
        lines = file.read_text().splitlines() if file.exists() else []
        return [(int(pid), int(start)) for pid, start in (line.split() for line in lines)]

    def left(self, session_id: str) -> list[int]:
        """Return those of them that are alive."""
        return [pid for pid, start in self.notes(session_id) if is_alive(pid, start)]

    def spawn(self, mode: str) -> str:
        """Start one, and wait until it is what it is going to be."""
        session_id: str = self.server.spawn("hostile", prompt=mode)["id"]
        until(lambda: self._is_there(session_id, mode), 60, partial(self.state, session_id, mode))
        return session_id

    def _is_there(self, session_id: str, mode: str) -> bool:
        """Whether all of it has noted itself; who kills its holder may be ended before that."""
        notes = self.notes(session_id)
        return len(notes) >= MODES[mode] or bool(notes and not self.left(session_id))

    def state(self, session_id: str, mode: str) -> tuple[object, ...]:
        """What can be told of one that did not come to be."""
        session = self.server.data("GET", f"/sessions/{session_id}")
        return mode, self.notes(session_id), self.left(session_id), session["status"], session["reason"]

    def kill(self, session_id: str) -> float:
        """Kill one, see that nothing of it is left, nor comes up again; return how long it took."""
        began = time.monotonic()
        assert self.server.data("DELETE", f"/sessions/{session_id}") == "killed"
        took = time.monotonic() - began
        before = self.notes(session_id)
        assert self.left(session_id) == [], told(self.server)
        assert marked(session_id) == []
        time.sleep(0.05)
        assert self.notes(session_id) == before, "it forked after its end"
        return took


@contextmanager
def ground(home: Nest, folder: Path, *spots: str) -> Iterator[Ground]:
    """Have a server of this user's, with the means that there are, or fewer."""
    _furnish(folder)
    with servers(home, folder, config(folder)) as start:
        server = start(*spots)
        yield Ground(server, "root" if os.geteuid() == 0 else "not root")
        all_is_accounted_for(server)
        assert not [child for child in server.children() if child.endswith("Z")]
        server.stop()
        nothing_runs(folder)


@contextmanager
def ground_of_nobody(*spots: str, cgroup: Path | None = None) -> Iterator[Ground]:
    """Have a server of an unprivileged user's, in a control group that was left to it if one is given."""
    join = f"echo $$ >{cgroup}/cgroup.procs; " if cgroup else ""
    as_nobody = ["sh", "-c", f'{join}exec "$@"', "sh", *UNPRIVILEGED, sys.executable]
    if os.geteuid() != 0 or subprocess.run([*as_nobody, "-c", ""], capture_output=True).returncode:
        pytest.skip("a server of nobody's takes root, and setpriv that can give it a capability")
    with tempfile.TemporaryDirectory(prefix="ennio-test-") as name, ExitStack() as end:
        folder = Path(name)
        _furnish(folder)
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)
        end.callback(_end_all, folder)

        def start(file: Path, log: Path) -> Any:
            env = {**os.environ, **IDENTITY, "HOME": name, "ENNIO_TEST_RUN": name}
            argv = [*as_nobody, "-P", FAILING, *spots, "--", "--config", str(file), "start"]
            with log.open("ab") as words:
                return subprocess.Popen(
                    argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=words, stderr=words
                )

        subprocess.run(["git", "config", "--file", f"{name}/.gitconfig", "safe.directory", "*"], check=True)
        server = Server(folder, config(folder), start)
        end.callback(server.gone)
        end.callback(server.process.kill)
        yield Ground(server, "unprivileged")
        server.stop()
        nothing_runs(folder)


def _furnish(folder: Path) -> None:
    make_repository(folder / "repo", files=3)
    (folder / "notes").mkdir()


def _end_all(folder: Path) -> None:
    for pid in processes(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, 9)


@pytest.fixture(scope="module")
def home() -> Iterator[Nest]:
    with nest() as one:
        yield one


@pytest.fixture(scope="module")
def best(home: Nest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The surest means that this machine has."""
    with ground(home, tmp_path_factory.mktemp("best")) as one:
        print(f"ended by {one.means}")
        yield one


@pytest.mark.parametrize("mode", MODES)
def test_killed_means_that_nothing_runs_by_the_surest_means_here(best: Ground, mode: str) -> None:
    _fits(best, mode)
    print(f"ended by {best.means} in {best.kill(best.spawn(mode)):.2f} s")


def _fits(one: Ground, mode: str) -> None:
    if mode == "child of another user" and not one.means.endswith(", root"):
        pytest.skip("only root's agents can become somebody else")


@pytest.fixture(scope="module")
def plain(home: Nest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with ground(home, tmp_path_factory.mktemp("plain"), "no cgroup") as one:
        assert one.means.startswith("shim+marker")
        yield one


@pytest.fixture(scope="module")
def unprivileged() -> Iterator[Ground]:
    with ground_of_nobody("no cgroup") as one:
        assert one.means == "shim+marker, unprivileged"
        yield one


@pytest.fixture(scope="module")
def delegated() -> Iterator[Ground]:
    """A server of nobody's to whom root has left a control group (cgroups(7), delegation)."""
    cgroup = CGROUPS / f"test-of-ennio-{os.getpid()}"
    try:
        cgroup.mkdir()
        for file in (cgroup, cgroup / "cgroup.procs", cgroup / "cgroup.subtree_control"):
            shutil.chown(file, NOBODY, NOBODY)
    except OSError as error:
        pytest.skip(f"no control group can be left to anybody here: {error}")
    try:
        with ground_of_nobody(cgroup=cgroup) as one:
            assert one.means == "cgroup+shim, unprivileged"
            yield one
    finally:
        until(lambda: not (cgroup / "cgroup.procs").read_text())
        cgroup.rmdir()


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("means", ["plain", "unprivileged", "delegated"])
def test_killed_means_that_nothing_runs_by_whatever_means(
    request: pytest.FixtureRequest, means: str, mode: str
) -> None:
    one: Ground = request.getfixturevalue(means)
    _fits(one, mode)
    print(f"ended by {one.means} in {one.kill(one.spawn(mode)):.2f} s")


@pytest.mark.slow
@pytest.mark.parametrize("spots", [(), ("no cgroup",)], ids=["surest means", "no cgroup"])
def test_a_hundred_that_fight_do_no_harm_to_ten_that_do_not(
    home: Nest, tmp_path: Path, spots: tuple[str, ...]
) -> None:
    with ground(home, tmp_path, *spots) as one:
        server = one.server
        healthy = [server.spawn("cat")["id"] for _ in range(10)]
        for session_id in healthy:
            server.wait_for(session_id, "heard hello")
        descriptors = server.descriptors()
        modes = [mode for mode in MODES if "bomb" not in mode and one.means.endswith(", root")]
        if spots:  # it hides and kills what holds it before anybody can have seen it, on a busy machine
            modes.remove("holder killed, scrubbed")
        with ThreadPoolExecutor(10) as pool:
            ids = list(pool.map(one.spawn, (modes[at % len(modes)] for at in range(100))))
        with _timed_requests(server) as took:
            began = time.monotonic()
            with ThreadPoolExecutor(100) as pool:
                answers = list(pool.map(partial(_kill, server), ids))
            seconds = time.monotonic() - began
        took.sort()
        p99 = took[len(took) * 99 // 100]
        print(f"{one.means}: 100 ended in {seconds:.1f} s, API p99 {p99:.0f} ms of {len(took)} requests")
        assert {answer.text for answer in answers} == {'{"data":"killed"}'}
        survivors = [at for at, session_id in enumerate(ids) if one.left(session_id)]
        assert [one.state(ids[at], modes[at % len(modes)]) for at in survivors] == []
        for session_id in healthy:
            server.data("POST", f"/sessions/{session_id}/send", json={"message": "still here"})
            server.wait_for(session_id, "heard still here")
            assert server.data("GET", f"/sessions/{session_id}")["starts"] == 1
        until(lambda: len(server.worktrees()) == 10)
        until(lambda: server.descriptors() <= descriptors + 1, 10, server.descriptors)


def _kill(server: Server, session_id: str) -> httpx2.Response:
    return httpx2.delete(f"{server.url}/api/v1/sessions/{session_id}", timeout=60)


WATCH = """
import sys, time, httpx2
with httpx2.Client(timeout=60) as client:
    while True:
        began = time.monotonic()
        client.get(sys.argv[1])
        print((time.monotonic() - began) * 1000, flush=True)
        time.sleep(0.01)
"""


@contextmanager
def _timed_requests(server: Server) -> Iterator[list[float]]:
    """Ask for a list again and again, from a process of its own; in the end there are the milliseconds."""
    took = list[float]()
    argv = [sys.executable, "-c", WATCH, f"{server.url}/api/v1/sessions?limit=10"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        watch.stdout.readline()
        yield took
        watch.kill()
        took += [float(line) for line in watch.stdout.read().split()]
