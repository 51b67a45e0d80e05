"""A server without projects as a process of its own, in the environment that a test gives it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START = """
import sys
from pathlib import Path
from ennio.http import server
from ennio.supervisor.config import load
sys.exit(server.serve(load(Path("ennio.toml"))))
"""


@dataclass
class BareServer:
    """Its process, and where its log is."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def url(self) -> str:
        """Wait until it listens; return where."""
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up and self.process.poll() is None:
            for line in self.log.read_text().splitlines():
                if '"listening"' in line:
                    return str(json.loads(line)["url"])
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def end(self) -> float:
        """Ask it to end, insist on code 0, and return how many seconds that took."""
        began = time.monotonic()
        self.process.terminate()
        assert self.process.wait(20) == 0, self.log.read_text()
        return time.monotonic() - began


@contextmanager
def bare_server(folder: Path, environ: Mapping[str, str], first: str = "") -> Iterator[BareServer]:
    """Run one for the block; `first` is Python that it runs before."""
    (folder / "ennio.toml").write_text('port = 0\ndata_dir = "state"\n')
    log, env = folder / "log", {**os.environ, **environ}
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", first + _START], cwd=folder, env=env, stderr=file)
    try:
        yield BareServer(process, log)
    finally:
        process.kill()
        process.wait()
