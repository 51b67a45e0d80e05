"""`python -m bench.agents [claude codex ...]`: what ennio adds to real agents, with a scripted model.

Each agent runs without a supervisor and under ennio, in turn, so that noise strikes both alike.
Prints a table, writes the figures as JSON. Linux only.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from .direct import Direct
from .figures import Figure, Samples, table, timed
from .floor import make_repository
from .held import Held, held
from .real import KNOWLEDGE, installed, program, scripted_model

RESULT = Path(__file__).parent.parent / "build" / "bench-agents.json"
WARM_UP = 1
MANY = 4
"""Sessions at once, when memory is looked at."""
MIB = 1 << 20


def main() -> None:
    """Measure, print, write."""
    options = _options()
    missing = [name for name in options.agents if not installed(name)]
    for name in missing:
        print(f"{name} is left out: it is not installed here; `make agents AGENTS={name}` does that")
    started, figures = time.monotonic(), list[Figure]()
    for name in options.agents:
        if name not in missing:
            figures += measure(name, options.rounds)
    where = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{table(figures)}\n\n{where}, {time.monotonic() - started:.0f} s. As JSON: {options.json}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"where": where, "figures": [f.plain() for f in figures]}, indent=2))


def measure(name: str, rounds: int) -> list[Figure]:
    """Measure one agent; return its figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ennio-bench-")))
        repository = folder / "repository"
        make_repository(repository)
        agent = program(name, folder / "home", stack.enter_context(scripted_model()))
        server = stack.enter_context(held(agent, repository, folder))
        direct = Direct(agent, repository, folder)
        bare, ours, sizes = Samples(), Samples(), list[int]()
        for number in range(WARM_UP + rounds):
            if number == WARM_UP:
                bare.clear()
                ours.clear()
                sizes.clear()
            times, size = direct.round()
            bare.take(times)
            sizes.append(size)
            ours.take(server.round())
        return _compared(name, bare, ours) + _memory(name, server, statistics.median(sizes))


def _compared(name: str, bare: Samples, ours: Samples) -> list[Figure]:
    def figure(what: str, key: str, against: str, theirs: str) -> Figure:
        return timed(f"{name}: {what}", ours[key], against=(against, bare[theirs]))

    return [
        figure("spawn until the first answer", "first answer", "worktree add + Popen", "first answer"),
        figure("message until its answer", "second answer", "write to a pipe", "second answer"),
        figure("kill until nothing is left", "gone", "SIGKILL of all", "gone"),
        figure("kill until the API's answer", "kill answered", "the same", "gone"),
    ]


def _memory(name: str, server: Held, tree: float) -> list[Figure]:
    """Compare what ennio gains by sessions with the agent's own processes."""
    sessions, none = list[str](), server.memory()
    figures = list[Figure]()
    for count in (1, MANY):
        while len(sessions) < count:
            sessions.append(server.begin()[1])
        each = (server.memory() - none) / count
        what = f"{name}: memory that a session adds, of {count}"
        figures.append(
            Figure(what=what, unit="MiB", value=each / MIB, against="the agent's tree", floor=tree / MIB)
        )
    for session in sessions:
        server.kill(session)
    return figures


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.agents", description=__doc__)
    known = " ".join(KNOWLEDGE)
    parser.add_argument("agents", nargs="*", metavar="AGENT", help=f"of {known}; else all of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=RESULT)
    options = parser.parse_args()
    options.agents = list(dict.fromkeys(options.agents)) or list(KNOWLEDGE)
    if strangers := [name for name in options.agents if name not in KNOWLEDGE]:
        parser.error(f"nothing is known of {', '.join(strangers)} here: choose of {known}")
    return options


if __name__ == "__main__":
    main()
