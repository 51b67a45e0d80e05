"""What is so only where an agent is held by its pipes."""

import os
import subprocess

import pytest
import trio

from ennio.supervisor.errors import Conflict
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.output import OutputLog
from ennio.supervisor.runtimes import pump
from ennio.supervisor.runtimes.piped import PipedRuntime


@pytest.fixture
def runtime(host: LocalHost, nursery: trio.Nursery) -> PipedRuntime:
    return PipedRuntime(host=host, nursery=nursery)


async def test_a_full_disk_loses_nothing(
    runtime: PipedRuntime, trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, refusals = OutputLog.append, [3]

    def full(self: OutputLog, data: bytes) -> None:
        if refusals[0]:
            refusals[0] -= 1
            append(self, data[:2])
            raise OSError(28, "No space left on device")
        append(self, data)

    monkeypatch.setattr(OutputLog, "append", full)
    monkeypatch.setattr(pump, "_RETRY", 0.02)
    terminal = await runtime.launch(trial.shell("echo hello; echo world"))
    assert await trial.everything(terminal) == b"hello\nworld\n"
    await trial.end(terminal)


async def test_a_pump_that_fails_takes_no_other_down(
    runtime: PipedRuntime, trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: OutputLog, data: bytes) -> None:
        raise ValueError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(OutputLog, "append", broken)
        terminal = await runtime.launch(trial.shell("echo lost; exec sleep 20"))
        assert await trial.everything(terminal) == b""
    other = await runtime.launch(trial.shell("echo kept"))
    assert await trial.everything(other) == b"kept\n"
    await trial.end(terminal)
    await trial.end(other)


async def test_an_agent_that_is_let_go_of_does_not_live_on(runtime: PipedRuntime, trial) -> None:
    terminal = await runtime.launch(trial.shell("trap '' TERM; sleep 20 & wait"))
    await terminal.aclose()
    assert await terminal.wait() == -9


async def test_what_an_earlier_server_left_is_ended_by_its_mark(
    host: LocalHost, runtime: PipedRuntime, trial
) -> None:
    hold = trial.shell("").hold
    OutputLog(hold.output, hold.keep_bytes).append(b"said\n")
    env = {**os.environ, "ENNIO_MARK": host.mark(hold)}
    with subprocess.Popen(["sleep", "20"], env=env, start_new_session=True) as left:  # noqa: ASYNC220
        terminal = await runtime.adopt(hold, None)
        assert await terminal.wait() is None
        assert (await terminal.read(0)).data == b"said\n"
        with pytest.raises(Conflict, match="app-1"):
            await terminal.write(b"hello", lambda: None)
        await terminal.stop(1)
        assert trial.alive({left.pid}) == set()
        await terminal.aclose()
