"""Whatever an agent does, nothing of it is left; the agents' own notes are the truth."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
import trio

from ennio.supervisor.hosts import census, kin, portable, table
from ennio.supervisor.hosts.child import LocalProcess
from ennio.supervisor.hosts.local import LocalHost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the truth is read from /proc")

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


def noted(file: Path) -> set[int]:
    return {int(pid) for pid in file.read_text().split()} if file.exists() else set()


def alive(pids: set[int]) -> set[int]:
    def lives(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in b"ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False

    return set(filter(lives, pids))


def exist(pids: set[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


async def start(host: LocalHost, mode: str, file: Path, processes: int = 1) -> LocalProcess:
    argv = [sys.executable, "-IS", str(AGENT), mode, str(file)]
    process = await host.open(argv, cwd=str(file.parent), env={"PATH": os.environ["PATH"]}, mark=str(file))
    with trio.fail_after(10):
        while len(noted(file)) < processes:  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
    return process


async def nothing_is_left(file: Path) -> None:
    assert alive(noted(file)) == set()
    before = noted(file)
    await trio.sleep(0.05)
    assert noted(file) == before, "something forked after its end"


@pytest.mark.parametrize("grace", [0.0, 0.2])
@pytest.mark.parametrize(("mode", "processes"), HOSTILE.items())
async def test_nothing_is_left_of_a_hostile_agent(
    mode: str, processes: int, grace: float, tmp_path: Path
) -> None:
    process = await start(LocalHost(), mode, tmp_path / "pids", processes)
    with trio.fail_after(20):
        await process.stop(grace)
    await nothing_is_left(tmp_path / "pids")
    assert process.survivors() == ()
    await process.aclose()


@pytest.mark.parametrize("mode", ["deaf child", "orphan", "daemon", "deaf daemon left behind", "stopped"])
async def test_a_system_without_proc_ends_all_but_what_hides(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = LocalHost()
    monkeypatch.setattr(census.CENSUS, "adopts", False)
    for name in table.__all__:
        monkeypatch.setattr(table, name, getattr(portable, name))
    monkeypatch.setattr(kin, "send", portable.send)
    process = await start(host, mode, tmp_path / "pids", HOSTILE[mode])
    with trio.fail_after(20):
        await process.stop(0.1)
    await nothing_is_left(tmp_path / "pids")
    await process.aclose()


async def test_an_agent_that_obeys_is_not_waited_for(tmp_path: Path) -> None:
    process = await start(LocalHost(), "child", tmp_path / "pids", 2)
    began = time.monotonic()
    await process.stop(30)
    assert time.monotonic() - began < 1
    assert await process.wait() == -signal.SIGTERM
    await nothing_is_left(tmp_path / "pids")
    await process.aclose()


async def test_an_agent_is_asked_once_and_its_last_words_are_heard(tmp_path: Path) -> None:
    asked = "trap 'echo asked; sleep 0.2; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    process = await LocalHost().open(
        ["sh", "-c", asked], cwd=str(tmp_path), env=dict(os.environ), mark="once"
    )
    assert await process.read(100) == b"ready\n"
    await process.stop(10)
    assert await process.wait() == 3
    assert (await process.read(100)).count(b"asked") == 1
    await process.aclose()


async def test_forty_trees_end_at_once_and_the_event_loop_stays_quick(tmp_path: Path) -> None:
    host, pauses = LocalHost(), list[float]()

    async def tick() -> None:
        while True:
            began = time.monotonic()
            await trio.sleep(0.005)
            pauses.append(time.monotonic() - began)

    files = [tmp_path / f"pids{number}" for number in range(40)]
    modes = ["deaf child", "daemon", "other session", "stopped"]
    processes = [await start(host, modes[n % 4], file, 2) for n, file in enumerate(files)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        with trio.fail_after(20):
            async with trio.open_nursery() as stopping:
                for process in processes:
                    stopping.start_soon(process.stop, 0.3)
        nursery.cancel_scope.cancel()
    for file, process in zip(files, processes, strict=True):
        assert len(noted(file)) >= 2
        assert alive(noted(file)) == set()
        await process.aclose()
    assert sorted(pauses)[int(len(pauses) * 0.9)] < 0.1


async def test_a_tree_beside_it_is_left_alone(tmp_path: Path) -> None:
    host = LocalHost()
    neighbour = await start(host, "daemon", tmp_path / "neighbour", 2)
    process = await start(host, "runaway", tmp_path / "pids", 2)
    await process.stop(0)
    assert alive(noted(tmp_path / "neighbour")) == noted(tmp_path / "neighbour")
    await neighbour.stop(0)
    await nothing_is_left(tmp_path / "neighbour")
    await process.aclose()
    await neighbour.aclose()


async def test_a_second_stop_joins_the_first_and_shortens_its_grace(tmp_path: Path) -> None:
    process = await start(LocalHost(), "deaf", tmp_path / "pids")
    began = time.monotonic()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(process.stop, 30)
        await trio.sleep(0.05)
        nursery.start_soon(process.stop, 0.1)
    assert time.monotonic() - began < 5
    await nothing_is_left(tmp_path / "pids")
    await process.stop(30)
    await process.aclose()


async def test_when_the_first_stop_is_cancelled_the_second_goes_on(tmp_path: Path) -> None:
    process = await start(LocalHost(), "deaf", tmp_path / "pids")
    async with trio.open_nursery() as nursery:
        first = trio.CancelScope()

        async def stop_in(scope: trio.CancelScope) -> None:
            with scope:
                await process.stop(0.3)

        nursery.start_soon(stop_in, first)
        await trio.sleep(0.05)
        nursery.start_soon(stop_in, trio.CancelScope())
        await trio.sleep(0.05)
        first.cancel()
    await nothing_is_left(tmp_path / "pids")
    await process.aclose()


async def test_what_cannot_be_ended_is_named_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await start(LocalHost(), "deaf", tmp_path / "pids")
    async with trio.open_nursery() as nursery:
        with monkeypatch.context() as powerless:
            powerless.setattr(kin, "send", lambda entry, number: None)
            powerless.setattr(os, "killpg", lambda group, number: None)
            nursery.start_soon(process.stop, 0)
            await trio.sleep(0.2)
            (survivor,) = process.survivors()
        assert (survivor.pid, survivor.uid) == (process.pid, os.getuid())
        assert survivor.command.startswith("python")
        assert survivor.state in "RS"
    assert process.survivors() == ()
    await nothing_is_left(tmp_path / "pids")
    await process.aclose()


async def test_a_pid_that_was_given_out_again_is_not_signalled(tmp_path: Path) -> None:
    process = await start(LocalHost(), "live", tmp_path / "pids")
    entry = table.look(process.pid)
    assert entry
    table.send(entry._replace(start=entry.start - 1), signal.SIGKILL)
    with trio.move_on_after(0.1):
        await process.wait()
    assert alive({process.pid})
    await process.stop(0)
    await process.aclose()


async def test_letting_go_of_a_tree_that_nobody_ended_ends_it(tmp_path: Path) -> None:
    process = await start(LocalHost(), "daemon", tmp_path / "pids", 2)
    with trio.CancelScope() as scope:
        scope.cancel()
        await process.aclose()
    await nothing_is_left(tmp_path / "pids")


async def test_orphans_that_die_by_themselves_are_reaped(tmp_path: Path) -> None:
    host, file = LocalHost(), tmp_path / "pids"
    script = f"(setsid sh -c 'echo $$ >{file}; sleep 0.1' &) ; exec sleep 20"
    process = await host.open(["sh", "-c", script], cwd=str(tmp_path), env=dict(os.environ), mark="orphans")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run_forever)
        with trio.fail_after(10):
            while not noted(file) or exist(noted(file)):  # noqa: ASYNC110 - another process does it
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
    await process.stop(0)
    await process.aclose()
