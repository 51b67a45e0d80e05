"""`python -m bench.watching`: how many requests to a code host it takes to watch many sessions.

A server with the tests' own small GitHub in front of it, first without a pull request, then with an open one
a session in which nothing happens. Prints a table, writes the figures as JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .figures import Figure, table
from .floor import make_repository
from .server import Connection, free_port, running

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))  # their GitHub is as like the real one as is needed

from e2e.hosts import GitHub  # type: ignore[import-not-found]  # noqa: E402

RESULT = Path(__file__).parent.parent / "build" / "bench-watching.json"
SESSIONS = "/api/v1/sessions"
INTERVAL = 30
"""Seconds between looks that the figures are told for: ennio's default."""
QUICK = 0.5
"""Seconds between looks while measuring; a round that takes longer is followed by the next at once."""
PATIENCE = 120.0
"""Seconds."""
NEWS = 2
NOT_MODIFIED = 304
"""What GitHub does not count: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api"""

CONFIGURATION = """
port = {port}
data_dir = "{folder}/data"
poll_interval = {quick}

[agents.bench]
command = ["cat"]

[[projects]]
name = "bench"
path = "{folder}/repository"
agent = "bench"
[projects.scm_config]
plugin = "github"
[projects.scm_config.config]
owner = "{host.owner}"
repo = "{host.repo}"
token = "{host.token}"
api_url = "{host.url}"
"""


def main() -> None:
    """Measure, print, write."""
    options = _options()
    started = time.monotonic()
    figures = measure(options.sessions, options.looks)
    print(f"{table(figures)}\n\n{time.monotonic() - started:.0f} s. As JSON: {options.json}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"figures": [figure.plain() for figure in figures]}, indent=2))


def measure(sessions: int, looks: int) -> list[Figure]:
    """Run a server with so many sessions, and count so many looks at each; return all figures."""
    with tempfile.TemporaryDirectory(prefix="ennio-bench-") as name, GitHub() as host:
        folder, port = Path(name), free_port()
        make_repository(folder / "repository")
        config = folder / "ennio.toml"
        config.write_text(CONFIGURATION.format(port=port, folder=folder, quick=QUICK, host=host))
        config.chmod(0o600)
        argv = (str(Path(sys.executable).with_name("ennio")), "--config", str(config), "start")
        with running(argv, port, folder, folder / "ennio.log") as (_, server):
            branches = [_spawn(server) for _ in range(sessions)]
            heads = {f"{host.owner}:{branch}" for branch in branches}
            asked = _watch(host, lambda one: one.query.get("head"), heads, looks)
            figures = _figures(f"{sessions} sessions without a pull request", asked, sessions, looks)
            pulls = [host.open_pull(branch) for branch in branches]
            for pull in pulls:
                pull.check("test", "success")
            paths = {f"/repos/{host.owner}/{host.repo}/pulls/{pull.number}" for pull in pulls}
            asked = _watch(host, lambda one: one.path, paths, looks)
            return figures + _figures(f"{sessions} sessions with a quiet one each", asked, sessions, looks)


def _spawn(server: Connection) -> str:
    server.ask("POST", SESSIONS, {"project_id": "bench", "prompt": "begin"})
    return str(server.answer()["branch"])


def _watch(host: GitHub, tells: Callable[[Any], object], marks: set[str], looks: int) -> list[Any]:
    """Return what was asked in so many rounds of looks, the first two left out: in these there is news.

    Each look at a session makes one request that `tells` one of `marks`, another for each session. A round is
    over when all have had theirs; the next begins after that.
    """
    begun, until = len(host.requests), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with host.lock:
            asked: list[Any] = host.requests[begun:]
        rounds, counts = [0], Counter[object]()
        for number, one in enumerate(asked, 1):
            counts[tells(one)] += 1
            if all(counts[mark] >= len(rounds) for mark in marks):
                rounds.append(number)
        if len(rounds) > NEWS + looks:
            return asked[rounds[NEWS] : rounds[NEWS + looks]]
        time.sleep(QUICK)
    raise RuntimeError(f"after {PATIENCE:g} s there were not yet {looks} looks at each session")


def _figures(what: str, asked: Sequence[Any], sessions: int, looks: int) -> list[Figure]:
    hourly = 3600 / INTERVAL
    counted = sum(one.status != NOT_MODIFIED for one in asked)

    def figure(words: str, number: int) -> Figure:
        against = ("one a session and look", sessions * hourly)
        value = number / looks * hourly
        return Figure(
            what=f"{what}: {words}", unit="an hour", value=value, against=against[0], floor=against[1]
        )

    return [figure("requests", len(asked)), figure("of these, counted by GitHub", counted)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.watching", description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--looks", type=int, default=12, help="at each session, four make a cycle")
    parser.add_argument("--json", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
