"""What every way to hold an agent does alike: by its pipes, or by a process of its own."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import AgentMissing, Conflict
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.output import OutputLog
from ennio.supervisor.protocols import Runtime
from ennio.supervisor.runtimes.held import HeldRuntime
from ennio.supervisor.runtimes.piped import PipedRuntime
from ennio.supervisor.runtimes.process import ProcessRuntime

PATIENT = 20
Way = Callable[[LocalHost, trio.Nursery], Runtime]


@pytest.fixture(
    params=[
        PipedRuntime,
        pytest.param(HeldRuntime, marks=pytest.mark.skipif(sys.platform != "linux", reason="no subreaper")),
    ]
)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.fixture
def runtime(way: Way, host: LocalHost, nursery: trio.Nursery) -> Runtime:
    return way(host, nursery)


def nothing() -> None:
    """Nobody wants to know when a message begins."""


async def test_an_agent_goes_on_by_itself_only_where_something_holds_it(
    host: LocalHost, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = sys.platform == "linux"
    assert ProcessRuntime(host, nursery).containment == ("shim+marker" if held else "best-effort")
    monkeypatch.setitem(host.__dict__, "containment", "best-effort")
    assert ProcessRuntime(host, nursery).containment == "best-effort"


async def test_an_agent_is_written_to_and_read_from(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell("read line; echo got $line; exit 3"))
    began: list[bool] = []
    await terminal.write(b"hello\n", lambda: began.append(True))
    assert began == [True]
    assert await trial.everything(terminal) == b"got hello\n"
    assert await terminal.wait() == 3
    await trial.end(terminal)


async def test_the_handle_tells_the_process_apart_for_ever(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell("sleep 20", incarnation=7))
    handle = terminal.handle
    assert (handle.incarnation, handle.output_start) == (7, 0)
    if sys.platform == "linux":
        stat = Path(f"/proc/{handle.pid}/stat").read_text().rpartition(") ")[2].split()
        assert handle.start == int(stat[19])
        assert handle.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    await trial.end(terminal)


async def test_output_goes_on_where_the_last_incarnation_ended(runtime: Runtime, trial) -> None:
    first = await runtime.launch(trial.shell("echo one"))
    assert await trial.everything(first) == b"one\n"
    await trial.end(first)
    second = await runtime.launch(trial.shell("echo two", incarnation=2))
    assert second.handle.output_start == 4
    assert await trial.everything(second) == b"two\n"
    await trial.end(second)
    assert OutputLog(trial.folder / "sessions/app-1/output", 1000).read(0, 100).data == b"one\ntwo\n"


async def test_bytes_are_kept_as_they_came(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell(r"printf 'a\0b\303'; sleep 0.1; printf '\251\377'"))
    assert await trial.everything(terminal) == b"a\0b\xc3\xa9\xff"
    await trial.end(terminal)


async def test_a_missing_agent_is_named_and_leaves_nothing(runtime: Runtime, trial) -> None:
    with pytest.raises(AgentMissing, match="no-such-agent"):
        await runtime.launch(trial.order("no-such-agent"))
    assert not (trial.folder / "sessions/app-1/output").exists()


async def test_last_words_said_while_it_is_stopped_are_kept(runtime: Runtime, trial) -> None:
    last = "trap 'head -c 60000 /dev/zero; exit' TERM; echo; while :; do sleep 0.05; done"
    terminal = await runtime.launch(trial.shell(last))
    assert (await terminal.read(0)).data == b"\n"
    await terminal.stop(PATIENT)
    assert (await trial.everything(terminal)).endswith(b"\0" * 60_000)
    await terminal.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="it holds a pipe by way of /proc")
async def test_whoever_holds_the_pipe_does_not_keep_the_output_from_ending(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell("echo one; exec sleep 20"))
    assert (await terminal.read(0)).data == b"one\n"
    holder = os.open(f"/proc/{terminal.handle.pid}/fd/1", os.O_WRONLY)
    began = time.monotonic()
    await terminal.stop(0)
    assert (await terminal.read(4)).data == b""
    assert 0.1 < time.monotonic() - began < 2
    await terminal.aclose()
    os.close(holder)


async def test_a_reader_waits_for_more(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell("read line; echo $line; exec sleep 20"))
    with trio.move_on_after(0.1) as patience:
        await terminal.read(0)
    assert patience.cancelled_caught
    await terminal.write(b"now\n", nothing)
    with trio.fail_after(PATIENT):
        assert (await terminal.read(0)).data == b"now\n"
    await trial.end(terminal)


async def test_a_flood_is_braked_bounded_and_does_not_stall(runtime: Runtime, trial) -> None:
    terminals = [await runtime.launch(trial.order("yes", name=f"a{n}", keep=1_000_000)) for n in range(3)]
    worst, until = 0.0, time.monotonic() + 1
    while (began := time.monotonic()) < until:
        await trio.sleep(0.005)
        worst = max(worst, time.monotonic() - began)
    for number, terminal in enumerate(terminals):
        await trial.end(terminal)
        log = OutputLog(trial.folder / f"sessions/a{number}/output", 1_000_000)
        assert 1_000_000 < log.end < 12_000_000
        assert log.end - log.start <= 1_000_000
        assert log.start > 0
    assert worst < 0.25


async def test_a_message_longer_than_the_pipe_arrives_whole(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell("sleep 0.2; head -c 300000 | wc -c"))
    await terminal.write(b"x" * 300_000, nothing)
    assert (await trial.everything(terminal)).strip() == b"300000"
    await trial.end(terminal)


async def test_messages_do_not_run_into_each_other(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell("sleep 0.2; head -c 400002 | tr -s ab"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(terminal.write, b"a" * 200_000 + b"\n", nothing)
        nursery.start_soon(terminal.write, b"b" * 200_000 + b"\n", nothing)
    assert sorted((await trial.everything(terminal)).split()) == [b"a", b"b"]
    await trial.end(terminal)


async def test_one_that_is_cancelled_while_the_agent_reads_nothing_is_not_written(
    runtime: Runtime, trial
) -> None:
    terminal = await runtime.launch(
        trial.shell("while ! test -e go; do sleep 0.01; done; head -c 65540 | tr -d x")
    )
    await terminal.write(b"x" * 65536, nothing)
    began: list[bool] = []
    with trio.move_on_after(0.1) as patience:
        await terminal.write(b"withdrawn", lambda: began.append(True))
    assert patience.cancelled_caught
    assert patience.deadline + 1 > trio.current_time()
    (trial.folder / "go").touch()
    await terminal.write(b"kept", nothing)
    assert (began, terminal.taken + 1) == ([], terminal.place)
    assert await trial.everything(terminal) == b"kept"
    await trial.end(terminal)


async def test_a_message_cancelled_before_its_first_byte_was_not_written(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(
        trial.shell("while ! test -e go; do sleep 0.01; done; head -c 200004 | tr -d x")
    )
    began: list[str] = []

    def beginning(name: str) -> Callable[[], None]:
        return lambda: began.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(terminal.write, b"x" * 200_000, beginning("fills the pipe"))
        await trio.sleep(0.1)
        with trio.move_on_after(0.1):
            await terminal.write(b"withdrawn", beginning("withdrawn"))
        (trial.folder / "go").touch()
        await terminal.write(b"kept", beginning("kept"))
    assert began == ["fills the pipe", "kept"]
    assert await trial.everything(terminal) == b"kept"
    await trial.end(terminal)


async def test_an_agent_that_reads_no_more_is_a_conflict(runtime: Runtime, trial) -> None:
    terminal = await runtime.launch(trial.shell("exec <&-; echo; exec sleep 20"))
    await terminal.read(0)
    with pytest.raises(Conflict, match="app-1"):
        await terminal.write(b"hello", nothing)
    await trial.end(terminal)


async def test_an_agent_that_nobody_can_listen_to_is_not_started(way: Way, host: LocalHost, trial) -> None:
    async with trio.open_nursery() as closed:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        await way(host, closed).launch(trial.shell(f"echo $$ >{trial.note}; exec sleep 20"))
    await trio.sleep(0.1)
    assert trial.alive(trial.noted()) == set()


async def test_when_nobody_listens_any_more_readers_are_told_that_no_more_comes(
    way: Way, host: LocalHost, trial
) -> None:
    async with trio.open_nursery() as pumps:
        terminal = await way(host, pumps).launch(trial.shell("exec sleep 20"))
        pumps.cancel_scope.cancel()
    assert await trial.everything(terminal) == b""
    await trial.end(terminal)
