import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import AgentMissing, Conflict
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.ids import SessionId
from ennio.supervisor.output import OutputLog
from ennio.supervisor.records import Launch
from ennio.supervisor.runtimes import pump
from ennio.supervisor.runtimes.process import ProcessRuntime, ProcessTerminal

PATIENT = 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def runtime(nursery: trio.Nursery) -> ProcessRuntime:
    return ProcessRuntime(host=LocalHost(), nursery=nursery)


def order(folder: Path, *argv: str, incarnation: int = 1, keep: int = 10_000_000) -> Launch:
    return Launch(
        session_id=SessionId("app-1"),
        incarnation=incarnation,
        argv=argv,
        env={"PATH": os.environ["PATH"]},
        cwd=str(folder),
        output=str(folder / "output"),
        keep_bytes=keep,
    )


def shell(folder: Path, script: str, **more: int) -> Launch:
    return order(folder, "sh", "-c", script, **more)


async def everything(terminal: ProcessTerminal) -> bytes:
    said, cursor = b"", terminal.handle.output_start
    with trio.fail_after(PATIENT):
        while (chunk := await terminal.read(cursor)).data:
            said, cursor = said + chunk.data, chunk.end
    return said


async def end(terminal: ProcessTerminal) -> None:
    await terminal.stop(0)
    await terminal.aclose()


def nothing() -> None:
    """Nobody wants to know when a message begins."""


async def test_an_agent_is_written_to_and_read_from(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, "read line; echo got $line; exit 3"))
    began: list[bool] = []
    await terminal.write(b"hello\n", lambda: began.append(True))
    assert began == [True]
    assert await everything(terminal) == b"got hello\n"
    assert await terminal.wait() == 3
    await end(terminal)


async def test_the_handle_tells_the_process_apart_for_ever(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, "sleep 20", incarnation=7))
    handle = terminal.handle
    assert (handle.incarnation, handle.output_start) == (7, 0)
    if sys.platform == "linux":
        stat = Path(f"/proc/{handle.pid}/stat").read_text().rpartition(") ")[2].split()
        assert handle.start == int(stat[19])
        assert handle.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    await end(terminal)


async def test_output_goes_on_where_the_last_incarnation_ended(runtime: ProcessRuntime, folder: Path) -> None:
    first = await runtime.launch(shell(folder, "echo one"))
    assert await everything(first) == b"one\n"
    await end(first)
    second = await runtime.launch(shell(folder, "echo two", incarnation=2))
    assert second.handle.output_start == 4
    assert await everything(second) == b"two\n"
    await end(second)
    assert OutputLog(folder / "output", 1000).read(0, 100).data == b"one\ntwo\n"


async def test_bytes_are_kept_as_they_came(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, r"printf 'a\0b\303'; sleep 0.1; printf '\251\377'"))
    assert await everything(terminal) == b"a\0b\xc3\xa9\xff"
    await end(terminal)


async def test_a_missing_agent_is_named_and_leaves_nothing(runtime: ProcessRuntime, folder: Path) -> None:
    with pytest.raises(AgentMissing, match="no-such-agent"):
        await runtime.launch(order(folder, "no-such-agent"))
    assert not (folder / "output").exists()


async def test_last_words_said_while_it_is_stopped_are_kept(runtime: ProcessRuntime, folder: Path) -> None:
    last = "trap 'head -c 60000 /dev/zero; exit' TERM; echo; while :; do sleep 0.05; done"
    terminal = await runtime.launch(shell(folder, last))
    assert (await terminal.read(0)).data == b"\n"
    await terminal.stop(PATIENT)
    assert (await everything(terminal)).endswith(b"\0" * 60_000)
    await terminal.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="it holds a pipe by way of /proc")
async def test_whoever_holds_the_pipe_does_not_keep_the_output_from_ending(
    runtime: ProcessRuntime, folder: Path
) -> None:
    terminal = await runtime.launch(shell(folder, "echo one; exec sleep 20"))
    assert (await terminal.read(0)).data == b"one\n"
    holder = os.open(f"/proc/{terminal.handle.pid}/fd/1", os.O_WRONLY)
    await terminal.stop(0)
    began = time.monotonic()
    assert (await terminal.read(4)).data == b""
    assert 0.1 < time.monotonic() - began < 2
    await terminal.aclose()
    os.close(holder)


async def test_a_reader_waits_for_more(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, "read line; echo $line; exec sleep 20"))
    with trio.move_on_after(0.1) as patience:
        await terminal.read(0)
    assert patience.cancelled_caught
    await terminal.write(b"now\n", nothing)
    with trio.fail_after(PATIENT):
        assert (await terminal.read(0)).data == b"now\n"
    await end(terminal)


async def test_a_flood_is_braked_bounded_and_does_not_stall(runtime: ProcessRuntime, folder: Path) -> None:
    terminals = [
        await runtime.launch(
            Launch(SessionId(f"a{n}"), 1, ("yes",), dict(os.environ), str(folder), f"{folder}/{n}", 1_000_000)
        )
        for n in range(3)
    ]
    worst, until = 0.0, time.monotonic() + 1
    while (began := time.monotonic()) < until:
        await trio.sleep(0.005)
        worst = max(worst, time.monotonic() - began)
    for number, terminal in enumerate(terminals):
        await end(terminal)
        log = OutputLog(folder / str(number), 1_000_000)
        assert 1_000_000 < log.end < 12_000_000
        assert log.end - log.start <= 1_000_000
        assert log.start > 0
    assert worst < 0.25


async def test_a_full_disk_loses_nothing(
    runtime: ProcessRuntime, folder: Path, monkeypatch: pytest.MonkeyPatch
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
    terminal = await runtime.launch(shell(folder, "echo hello; echo world"))
    assert await everything(terminal) == b"hello\nworld\n"
    await end(terminal)


async def test_a_pump_that_fails_takes_no_other_down(
    runtime: ProcessRuntime, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: OutputLog, data: bytes) -> None:
        raise ValueError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(OutputLog, "append", broken)
        terminal = await runtime.launch(shell(folder, "echo lost; exec sleep 20"))
        assert await everything(terminal) == b""
    other = await runtime.launch(shell(folder, "echo kept"))
    assert await everything(other) == b"kept\n"
    await end(terminal)
    await end(other)


# Writing


async def test_a_message_longer_than_the_pipe_arrives_whole(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, "sleep 0.2; head -c 300000 | wc -c"))
    await terminal.write(b"x" * 300_000, nothing)
    assert (await everything(terminal)).strip() == b"300000"
    await end(terminal)


async def test_messages_do_not_run_into_each_other(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, "sleep 0.2; head -c 400002 | tr -s ab"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(terminal.write, b"a" * 200_000 + b"\n", nothing)
        nursery.start_soon(terminal.write, b"b" * 200_000 + b"\n", nothing)
    assert sorted((await everything(terminal)).split()) == [b"a", b"b"]
    await end(terminal)


async def test_a_message_cancelled_before_its_first_byte_was_not_written(
    runtime: ProcessRuntime, folder: Path
) -> None:
    terminal = await runtime.launch(
        shell(folder, "while ! test -e go; do sleep 0.01; done; head -c 200004 | tr -d x")
    )
    began: list[str] = []

    def beginning(name: str) -> Callable[[], None]:
        return lambda: began.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(terminal.write, b"x" * 200_000, beginning("fills the pipe"))
        await trio.sleep(0.1)
        with trio.move_on_after(0.1):
            await terminal.write(b"withdrawn", beginning("withdrawn"))
        (folder / "go").touch()
        await terminal.write(b"kept", beginning("kept"))
    assert began == ["fills the pipe", "kept"]
    assert await everything(terminal) == b"kept"
    await end(terminal)


async def test_an_agent_that_reads_no_more_is_a_conflict(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, "exec <&-; echo; exec sleep 20"))
    await terminal.read(0)
    with pytest.raises(Conflict, match="app-1"):
        await terminal.write(b"hello", nothing)
    await end(terminal)


# Letting go


async def test_an_agent_that_is_let_go_of_does_not_live_on(runtime: ProcessRuntime, folder: Path) -> None:
    terminal = await runtime.launch(shell(folder, "trap '' TERM; sleep 20 & wait"))
    await terminal.aclose()
    assert await terminal.wait() == -9


async def test_an_agent_whose_pump_nobody_can_run_is_not_started(folder: Path) -> None:
    async with trio.open_nursery() as closed:
        pass
    note = folder / "pid"
    with pytest.raises(RuntimeError, match="closed"):
        await ProcessRuntime(LocalHost(), closed).launch(shell(folder, f"echo $$ >{note}; exec sleep 20"))
    await trio.sleep(0.1)
    noted = note.read_text().split() if note.exists() else []
    assert [pid for pid in noted if Path(f"/proc/{pid}").exists()] == []


async def test_when_the_pumps_are_cancelled_readers_are_told_that_no_more_comes(folder: Path) -> None:
    async with trio.open_nursery() as pumps:
        terminal = await ProcessRuntime(LocalHost(), pumps).launch(shell(folder, "exec sleep 20"))
        pumps.cancel_scope.cancel()
    assert await everything(terminal) == b""
    await end(terminal)
