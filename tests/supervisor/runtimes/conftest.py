import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.ids import SessionId
from ennio.supervisor.protocols import Terminal
from ennio.supervisor.records import Hold, Launch
from ennio.supervisor.runtimes.process import ProcessRuntime

PATIENT = 20
HOSTILE_AGENT = Path(__file__).parent.parent / "hosts" / "hostile_agent.py"


class Trial:
    """A folder in which agents run, what they are started with, and the truth about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.note = folder / "pids"

    def order(self, *argv: str, incarnation: int = 1, keep: int = 10_000_000, **more: object) -> Launch:
        name = str(more.pop("name", "app-1"))
        folder = str(self.folder / "sessions" / name)
        hold = Hold(SessionId(name), incarnation, folder, keep, grace=1, orphan_timeout=20)
        return Launch(hold, argv, {"PATH": os.environ["PATH"]}, str(self.folder), **more)  # type: ignore[arg-type]

    def shell(self, script: str, **more: object) -> Launch:
        return self.order("sh", "-c", script, **more)  # type: ignore[arg-type]

    def hostile(self, mode: str, **more: object) -> Launch:
        return self.order(sys.executable, "-IS", str(HOSTILE_AGENT), mode, str(self.note), **more)  # type: ignore[arg-type]

    def run_folder(self, launch: Launch) -> Path:
        return Path(launch.hold.folder) / "run"

    def noted(self) -> set[int]:
        return {int(pid) for pid in self.note.read_text().split()} if self.note.exists() else set()

    async def noted_as_many_as(self, count: int) -> set[int]:
        with trio.fail_after(PATIENT):
            while len(self.noted()) < count:  # noqa: ASYNC110 - another process does it
                await trio.sleep(0.01)
        return self.noted()

    async def nothing_is_left(self) -> None:
        assert self.noted()
        assert alive(self.noted()) == set()
        before = self.noted()
        await trio.sleep(0.05)
        assert self.noted() == before, "something forked after its end"

    async def everything(self, terminal: Terminal) -> bytes:
        said, cursor = b"", terminal.handle.output_start
        with trio.fail_after(PATIENT):
            while (chunk := await terminal.read(cursor)).data:
                said, cursor = said + chunk.data, chunk.end
        return said

    async def said(self, terminal: Terminal, words: bytes) -> None:
        """Wait until the agent has said this."""
        said, cursor = b"", terminal.handle.output_start
        with trio.fail_after(PATIENT):
            while words not in said:
                chunk = await terminal.read(cursor)
                assert chunk.data, f"it only said {said!r}"
                said, cursor = said + chunk.data, chunk.end

    async def end(self, terminal: Terminal) -> None:
        with trio.fail_after(PATIENT):
            await terminal.stop(0)
            await terminal.aclose()

    alive = staticmethod(lambda pids: alive(set(pids)))


def alive(pids: set[int]) -> set[int]:
    def lives(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in b"ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False

    return set(filter(lives, pids))


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


@pytest.fixture
async def host() -> AsyncIterator[LocalHost]:
    """This machine, without control groups."""
    host = LocalHost(cgroup_root=None)
    yield host
    await host.aclose()


@pytest.fixture
def runtime(host: LocalHost, nursery: trio.Nursery) -> ProcessRuntime:
    return ProcessRuntime(host=host, nursery=nursery)
