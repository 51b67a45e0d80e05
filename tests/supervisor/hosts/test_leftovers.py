"""What a server that was killed left of its commands is ended by the next one, and nothing else is."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from ennio.supervisor.hosts.local import LocalHost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the truth is read from /proc")

SERVER = """
import os, sys, trio
from ennio.supervisor.hosts.local import LocalHost
script = "echo $$ >>pids; setsid sh -c 'echo $$ >>pids; exec sleep 20' & exec sleep 20"
trio.run(lambda: LocalHost(sys.argv[1], cgroup_root=None).run(["sh", "-c", script], cwd=sys.argv[2]))
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in b"ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def killed_in_the_middle(instance: str, folder: Path) -> set[int]:
    """Return what is left of a server that was killed while it ran a command."""
    with subprocess.Popen([sys.executable, "-c", SERVER, instance, str(folder)]) as server:  # noqa: ASYNC220
        pids = folder / "pids"
        with trio.fail_after(20):
            while not pids.exists() or len(pids.read_text().split()) < 2:  # noqa: ASYNC110
                await trio.sleep(0.01)
        server.kill()
    left = set(map(int, pids.read_text().split()))
    assert all(map(alive, left))
    return left


async def test_the_next_server_ends_them_and_no_other_s(tmp_path: Path) -> None:
    for name in ("ours", "others"):
        (tmp_path / name).mkdir()
    name = secrets.token_hex(4)
    ours = await killed_in_the_middle(name, tmp_path / "ours")
    others = await killed_in_the_middle(f"{name}2", tmp_path / "others")
    with trio.fail_after(20):
        await LocalHost(name, cgroup_root=None).end_leftovers()
    assert not any(map(alive, ours))
    assert all(map(alive, others))
    with trio.fail_after(20):
        await LocalHost(f"{name}2", cgroup_root=None).end_leftovers()
    assert not any(map(alive, others))


async def test_whoever_carries_a_mark_is_ended_and_a_longer_mark_is_another(tmp_path: Path) -> None:
    def sleeper(mark: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["sleep", "20"], env={**os.environ, "ENNIO_MARK": mark}, start_new_session=True
        )

    mark = f"{secrets.token_hex(4)}/app-1.1"
    with sleeper(mark) as marked, sleeper(f"{mark}1") as other:
        with trio.fail_after(20):
            await LocalHost(cgroup_root=None).end_marked(mark)
        assert not alive(marked.pid)
        assert alive(other.pid)
        other.kill()
