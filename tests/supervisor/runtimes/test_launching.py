"""Starting held agents: many at once, again, cancelled at any moment, refused; nothing is ever left."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import AgentMissing, Conflict, EnnioError, Invalid, Unavailable
from ennio.supervisor.hosts import zygote
from ennio.supervisor.hosts.cgroups import own_place
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.runtimes.held import HeldRuntime

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has subreapers")

PATIENT = 20


@pytest.fixture
def runtime(host: LocalHost, nursery: trio.Nursery) -> HeldRuntime:
    return HeldRuntime(host, nursery)


def shims() -> set[int]:
    """The shims that are our children, dead ones that nobody has reaped too."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            if Path(f"/proc/{pid}/comm").read_text().startswith("ennio-shim"):
                found.add(int(pid))
    return found


async def nothing_is_left(host: LocalHost, trial) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run_forever)
        with trio.fail_after(PATIENT):
            while trial.alive(trial.noted()) or shims():  # noqa: ASYNC110 - the kernel does it
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


@contextmanager
def cancelled_at(step: int) -> Iterator[trio.CancelScope]:
    """Cancel the block when its task has been resumed so many times."""
    task = trio.lowlevel.current_task()

    class Canceller(trio.abc.Instrument):
        left = step

        def before_task_step(self, resumed: trio.lowlevel.Task) -> None:
            if resumed is task:
                self.left -= 1
                if self.left == 0:
                    scope.cancel()

    canceller = Canceller()
    trio.lowlevel.add_instrument(canceller)
    try:
        with trio.CancelScope() as scope:
            yield scope
    finally:
        trio.lowlevel.remove_instrument(canceller)


async def test_a_launch_that_is_cancelled_at_any_step_leaves_nothing(
    host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    launch = trial.shell(f"echo $$ >>{trial.note}; exec sleep 20")
    steps = 0
    while True:
        steps += 1
        terminal = None
        if steps % 2:  # every other time with a zygote to be started
            await host.aclose()
        with cancelled_at(steps) as scope:
            terminal = await runtime.launch(launch)
        if terminal:
            await trial.end(terminal)
        if not scope.cancel_called:
            break
        await trio.lowlevel.checkpoint()
    assert steps > 5
    await nothing_is_left(host, trial)


@pytest.mark.parametrize("delay", [0.0005, 0.001, 0.002, 0.003, 0.005])
async def test_a_launch_that_is_cancelled_at_any_time_leaves_nothing(
    delay: float, host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    await trial.end(await runtime.launch(trial.shell("exit")))
    terminal = None
    with trio.move_on_after(delay):
        terminal = await runtime.launch(trial.shell(f"echo $$ >>{trial.note}; exec sleep 20"))
    if terminal:
        await trial.end(terminal)
    await nothing_is_left(host, trial)


async def test_forty_are_started_at_once_and_leave_no_descriptor(
    host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    said = {}

    async def live(number: int) -> None:
        launch = trial.shell(f"echo $$ >>{trial.note}; echo {number}; read line", name=f"app-{number}")
        terminal = await runtime.launch(launch)
        await trial.said(terminal, b"\n")
        await terminal.write(b"\n", lambda: None)
        said[number] = await trial.everything(terminal)
        assert await terminal.wait() == 0
        await trial.end(terminal)

    async def forty(first: int) -> int:
        with trio.fail_after(PATIENT):
            async with trio.open_nursery() as nursery:
                for number in range(first, first + 40):
                    nursery.start_soon(live, number)
        return len(os.listdir("/proc/self/fd"))

    assert await forty(0) == await forty(40)
    assert said == {number: b"%d\n" % number for number in range(80)}
    await nothing_is_left(host, trial)


async def test_a_zygote_that_was_killed_is_replaced(host: LocalHost, runtime: HeldRuntime, trial) -> None:
    first = await runtime.launch(trial.shell("exec sleep 20"))
    killed = host._zygote.pid
    assert killed
    os.kill(killed, signal.SIGKILL)
    second = await runtime.launch(trial.shell("exec sleep 20", name="app-2"))
    assert host._zygote.pid not in {None, killed}
    await trial.end(first)
    await trial.end(second)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run_forever)
        await trio.sleep(0.05)
        os.kill(host._zygote.pid, signal.SIGKILL)
        with trio.fail_after(PATIENT):
            while host._zygote.pid in {None, killed}:  # noqa: ASYNC110 - another task does it
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_a_zygote_that_was_stopped_is_let_go_on(
    host: LocalHost, runtime: HeldRuntime, trial, nursery: trio.Nursery
) -> None:
    nursery.start_soon(host.run_forever)
    with trio.fail_after(PATIENT):
        while host._zygote.pid is None:  # noqa: ASYNC110 - another task does it
            await trio.sleep(0.01)
        os.kill(host._zygote.pid, signal.SIGSTOP)
        await trial.end(await runtime.launch(trial.shell("exec sleep 20")))
    nursery.cancel_scope.cancel()


async def test_a_zygote_that_cannot_be_started_is_said_so(
    runtime: HeldRuntime, trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zygote, "bootstrap", lambda: "/nowhere")
    with pytest.raises(Unavailable, match="holder"):
        await runtime.launch(trial.shell("exit"))
    monkeypatch.undo()
    await trial.end(await runtime.launch(trial.shell("exit")))


async def test_each_incarnation_starts_afresh_and_ends_what_the_one_before_left(
    runtime: HeldRuntime, trial
) -> None:
    first = await runtime.launch(trial.hostile("deaf child"))
    await trial.noted_as_many_as(2)
    await first.aclose()  # as a server does that dies
    second = await runtime.launch(trial.shell("read line; echo got $line", incarnation=2))
    await trial.nothing_is_left()
    assert second.taken == 0
    await second.write(b"this\n", lambda: None)
    assert await trial.everything(second) == b"got this\n"
    assert await second.wait() == 0
    await trial.end(second)


async def test_who_listens_in_the_run_folder_and_is_not_known_is_in_the_way(
    runtime: HeldRuntime, trial
) -> None:
    first = await runtime.launch(trial.shell("exec sleep 20"))
    (trial.run_folder(trial.shell("")) / "state.json").unlink()
    with pytest.raises(Conflict, match=str(first.handle.holder)):
        await runtime.launch(trial.shell("exec sleep 20", incarnation=2))
    await trial.end(first)


@pytest.mark.parametrize("cgroups", [True, False])
async def test_what_cannot_be_started_is_explained_and_leaves_nothing(
    cgroups: bool, nursery: trio.Nursery, trial
) -> None:
    host = LocalHost(cgroup_root=own_place() if cgroups else None)
    runtime = HeldRuntime(host, nursery)
    (trial.folder / "folder").mkdir()
    (trial.folder / "text").write_text("#!/bin/sh\n")
    cases: list[tuple[tuple[str, ...], type[EnnioError], str]] = [
        (("no-such-agent",), AgentMissing, "no-such-agent"),
        ((str(trial.folder / "folder"),), AgentMissing, "folder"),
        ((str(trial.folder / "text"),), AgentMissing, "text"),
        (("true", "a\0b"), Invalid, "true"),
        (("true", "\ud800"), Invalid, "true"),
        (("true", "x" * 10_000_000), Invalid, "true"),
        (("true", "x" * 20_000_000), Invalid, "too long"),
    ]
    for argv, error, words in cases:
        with pytest.raises(error, match=words) as caught:
            await runtime.launch(trial.order(*argv))
        assert str(trial.folder) not in str(caught.value)
    os.rename(trial.folder / "folder", trial.folder / "moved")
    launch = trial.order("true")
    with pytest.raises(Conflict, match="folder"):
        await runtime.launch(type(launch)(launch.hold, launch.argv, launch.env, f"{trial.folder}/folder"))
    await nothing_is_left(host, trial)
    assert not Path(f"{own_place()}/ennio-{host._instance}").exists()


async def test_agents_get_their_mark_their_environment_and_no_descriptor(
    host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    launch = trial.shell("echo $ENNIO_MARK ${HOME-none}; ls /proc/self/fd; ulimit -n; nice")
    terminal = await runtime.launch(launch)
    mark, *numbers = (await trial.everything(terminal)).decode().splitlines()
    assert mark == f"{host.mark(launch.hold)} none"
    assert numbers[:3] == ["0", "1", "2"]
    assert numbers[-1] == str(os.nice(0) + 10)
    await trial.end(terminal)


@pytest.mark.parametrize(("signal_name", "times"), [("KILL", 10), ("STOP", 2)])
async def test_an_agent_that_strikes_its_holder_at_once_was_started_and_is_ended(
    signal_name: str, times: int, host: LocalHost, runtime: HeldRuntime, trial
) -> None:
    script = f"kill -{signal_name} $PPID; echo $$ >>{trial.note}; exec sleep 20"
    for incarnation in range(1, times + 1):
        terminal = await runtime.launch(trial.shell(script, incarnation=incarnation))
        with trio.fail_after(PATIENT):
            if signal_name == "KILL":
                assert await terminal.wait() is None
            await terminal.stop(0)
        assert not trial.alive({terminal.handle.pid, terminal.handle.holder})
        await terminal.aclose()
    await nothing_is_left(host, trial)
