"""`python -m bench`: measure ennio against the floor, print a table, write the figures as JSON."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from .clock import Reports
from .ennio import ennio
from .figures import Figure, table
from .floor import Floor, make_repository
from .hello import hello
from .levels import at_levels
from .rounds import side_by_side

RESULT = Path(__file__).parent.parent / "build" / "bench.json"


def main() -> None:
    """Measure, print, write."""
    options = _options()
    if not hasattr(os, "pidfd_open"):
        sys.exit("the bench sees processes end through pidfds, which this system does not have")
    started = time.monotonic()
    figures = measure(options.rounds, options.sessions)
    where = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{table(figures)}\n\n{where}, {time.monotonic() - started:.0f} s. As JSON: {options.json}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"where": where, "figures": [f.plain() for f in figures]}, indent=2))


def measure(rounds: int, levels: list[int]) -> list[Figure]:
    """Run ennio, the floor and the hello world side by side; return all figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ennio-bench-")))
        repository = folder / "repository"
        make_repository(repository)
        reports = stack.enter_context(Reports(folder))
        greeter = stack.enter_context(hello(folder))
        server = stack.enter_context(ennio(repository, folder, reports))
        floor = Floor(repository, folder, reports)
        figures = side_by_side(floor, server, greeter, rounds)
        return figures + at_levels(floor, server, greeter, levels)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="of spawn, send and kill")
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 100, 500], help="alive when listed")
    parser.add_argument("--json", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
