"""A server was killed; the next one takes its agents over, and touches nothing that is not proved one."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from ennio.supervisor.errors import Conflict
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.records import Handle
from ennio.supervisor.runtimes.held import HeldRuntime

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has subreapers")

PATIENT = 20
ECHO = ("sh", "-c", "while read line; do echo got $line; done; exit 7")


INSTANCE = secrets.token_hex(4)
"""Other runs of these tests must not take our agents for theirs."""


@pytest.fixture
async def host() -> AsyncIterator[LocalHost]:
    host = LocalHost(INSTANCE, cgroup_root=None)
    yield host
    await host.aclose()


@pytest.fixture
def runtime(host: LocalHost, nursery: trio.Nursery) -> HeldRuntime:
    return HeldRuntime(host, nursery)


class Server:
    """A server that has started its agents."""

    def __init__(self, folder: Path, argv: tuple[str, ...], count: int) -> None:
        script = Path(__file__).with_name("short_lived_server.py")
        command = [sys.executable, str(script), str(folder), INSTANCE, str(count), *argv]
        self.init = subprocess.Popen(command, stdout=subprocess.PIPE)
        with self.init.stdout or nullcontext(b"") as told:
            self.pid, handles = json.loads(told.readline())
        self.handles = [Handle(**handles[f"app-{number}"]) for number in range(1, count + 1)]


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(folder: Path, *argv: str, count: int = 1) -> Server:
        started.append(Server(folder, argv, count))
        return started[-1]

    yield start
    for each in started:
        each.init.kill()
        each.init.wait()


@pytest.fixture
def orphaned(server) -> Callable[..., Awaitable[list[Handle]]]:
    """Have agents started by a server that is dead then."""

    async def live_and_die(folder: Path, *argv: str, count: int = 1) -> list[Handle]:
        dead = await trio.to_thread.run_sync(partial(server, folder, *argv, count=count))
        os.kill(dead.pid, signal.SIGKILL)
        return dead.handles

    return live_and_die


@contextmanager
def bystander(*argv: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(argv, cwd=cwd) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("told", [True, False])
async def test_an_agent_is_taken_over_with_its_output_and_its_input(
    orphaned, told: bool, runtime: HeldRuntime, trial
) -> None:
    (handle,) = await orphaned(trial.folder, *ECHO)
    terminal = await runtime.adopt(trial.order("").hold, handle if told else None)
    assert terminal.handle == handle
    assert terminal.taken == 1
    await terminal.write(b"two\n", lambda: None)
    await trial.said(terminal, b"got one\ngot two\n")
    with trio.fail_after(PATIENT):
        await terminal.stop(5)
        assert await terminal.wait() == -signal.SIGTERM
    assert not trial.alive({handle.pid, handle.holder})
    await terminal.aclose()


async def test_an_agent_that_ended_meanwhile_tells_all_it_said_and_how_it_ended(
    orphaned, runtime: HeldRuntime, trial
) -> None:
    (handle,) = await orphaned(trial.folder, "sh", "-c", "read line; sleep 0.2; echo late; exit 7")
    with trio.fail_after(PATIENT):
        while trial.alive({handle.holder}):  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
        for known in (handle, None):
            terminal = await runtime.adopt(trial.order("").hold, known)
            assert await terminal.wait() == 7
            assert await trial.everything(terminal) == b"late\n"
            with pytest.raises(Conflict, match="app-1"):
                await terminal.write(b"more", lambda: None)
            await terminal.stop(5)
            await terminal.aclose()


async def test_an_agent_that_ends_later_is_reaped_with_its_exit_code(
    orphaned, runtime: HeldRuntime, trial
) -> None:
    await orphaned(trial.folder, "sh", "-c", "read line; read line; exit 7")
    terminal = await runtime.adopt(trial.order("").hold, None)
    await terminal.write(b"go\n", lambda: None)
    with trio.fail_after(PATIENT):
        assert await terminal.wait() == 7
        await terminal.stop(5)
    await terminal.aclose()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("mode", ["daemon", "other session", "deaf child", "scrubbed"])
async def test_what_is_left_when_server_and_holder_were_killed_is_found_and_ended(
    mode: str, told: bool, server, runtime: HeldRuntime, trial
) -> None:
    dying = await trio.to_thread.run_sync(server, trial.folder, *trial.hostile(mode).argv)
    (handle,) = dying.handles
    noted = await trial.noted_as_many_as(2)
    if mode == "scrubbed":  # only what the server has seen of it tells
        sessions = {os.getsid(pid) for pid in noted}
        seen = trial.run_folder(trial.order("")) / "seen"
        with trio.fail_after(PATIENT):
            while not (seen.exists() and sessions <= set(map(int, seen.read_text().split()[::2]))):  # noqa: ASYNC110 - the server does it
                await trio.sleep(0.01)
    os.kill(dying.pid, signal.SIGKILL)
    os.kill(handle.holder, signal.SIGKILL)
    terminal = await runtime.adopt(trial.order("").hold, handle if told else None)
    with trio.fail_after(PATIENT):
        assert await terminal.wait() is None
        await terminal.stop(1)
    await trial.nothing_is_left()
    await terminal.aclose()


async def test_a_stranger_whom_the_agent_wrote_down_as_its_own_is_left_alone(
    orphaned, runtime: HeldRuntime, trial
) -> None:
    (handle,) = await orphaned(trial.folder, *ECHO)
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as stranger:  # noqa: ASYNC220 - none of ours
        start = Path(f"/proc/{stranger.pid}/stat").read_text().rpartition(")")[2].split()[19]
        (trial.run_folder(trial.order("")) / "seen").write_text(f"{stranger.pid} {start}\n")
        terminal = await runtime.adopt(trial.order("").hold, handle)
        await trial.end(terminal)
        assert stranger.poll() is None
        stranger.kill()


async def test_a_holder_that_was_stopped_is_let_go_on_and_taken_over(
    orphaned, runtime: HeldRuntime, trial
) -> None:
    (handle,) = await orphaned(trial.folder, *ECHO)
    os.kill(handle.holder, signal.SIGSTOP)
    with trio.fail_after(PATIENT):
        terminal = await runtime.adopt(trial.order("").hold, handle)
        await terminal.write(b"two\n", lambda: None)
    await trial.said(terminal, b"got two\n")
    await trial.end(terminal)


async def test_a_holder_whose_door_is_gone_is_ended_since_nobody_can_own_it(
    orphaned, runtime: HeldRuntime, trial
) -> None:
    script = f"echo $$ >{trial.note}; rm -r sessions/app-1/run; sleep 20"
    (handle,) = await orphaned(trial.folder, "sh", "-c", script)
    with trio.fail_after(PATIENT):
        while trial.run_folder(trial.order("")).exists():  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
        terminal = await runtime.adopt(trial.order("").hold, handle)
        await terminal.wait()
        await terminal.stop(0)
    assert not trial.alive({handle.holder, handle.pid})
    await terminal.aclose()


async def test_a_holder_whose_door_is_gone_is_still_ended(orphaned, runtime: HeldRuntime, trial) -> None:
    script = f"echo $$ >{trial.note}; read line; rm -r sessions/app-1/run; sleep 20"
    (handle,) = await orphaned(trial.folder, "sh", "-c", script)
    with trio.fail_after(PATIENT):
        while trial.run_folder(trial.order("")).exists():  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
        terminal = await runtime.adopt(trial.order("").hold, handle)
        await terminal.stop(0.1)
        assert not trial.alive({handle.holder, handle.pid})
        await terminal.aclose()


async def test_who_takes_the_connection_away_does_not_keep_it(orphaned, runtime: HeldRuntime, trial) -> None:
    (handle,) = await orphaned(trial.folder, *ECHO)
    terminal = await runtime.adopt(trial.order("").hold, handle)
    thief = await HeldRuntime(LocalHost(INSTANCE, cgroup_root=None), runtime._nursery).adopt(
        trial.order("").hold, handle
    )
    await thief.aclose()
    with trio.fail_after(PATIENT):
        await terminal.write(b"two\n", lambda: None)
        await trial.said(terminal, b"got two\n")
    await trial.end(terminal)


async def test_a_hundred_are_taken_over_at_once(
    orphaned, host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    count = 100
    handles = await orphaned(trial.folder, *ECHO, count=count)
    terminals = []

    async def adopt(number: int, handle: Handle) -> None:
        terminals.append(await runtime.adopt(trial.order("", name=f"app-{number}").hold, handle))

    began = time.monotonic()
    async with trio.open_nursery() as nursery:
        for number, handle in enumerate(handles, 1):
            nursery.start_soon(adopt, number, handle)
    took = time.monotonic() - began
    await host.survey()
    usages = [terminal.usage() for terminal in terminals]
    with trio.fail_after(PATIENT):
        async with trio.open_nursery() as nursery:
            for terminal in terminals:
                nursery.start_soon(terminal.stop, 2)
    for terminal in terminals:
        await terminal.aclose()
    assert {terminal.taken for terminal in terminals} == {1}
    assert all(usage and usage.processes == 1 and usage.memory_bytes > 0 for usage in usages)
    assert trial.alive({handle.pid for handle in handles} | {handle.holder for handle in handles}) == set()
    assert took < 2  # it is about 0.05 s; the machine may be busy


# What is not proved


def other(field: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state.update({field: value})


FORGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "as it was": lambda state: None,
    "another boot": other("boot_id", "0"),
    "another incarnation": other("incarnation", 2),
    "another session": other("session_id", "app-2"),
    "another version": other("version", 2),
    "no start": lambda state: state.update(holder=[state["holder"][0], 0], agent=[state["agent"][0], 0]),
    "another start": lambda state: state.update(
        holder=[state["holder"][0], state["holder"][1] - 1], agent=[state["agent"][0], state["agent"][1] + 1]
    ),
    "pids alone": lambda state: state.update(holder=state["holder"][0], agent=state["agent"][0]),
    "init": other("holder", [1, 1]),
    "a cgroup of all": other("cgroup", "/sys/fs/cgroup"),
    "numbers that are none": other("holder", [True, 1.5]),
    "nothing": dict.clear,
}


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("forged", FORGED)
async def test_a_process_that_a_forged_state_names_is_never_signalled(
    forged: str, told: bool, host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    with bystander("sleep", "20") as victim:
        fields = Path(f"/proc/{victim.pid}/stat").read_text().rpartition(") ")[2].split()
        state = {
            "version": 1,
            "session_id": "app-1",
            "incarnation": 1,
            "holder": [victim.pid, int(fields[19])],
            "agent": [victim.pid, int(fields[19])],
            "boot_id": host.boot_id,
            "output_start": 0,
        }
        FORGED[forged](state)
        folder = trial.run_folder(trial.order(""))
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(json.dumps(state))
        (folder / "seen").write_text(f"{victim.pid} {int(fields[19]) - 1}\n1 0\n{os.getsid(0)} 1\n")
        real = Handle(victim.pid, int(fields[19]), host.boot_id, 1, 0, victim.pid, int(fields[19]))
        stale = replace(real, start=real.start - 1, holder_start=real.holder_start - 1)
        terminal = await runtime.adopt(trial.order("").hold, stale if told else None)
        with trio.fail_after(PATIENT):
            assert await terminal.wait() is None
            await terminal.stop(0)
            await terminal.aclose()
        assert victim.poll() is None
        assert Path(f"/proc/{victim.pid}/stat").read_text().rpartition(") ")[2].startswith("S")


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b'{"version": 1}', b"null"])
async def test_garbage_in_the_run_folder_is_nobody(content: bytes, runtime: HeldRuntime, trial) -> None:
    folder = trial.run_folder(trial.order(""))
    folder.mkdir(parents=True)
    for name in ("state.json", "exit.json", "seen"):
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "control")
    terminal = await runtime.adopt(trial.order("").hold, None)
    with trio.fail_after(PATIENT):
        assert await terminal.wait() is None
        await trial.end(terminal)


async def test_nobody_waits_for_files_that_are_none(runtime: HeldRuntime, trial) -> None:
    folder = trial.run_folder(trial.order(""))
    folder.mkdir(parents=True)
    os.mkfifo(folder / "state.json")
    os.symlink("/proc/self/environ", folder / "exit.json")
    with trio.fail_after(PATIENT):
        terminal = await runtime.adopt(trial.order("").hold, None)
        assert await terminal.wait() is None
        await trial.end(terminal)


async def test_whoever_else_listens_at_the_door_is_not_connected(
    orphaned, runtime: HeldRuntime, trial
) -> None:
    (handle,) = await orphaned(trial.folder, *ECHO)
    folder = trial.run_folder(trial.order(""))
    (folder / "control").unlink()
    listen = (
        "import socket as s, time; d = s.socket(s.AF_UNIX); d.bind('control'); d.listen(); time.sleep(20)"
    )
    with bystander(sys.executable, "-c", listen, cwd=folder) as impostor:
        with trio.fail_after(PATIENT):
            while not (folder / "control").exists():  # noqa: ASYNC110 - another process does it
                await trio.sleep(0.01)
            for known in (None, handle):
                terminal = await runtime.adopt(trial.order("").hold, known)
                await trial.end(terminal)
        assert impostor.poll() is None
    assert not trial.alive({handle.pid})
