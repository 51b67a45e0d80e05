"""Real agents at work under the installed `ennio` command, with a scripted model behind them.

All that is of the person who runs the tests is kept from them: the server's environment is made afresh, and
their home is a folder of the test's own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from e2e.agents.programs import PROGRAMS, ROOT, Real
from installed import ENNIO, IDENTITY, Server, alive, called, marked


class Model:
    """The scripted model, running."""

    def __init__(self, url: str) -> None:
        self.url = url

    def requests(self, *, asides: bool = False) -> list[dict[str, Any]]:
        """Return what was asked so far, without the side questions."""
        asked = httpx2.get(f"{self.url}/_/requests").json()
        return [one for one in asked if asides or not one["aside"]]

    def release(self) -> None:
        """Let hanging answers go on."""
        httpx2.post(f"{self.url}/_/release")


@contextmanager
def running(server: "Driven") -> Iterator["Driven"]:
    """Have a server for the block; at its end it is stopped, if it still runs."""
    try:
        yield server
    finally:
        try:
            server.stop(30)
        finally:
            server.process.kill()


@contextmanager
def scripted() -> Iterator[Model]:
    """Run a model for the block."""
    program = [sys.executable, str(ROOT / "tests" / "e2e" / "model.py")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Model(f"http://127.0.0.1:{process.stdout.readline().removeprefix('PORT=').strip()}")
        finally:
            process.kill()


class Driven(Server):
    """A server whose projects run one real agent."""

    def __init__(self, folder: Path, config: str, agent: Real) -> None:
        self.agent = agent
        super().__init__(folder, config, self._afresh)

    def _afresh(self, config: Path, file: Path) -> subprocess.Popen[bytes]:
        """Start it in an environment of its own: the tester's may hold keys and settings of real agents."""
        env = {name: os.environ[name] for name in ("PATH", "LANG", "USER") if name in os.environ}
        env |= {"HOME": str(self.folder), **IDENTITY}
        with file.open("ab") as log:
            return subprocess.Popen(
                [ENNIO, "--config", str(config), "start"],
                cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def session(self, session_id: str) -> dict[str, Any]:
        """Return a session as it is now."""
        found: dict[str, Any] = self.data("GET", f"/sessions/{session_id}")
        return found

    def begin(self, prompt: str, permissions: str = "full") -> str:
        """Spawn a session and return its id."""
        return str(self.spawn(permissions, prompt=prompt)["id"])

    def tell(self, session_id: str, message: str, **more: str) -> None:
        """Send a message and wait until the agent has taken it up."""
        path = f"/sessions/{session_id}/send?wait=accepted"
        self.data("POST", path, json={"message": message, **more})

    def until(
        self, session_id: str, holds: Callable[[dict[str, Any]], bool], seconds: float = 30
    ) -> dict[str, Any]:
        """Wait until something holds for a session, and return it."""
        give_up = time.monotonic() + seconds
        while not holds(session := self.session(session_id)):
            assert time.monotonic() < give_up, f"{session}\n{self.text(session_id)[-2000:]}"
            time.sleep(0.05)
        return session

    def activity(self, session_id: str, *wanted: str, seconds: float = 30) -> dict[str, Any]:
        """Wait until a session's activity is one of these."""
        return self.until(session_id, lambda session: session["activity"] in wanted, seconds)

    def said(self, session_id: str, words: str, seconds: float = 30) -> None:
        """Wait until the agent has said this; where its lines are broken does not count."""
        give_up, wanted = time.monotonic() + seconds, "".join(words.split())
        while wanted not in "".join((text := self.text(session_id)).split()):
            assert time.monotonic() < give_up, (
                f"{words!r} is not in {text[-2000:]!r}: {self.session(session_id)}"
            )
            time.sleep(0.05)

    def approval(self, session_id: str, seconds: float = 30) -> dict[str, Any]:
        """Wait until the agent asks for one permission, and return it."""
        give_up = time.monotonic() + seconds
        while not (asked := self.data("GET", f"/sessions/{session_id}/approvals")):
            assert time.monotonic() < give_up, f"nothing was asked: {self.text(session_id)[-2000:]}"
            time.sleep(0.05)
        assert len(asked) == 1
        one: dict[str, Any] = asked[0]
        return one

    def decide(self, session_id: str, approval: dict[str, Any], decision: str) -> None:
        """Answer a permission."""
        path = f"/sessions/{session_id}/approvals/{approval['id']}"
        self.data("POST", path, json={"decision": decision})

    def messages(self, session_id: str) -> list[tuple[str, str]]:
        """Return what was sent to a session, each with how far it has come."""
        listed = self.data("GET", f"/sessions/{session_id}/messages")
        return [(one["text"], one["state"]) for one in listed]

    def workspace(self, session_id: str) -> Path:
        """Return the folder that a session works in."""
        return Path(self.session(session_id)["workspace_path"])

    def programs(self, session_id: str) -> list[int]:
        """Return the processes that are the agent itself, and not what it runs."""
        return sorted(set(marked(session_id)) & set(called(str(PROGRAMS.parent))))

    def crash(self, session_id: str) -> None:
        """End the agent as a crash would, and wait until that is seen."""
        end(self.programs(session_id))
        self.until(session_id, lambda session: session["status"] == "Exited")

    @contextmanager
    def another(self) -> Iterator["Driven"]:
        """End this server as a crash would, unless it has ended, and run the next one for the block."""
        if self.process.poll() is None:
            self.kill9()
        with running(Driven(self.folder, self.file.read_text(), self.agent)) as later:
            yield later

    def running(self, session_id: str, command: str, seconds: float = 30) -> list[int]:
        """Wait until the agent runs a command, and return all of its processes."""
        give_up = time.monotonic() + seconds
        while not set(marked(session_id)) & set(called(command)):
            assert time.monotonic() < give_up, f"{command!r} is not run: {self.text(session_id)[-2000:]}"
            time.sleep(0.05)
        return marked(session_id)


def end(agents: list[int]) -> None:
    """End an agent's processes as a crash would, once it has come to rest.

    claude 2.1.197 writes down what was said a moment after it has said it.
    """
    time.sleep(1)
    for pid in agents:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def none_alive(pids: list[int], seconds: float = 5) -> bool:
    """Tell whether all of these processes are gone, or will be in a moment."""
    give_up = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < give_up:
        time.sleep(0.05)
    return not any(map(alive, pids))
