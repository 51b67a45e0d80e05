"""Whatever a held agent does, nothing of it is left; the agents' own notes are the truth."""

import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from ennio.supervisor.hosts.cgroups import own_place
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.runtimes.held import HeldRuntime

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has subreapers")

PATIENT = 20
KILLED = {
    "its holder killed": 1,
    "its holder killed and left behind": 1,
}  # it may be ended before more is
HOSTILE = {  # and how many processes it is at least
    "deaf child": 2,
    "orphan": 2,
    "other group": 2,
    "daemon": 2,
    "deaf daemon left behind": 1,
    "stopped in a session of its own": 2,
    "all stopped": 2,
    "scrubbed": 2,
    "scrubbed and left behind": 1,
    "its own subreaper": 2,
    "bomb": 20,
    "runaway": 2,
    "its holder stopped": 2,
    **KILLED,
}


@pytest.fixture(params=["shim+marker", "cgroup+shim"])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[LocalHost]:
    host = LocalHost(cgroup_root=own_place() if request.param == "cgroup+shim" else None)
    if host.containment != request.param:
        pytest.skip("no control group can be made here")
    yield host
    await host.aclose()


@pytest.fixture
def runtime(host: LocalHost, nursery: trio.Nursery) -> HeldRuntime:
    return HeldRuntime(host, nursery)


@pytest.mark.parametrize("grace", [0.0, 0.2])
@pytest.mark.parametrize(("mode", "processes"), HOSTILE.items())
async def test_nothing_is_left_of_a_hostile_agent(
    mode: str, processes: int, grace: float, runtime: HeldRuntime, trial
) -> None:
    terminal = await runtime.launch(trial.hostile(mode))
    await trial.noted_as_many_as(processes)
    with trio.fail_after(PATIENT):
        await terminal.stop(grace)
    await trial.nothing_is_left()
    assert terminal.survivors() == ()
    await terminal.aclose()


@pytest.mark.parametrize("mode", KILLED)
async def test_an_agent_that_kills_its_holder_is_ended_though_nobody_asked(
    mode: str, runtime: HeldRuntime, trial
) -> None:
    terminal = await runtime.launch(trial.hostile(mode))
    noted = await trial.noted_as_many_as(KILLED[mode])
    with trio.fail_after(PATIENT):
        assert await terminal.wait() is None
        while trial.alive(noted):  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
    await terminal.stop(5)
    await trial.nothing_is_left()
    await terminal.aclose()


async def test_a_holder_that_somebody_killed_is_found_dead_and_its_agent_ended(
    runtime: HeldRuntime, trial
) -> None:
    terminal = await runtime.launch(trial.hostile("daemon"))
    await trial.noted_as_many_as(2)
    os.kill(terminal.handle.holder, signal.SIGKILL)
    with trio.fail_after(PATIENT):
        assert await terminal.wait() is None
        await terminal.stop(5)
    await trial.nothing_is_left()
    assert (await terminal.read(0)).data == b""
    await terminal.aclose()


async def test_an_end_that_was_written_down_is_known_though_the_holder_was_killed(
    runtime: HeldRuntime, trial
) -> None:
    script = f"trap '' TERM; sh -c 'echo $$ >{trial.note}; exec sleep 20' & exit 3"
    terminal = await runtime.launch(trial.shell(script))
    await trial.noted_as_many_as(1)
    exit_file = trial.run_folder(trial.shell("")) / "exit.json"
    with trio.fail_after(PATIENT):
        while not exit_file.exists():  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.001)
    os.kill(terminal.handle.holder, signal.SIGKILL)
    with trio.fail_after(PATIENT):
        assert await terminal.wait() == 3
        await terminal.stop(5)
    await trial.nothing_is_left()
    await terminal.aclose()


async def test_an_agent_that_obeys_is_not_waited_for(runtime: HeldRuntime, trial) -> None:
    terminal = await runtime.launch(trial.hostile("child"))
    await trial.noted_as_many_as(2)
    began = time.monotonic()
    await terminal.stop(30)
    assert time.monotonic() - began < 1
    assert await terminal.wait() == -signal.SIGTERM
    await trial.nothing_is_left()
    await terminal.aclose()


async def test_what_an_agent_left_running_is_ended_when_it_ends(runtime: HeldRuntime, trial) -> None:
    terminal = await runtime.launch(trial.hostile("scrubbed and left behind"))
    noted = await trial.noted_as_many_as(1)
    with trio.fail_after(PATIENT):
        assert await terminal.wait() == 0
        while trial.alive(noted):  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
        await terminal.stop(5)
    await trial.nothing_is_left()
    await terminal.aclose()


async def test_a_second_stop_joins_the_first_and_shortens_its_grace(runtime: HeldRuntime, trial) -> None:
    terminal = await runtime.launch(trial.hostile("deaf"))
    await trial.noted_as_many_as(1)
    began = time.monotonic()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(terminal.stop, 30)
        await trio.sleep(0.05)
        nursery.start_soon(terminal.stop, 0.1)
    assert time.monotonic() - began < 5
    await trial.nothing_is_left()
    await terminal.aclose()


async def test_a_stop_whose_caller_is_gone_goes_on(runtime: HeldRuntime, trial) -> None:
    terminal = await runtime.launch(trial.hostile("deaf"))
    noted = await trial.noted_as_many_as(1)
    with trio.move_on_after(0.01):
        await terminal.stop(0.1)
    with trio.fail_after(PATIENT):
        while trial.alive(noted):  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
    await trial.end(terminal)


async def test_a_stop_works_when_the_runtime_s_own_tasks_were_cancelled(host: LocalHost, trial) -> None:
    async with trio.open_nursery() as nursery:
        terminal = await HeldRuntime(host, nursery).launch(trial.hostile("deaf child"))
        await trial.noted_as_many_as(2)
        nursery.cancel_scope.cancel()
    with trio.fail_after(PATIENT):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(terminal.stop, 0.1)
            nursery.start_soon(terminal.stop, 0.1)
        assert await terminal.wait() == -signal.SIGKILL
    await trial.nothing_is_left()
    await terminal.aclose()


async def test_an_agent_that_is_let_go_of_lives_on_until_its_holder_has_no_patience(
    host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    launch = trial.hostile("daemon")
    terminal = await runtime.launch(launch)
    noted = await trial.noted_as_many_as(2)
    await terminal.aclose()
    await trio.sleep(0.1)
    assert trial.alive(noted) == noted
    again = await runtime.adopt(launch.hold, terminal.handle)
    await again.stop(1)
    await trial.nothing_is_left()
    await again.aclose()


async def test_a_tree_beside_it_is_left_alone(runtime: HeldRuntime, trial, tmp_path: Path) -> None:
    neighbour = await runtime.launch(trial.shell(f"echo $$ >{tmp_path}/n; exec sleep 20", name="app-2"))
    for mode, processes in KILLED.items():
        terminal = await runtime.launch(trial.hostile(mode))
        await trial.noted_as_many_as(processes)
        await terminal.stop(0)
        await terminal.aclose()
    assert trial.alive({neighbour.handle.pid})
    await trial.nothing_is_left()
    await trial.end(neighbour)


async def test_no_control_group_is_left_when_the_last_agent_ends_after_its_host(
    host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    folder = f"ennio-{host._instance}"
    terminals = [await runtime.launch(trial.shell("exec sleep 20", name=name)) for name in ("a", "b")]
    place = own_place()
    grouped = bool(place and (place / folder).exists())
    assert grouped == (host.containment == "cgroup+shim")
    await host.aclose()
    for terminal in terminals:
        await trial.end(terminal)
    assert not (place and (place / folder).exists())
