"""The same real agent under the installed `ennio`, through its REST API."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil

from . import trees
from .clock import Overdue, first_readable
from .direct import LONGEST, REST
from .ennio import SESSIONS
from .real import Program, bare_environment, holds, question
from .server import Connection, free_port, running

CONFIGURATION = """
port = {port}
data_dir = "{folder}/data"

[agents.{name}]
program = "{path}"

[agents.{name}.env]
{env}

[[projects]]
name = "bench"
path = "{repository}"
agent = "{name}"
agent_config = {{ model = "{model}", permissions = "full" }}
"""
LOOK_EVERY, FRACTION = 0.004, 0.02
"""How long there is between two looks at the output: seconds, or a part of what was waited so far, whichever
is longer. So much later may an answer be seen; looking more often takes the processors from the agent."""
OURS = "bootstrap.py"
"""What the command lines of the server's own helpers hold."""


@contextmanager
def held(program: Program, repository: Path, folder: Path) -> Iterator["Held"]:
    """Run a server of its own for one agent until the block ends; raises `RuntimeError` if it leaves any."""
    port, config, mark = free_port(), folder / "ennio.toml", f"ENNIO_BENCH={folder}/held"
    env = "\n".join(f"{name} = {json.dumps(value)}" for name, value in program.env.items())
    config.write_text(
        CONFIGURATION.format(
            port=port, folder=folder, repository=repository,
            name=program.name, path=program.path, env=env, model=program.model,
        )
    )  # fmt: skip
    variables = [f"{name}={value}" for name, value in bare_environment(folder, mark).items()]
    ennio = str(Path(sys.executable).with_name("ennio"))
    argv = ("env", "-i", *variables, ennio, "--config", str(config), "start")
    with running(argv, port, folder, folder / "ennio.log") as (pid, connection):
        connection.close()
        with closing(Held(pid, port)) as server:
            yield server
    if left := trees.marked(mark):
        raise RuntimeError(f"the server has ended and left processes behind: {left}")


class Held:
    """A running server with real agents."""

    def __init__(self, pid: int, port: int) -> None:
        self._server, self._port = psutil.Process(pid), port
        self._connection = Connection(port)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def round(self) -> dict[str, float]:
        """Spawn a session, have it answer twice, kill it; return the seconds of each."""
        times, session = self.begin()
        message, answer = question(2)
        time.sleep(REST)
        started = time.perf_counter()
        self._ask("POST", f"{SESSIONS}/{session}/send", {"message": message})
        self._until_said(session, answer)
        times["second answer"] = time.perf_counter() - started
        self._until_ready(session)
        return times | self.kill(session)

    def begin(self) -> tuple[dict[str, float], str]:
        """Spawn a session and wait for its first answer, and until it takes the next message."""
        self._connection.close()  # the server may have hung up: it was long silent
        self._connection = Connection(self._port)
        message, answer = question(1)
        started = time.perf_counter()
        session = str(self._ask("POST", SESSIONS, {"project_id": "bench", "prompt": message})["id"])
        self._until_said(session, answer)
        times = {"first answer": time.perf_counter() - started}
        self._until_ready(session)
        return times, session

    def kill(self, session: str) -> dict[str, float]:
        """Kill a session; return the seconds until nothing of it is left, and until the API's answer."""
        pids = trees.marked(f"ENNIO_SESSION_ID={session}")
        family = [process for process in trees.below(self._server.pid) if process.pid in pids]
        with trees.watched(family) as fds:
            started = time.perf_counter()
            self._connection.ask("DELETE", f"{SESSIONS}/{session}")
            seen = first_readable({**fds, "answer": self._connection.fd}, started)
            self._connection.answer()
        answered = seen.pop("answer")
        self._until_cleaned(session)
        return {"gone": max(seen.values()), "kill answered": answered}

    def memory(self) -> int:
        """Return the bytes that the server and its own helpers take, the agents left out (PSS)."""
        helpers = [one for one in trees.below(self._server.pid) if any(OURS in word for word in _argv(one))]
        return trees.pss([self._server, *helpers])

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        self._connection.ask(method, path, body)
        return self._connection.answer()

    def _until_ready(self, session: str) -> None:
        give_up = time.monotonic() + LONGEST
        while (now := self._ask("GET", f"{SESSIONS}/{session}"))["activity"] not in {"Ready", "Idle"}:
            if time.monotonic() > give_up:
                raise Overdue(f"after {LONGEST:g} s the agent takes no message: {now}")
            time.sleep(0.05)

    def _until_cleaned(self, session: str) -> None:
        """Let the removal, which may follow the answer, not disturb what is measured next."""
        give_up = time.monotonic() + LONGEST
        while (now := self._ask("GET", f"{SESSIONS}/{session}"))["workspace_path"] is not None:
            if time.monotonic() > give_up:
                raise Overdue(f"after {LONGEST:g} s the workspace of the killed session is there: {now}")
            time.sleep(0.05)

    def _until_said(self, session: str, words: str) -> None:
        """Wait until the output holds words."""
        began, text, query = time.monotonic(), "", ""
        while not holds(text, words):
            waited = time.monotonic() - began
            if waited > LONGEST:
                raise Overdue(f"after {LONGEST:g} s {words!r} is not in the output: {text[-2000:]}")
            time.sleep(max(LOOK_EVERY, FRACTION * waited))
            piece = self._ask("GET", f"{SESSIONS}/{session}/output{query}")
            text, query = text + piece["text"], f"?after={piece['cursor']}"


def _argv(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
