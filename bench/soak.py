"""`python -m bench.soak MINUTES [SEED]`: everything at once for a while, and the server killed in its midst.

Clients spawn, send, kill and restore at random; some agents fight their end; every few seconds the server
gets SIGKILL and is started again. After each start all that was ever answered must be true, and nothing may
run, or lie about, that is no session's. In the end there must be as much of everything as in the beginning.
Exit code 1 when anything is not so. Linux only.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil

from .expectations import Expectations, Expected

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))  # where they look at a server from outside, so does this

import accounts  # type: ignore[import-not-found]  # noqa: E402
import installed  # type: ignore[import-not-found]  # noqa: E402

LOG = Path(__file__).parent.parent / "build" / "soak.log"
CLIENTS = 6
MOST_SESSIONS = 24
ROOM = 24 << 20
"""Bytes by which the server's memory may have grown: what it loads when it is first wanted."""

TALKER = """
import sys
for line in sys.stdin:
    print(line, end="", flush=True)
    if line.startswith("leave"): sys.exit(int(line.split()[1]))
"""
HOSTILE = [
    *("deaf", "child in another session", "daemon", "scrubbed daemon", "deaf daemon left behind", "stopped"),
    *("out of its control group", "bomb of sessions", "run away", "its own subreaper", "holder stopped"),
]


class Soak:
    """One run: a folder, a server in it that comes and goes, and what it must hold to."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.expected, self.done = Expectations(), Counter[str]()
        self._numbers = iter(range(1 << 30))
        self._number = threading.Lock()
        (folder / "notes").mkdir()
        hostile = [sys.executable, "-IS", str(TESTS / "e2e" / "hostile_agent.py"), "{prompt}"]
        agents = {
            "talker": [sys.executable, "-uISc", TALKER],
            "hostile": [*hostile, f"{folder}/notes/{{session_id}}"],
        }
        self._config = installed.settings("", "[timeouts]\nkill_grace = 0.3", **agents)
        self.server = self._start()

    def _start(self) -> Any:
        def start(config: Path, log: Path) -> subprocess.Popen[bytes]:
            env = {**os.environ, **installed.IDENTITY, "ENNIO_TEST_RUN": str(self.folder)}
            argv = [installed.ENNIO, "--config", str(config), "start"]
            with log.open("ab") as words:
                return subprocess.Popen(
                    argv, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=words, stderr=words
                )

        return installed.Server(self.folder, self._config, start)

    def round(self, seconds: float) -> None:
        """Let clients do what they like, kill the server amid that, start it again, and look."""
        over = threading.Event()
        with ThreadPoolExecutor(CLIENTS) as pool:
            seeds = [self.chance.random() for _ in range(CLIENTS)]
            clients = [pool.submit(self._act, random.Random(seed), over) for seed in seeds]
            time.sleep(seconds)
            self.server.kill9()
            over.set()
            for client in clients:
                client.result()
        self.server = self._start()
        self.done["servers killed"] += 1
        self.look()

    def look(self) -> None:
        """Raise `AssertionError` unless all that was answered is true, and nothing else is there."""
        accounts.all_is_accounted_for(self.server, 30)
        found = {one["id"]: one for one in self.server.data("GET", "/sessions", params={"all": "true"})}
        wrong = self.expected.disappointments(found)
        assert not wrong, f"{wrong}\n{accounts.told(self.server)}"
        self.expected.settle(found)
        for one in self.expected.sessions.values():
            if one.state == "killed":
                assert not self._alive(one.id), f"something of {one.id} lives"
            elif not one.hostile:
                accounts.until(lambda one=one: not self._misheard(one), 20, lambda one=one: self._about(one))

    def _about(self, one: Expected) -> str:
        """Return what may explain why an agent does not hear."""
        folder = self.folder / "state" / "sessions" / one.id
        pids = [*installed.marked(one.id), *accounts.processes(folder)]
        states = [Path(f"/proc/{pid}/{name}").read_text() for pid in pids for name in ("stat", "wchan")]
        files = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        shown = self.server.data("GET", f"/sessions/{one.id}")
        return f"{self._misheard(one)} {one} {shown} {states} {files}"

    def _misheard(self, one: Expected) -> list[str]:
        return self.expected.misheard(one, self.server.text(one.id))

    def _alive(self, session_id: str) -> list[int]:
        """Return who lives of an agent, by what it noted itself, and by the mark."""
        file = self.folder / "notes" / session_id
        noted = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        lives = [int(pid) for pid, start in noted if accounts.is_alive(int(pid), int(start))]
        return [*lives, *installed.marked(session_id)]

    # What clients do.

    def _act(self, chance: random.Random, over: threading.Event) -> None:
        with httpx2.Client(base_url=f"{self.server.url}/api/v1", timeout=60) as client:
            while not over.is_set():
                with suppress(httpx2.TransportError):
                    self._do_something(client, chance)

    def _do_something(self, client: httpx2.Client, chance: random.Random) -> None:
        living = [one for one in list(self.expected.sessions.values()) if one.state != "killed"]
        if len(living) < chance.uniform(0, MOST_SESSIONS):
            self._spawn(client, chance)
            return
        one = chance.choice(living)
        if one.turn.acquire(blocking=False):
            try:
                if one.hostile or chance.random() < 0.15:
                    self._kill(client, one)
                elif one.state == "working":
                    self._send(client, one, chance)
                elif one.state in {"leaving", "ended"}:
                    self._restore(client, one)
            finally:
                one.turn.release()

    def _spawn(self, client: httpx2.Client, chance: random.Random) -> None:
        hostile = chance.random() < 0.3
        prompt = chance.choice(HOSTILE) if hostile else self._words()
        body = {"project_id": "hostile" if hostile else "talker", "prompt": prompt}
        try:
            answer = client.post("/sessions", json=body)
        except httpx2.TransportError:
            self.expected.spawn_unanswered()
            raise
        assert answer.is_success, answer.text
        session_id = answer.json()["data"]["id"]
        self.expected.spawned(session_id, prompt, hostile=hostile)
        if not hostile:
            self.expected.sessions[session_id].told.add(prompt)
        self.done["spawned"] += 1

    def _send(self, client: httpx2.Client, one: Expected, chance: random.Random) -> None:
        leaving = chance.random() < 0.1
        text = f"leave {chance.choice((0, 3))}" if leaving else self._words()
        if not leaving:
            one.perhaps.add(text)
        else:
            one.state = "leaving"
        answer = client.post(f"/sessions/{one.id}/send", json={"message": text})
        assert answer.is_success, answer.text
        if not leaving:
            one.told.add(text)
        self.done["sent"] += 1

    def _kill(self, client: httpx2.Client, one: Expected) -> None:
        one.state = "unsure"
        answer = client.delete(f"/sessions/{one.id}")
        assert answer.is_success, answer.text
        one.state = "killed"
        assert not self._alive(one.id), f"{one.id} ({one.prompt}) was killed, and something of it lives"
        self.done["killed"] += 1

    def _restore(self, client: httpx2.Client, one: Expected) -> None:
        before, one.state = one.state, "unsure"
        answer = client.post(f"/sessions/{one.id}/restore")
        if answer.status_code == 409:  # it has not left yet
            one.state = before
            return
        assert answer.is_success, answer.text
        one.state = "working"
        self.done["restored"] += 1

    def _words(self) -> str:
        with self._number:
            return f"message {next(self._numbers)}"

    # The end.

    def clear(self) -> None:
        """Kill everything, and have it forgotten."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(self._clear_one, list(self.expected.sessions)))
        accounts.kill_all(self.server)
        self.server.data("POST", "/prune", json={"days": 0})

    def _clear_one(self, session_id: str) -> None:
        assert self.server.data("DELETE", f"/sessions/{session_id}") == "killed"

    def figures(self) -> dict[str, int]:
        """Return how much there is of what must not become more."""
        pid = self.server.process.pid
        self.server.http.close()
        self.server.http = httpx2.Client(base_url=f"{self.server.url}/api/v1", timeout=60)
        return {
            "descriptors": self.server.descriptors(),
            "zombies": sum(child.endswith("Z") for child in self.server.children()),
            "processes": len(accounts.processes(self.folder)),
            "worktrees": len(self.server.worktrees()),
            "branches": len(self.server.branches()),
            "control groups": len(accounts.cgroups(self.folder)),
            "kept folders": len(list((self.folder / "state" / "sessions").glob("*"))),
            "memory": psutil.Process(pid).memory_full_info().uss,
        }


def main() -> int:
    """Soak, print, and judge."""
    minutes = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    with tempfile.TemporaryDirectory(prefix="ennio-soak-") as name:
        soak = Soak(Path(name), seed)
        print(f"seed {seed}, {soak.server.data('GET', '/system')['containment']}", flush=True)
        try:
            return _run(soak, time.monotonic() + minutes * 60)
        except AssertionError as error:
            print(f"after {dict(soak.done)}: {error}\nThe server's log: {LOG}")
            LOG.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(soak.server.log, LOG)
            return 1
        finally:
            soak.server.process.kill()
            soak.server.gone()
            for pid in accounts.processes(soak.folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)


def _run(soak: Soak, until: float) -> int:
    soak.server.data("DELETE", f"/sessions/{soak.server.spawn('talker')['id']}")
    soak.clear()
    before = soak.figures()
    while time.monotonic() < until:
        soak.round(min(soak.chance.uniform(0.5, 6), max(0.5, until - time.monotonic())))
    soak.clear()
    accounts.until(lambda: _more(before, soak.figures()) == [], 10, lambda: _more(before, soak.figures()))
    after = soak.figures()
    for what, count in before.items():
        print(f"{what:16} {count:>12,} -> {after[what]:>12,}")
    print(", ".join(f"{what}: {count}" for what, count in soak.done.items()))
    soak.server.stop()
    accounts.nothing_runs(soak.folder)
    return 0


def _more(before: dict[str, int], after: dict[str, int]) -> list[str]:
    room = {"memory": ROOM, "descriptors": 1}
    grown = {what: count for what, count in after.items() if count > before[what] + room.get(what, 0)}
    return [f"{what} grew from {before[what]} to {count}" for what, count in grown.items()]


if __name__ == "__main__":
    sys.exit(main())
