"""Whatever an agent does, nothing of it is left; the agents' own notes are the truth."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from ennio.supervisor.hosts import census, kin, portable, table
from ennio.supervisor.hosts.child import LocalProcess
from ennio.supervisor.hosts.local import LocalHost

AGENT = Path(__file__).with_name("hostile_agent.py")

HOSTILE = {  # and how many processes it is at least
    "deaf": 1,
    "deaf child": 2,
    "orphan": 2,
    "other group": 2,
    "other session": 2,
    "daemon": 2,
    "deaf daemon left behind": 1,
    "stopped": 2,
    "stopped in a session of its own": 2,
    "all stopped": 2,
    "scrubbed": 2,
    "scrubbed and left behind": 1,
    "its own subreaper": 2,
    "bomb": 20,
    "runaway": 2,
}

Notes = Callable[[], set[int]]


def noted(file: Path) -> set[int]:
    return {int(pid) for pid in file.read_text().split()} if file.exists() else set()


def alive(pids: set[int]) -> set[int]:
    def lives(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in b"ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False

    return set(filter(lives, pids))


async def start(host: LocalHost, mode: str, file: Path, processes: int = 1) -> LocalProcess:
    argv = [sys.executable, "-IS", str(AGENT), mode, str(file)]
    process = await host.open(argv, cwd=str(file.parent), env={"PATH": os.environ["PATH"]}, mark=file.name)
    with trio.fail_after(10):
        while len(noted(file)) < processes:
            await trio.sleep(0.01)
    return process


async def nothing_is_left(file: Path) -> None:
    assert alive(noted(file)) == set()
    before = noted(file)
    await trio.sleep(0.05)
    assert noted(file) == before, "something forked after its end"


@pytest.mark.parametrize("grace", [0.0, 0.3])
@pytest.mark.parametrize(("mode", "processes"), HOSTILE.items())
async def test_nothing_is_left_of_a_hostile_agent(
    mode: str, processes: int, grace: float, tmp_path: Path
) -> None:
    process = await start(LocalHost(), mode, tmp_path / "pids", processes)
    with trio.fail_after(10):
        await process.stop(grace)
    await nothing_is_left(tmp_path / "pids")
    assert process.survivors() == ()
    await process.aclose()
