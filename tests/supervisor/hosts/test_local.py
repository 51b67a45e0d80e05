import os
import signal
import sys
import time
from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import AgentMissing, CommandFailed, Conflict, Invalid
from ennio.supervisor.hosts import running
from ennio.supervisor.hosts.child import LocalProcess
from ennio.supervisor.hosts.local import LocalHost

ENV = {"PATH": os.environ["PATH"]}
linux = pytest.mark.skipif(sys.platform != "linux", reason="the truth is read from /proc")


async def open_shell(script: str, cwd: Path, **env: str) -> LocalProcess:
    return await LocalHost().open(["sh", "-c", script], cwd=str(cwd), env={**ENV, **env}, mark="the-mark")


async def everything(process: LocalProcess) -> bytes:
    output = b""
    while data := await process.read(65536):
        output += data
    return output


async def end(process: LocalProcess) -> None:
    await process.stop(0)
    await process.aclose()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] in b"ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def written(file: Path) -> int:
    with trio.fail_after(10):
        while not file.exists() or not file.read_text().strip():  # noqa: ASYNC110 - another process does it
            await trio.sleep(0.01)
    return int(file.read_text())


# open


async def test_output_and_errors_come_as_one_stream_in_order(tmp_path: Path) -> None:
    process = await open_shell("echo one; echo two >&2; echo three", tmp_path)
    assert await everything(process) == b"one\ntwo\nthree\n"
    assert await process.wait() == 0
    await end(process)


async def test_the_program_gets_its_folder_environment_mark_and_session(tmp_path: Path) -> None:
    script = 'pwd -P; echo "$ENNIO_MARK $GIVEN ${HOME-nothing}"; test $$ = $(ps -o sid= -p $$) && echo leader'
    process = await open_shell(script, tmp_path, GIVEN="yes")
    said = (await everything(process)).decode().splitlines()
    assert said == [str(tmp_path.resolve()), "the-mark yes nothing", "leader"]
    await end(process)


@linux
async def test_no_other_descriptor_is_inherited(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    process = await open_shell("ls /proc/$$/fd", tmp_path)
    assert (await everything(process)).split() == [b"0", b"1", b"2"]
    await end(process)
    os.close(reading)
    os.close(writing)


async def test_what_is_written_is_read_by_the_program(tmp_path: Path) -> None:
    process = await open_shell("read line; echo got $line", tmp_path)
    assert await process.write(b"hello\n") == 6
    assert await everything(process) == b"got hello\n"
    await end(process)


async def test_an_agent_that_never_reads_takes_what_fits_and_then_nothing(tmp_path: Path) -> None:
    process = await open_shell("sleep 20", tmp_path)
    taken = 0
    while True:
        with trio.move_on_after(0.1) as patience:
            taken += await process.write(b"x" * 100_000)
        if patience.cancelled_caught:
            break
    assert 4096 <= taken < 100_000
    await end(process)


async def test_a_program_that_reads_no_more_breaks_the_pipe(tmp_path: Path) -> None:
    process = await open_shell("exec <&-; echo closed; sleep 20", tmp_path)
    assert await process.read(100) == b"closed\n"
    with pytest.raises(BrokenPipeError):
        await process.write(b"hello")
    await end(process)
    with pytest.raises(BrokenPipeError):
        await process.write(b"hello")
    assert await process.read(100) == b""


async def test_the_end_is_the_programs_own_whoever_holds_its_output(tmp_path: Path) -> None:
    process = await open_shell("sleep 20 & exit 3", tmp_path)
    with trio.fail_after(5):
        assert await process.wait() == 3
        assert await process.wait() == 3
    await end(process)


@pytest.mark.parametrize("mode", ["missing", "not executable", "a folder"])
async def test_a_program_that_cannot_be_run_is_named(mode: str, tmp_path: Path) -> None:
    program = tmp_path / "some-agent"
    if mode == "not executable":
        program.write_text("#!/bin/sh\n")
    elif mode == "a folder":
        program.mkdir()
    with pytest.raises(AgentMissing, match="some-agent") as caught:
        await LocalHost().open([str(program)], cwd=str(tmp_path), env=ENV, mark="m")
    assert str(tmp_path) not in str(caught.value)


async def test_a_folder_that_is_gone_is_told_from_a_program_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="nowhere"):
        await LocalHost().open(["true"], cwd=str(tmp_path / "nowhere"), env=ENV, mark="m")


@pytest.mark.parametrize("argument", ["a\0b", "x" * 10_000_000])
async def test_arguments_that_no_program_can_be_given_are_invalid(argument: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="true"):
        await LocalHost().open(["true", argument], cwd=str(tmp_path), env=ENV, mark="m")


@linux
async def test_nothing_is_left_open_or_unreaped_after_fifty_agents(tmp_path: Path) -> None:
    strangers = set(os.listdir("/proc"))  # orphans of earlier tests come to this process, whenever they like

    def children() -> list[str]:
        tasks = Path("/proc/self/task").iterdir()
        pids = [pid for task in tasks for pid in (task / "children").read_text().split()]
        return [pid for pid in pids if pid not in strangers]

    await end(await open_shell("sleep 20", tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        process = await open_shell("sleep 20 & exec sleep 20", tmp_path)
        await end(process)
    with pytest.raises(AgentMissing):
        await LocalHost().open(["no-such-agent"], cwd=str(tmp_path), env=ENV, mark="m")
    assert len(os.listdir("/proc/self/fd")) == before
    assert children() == []


@linux
@pytest.mark.parametrize("delay", [0.0, 0.0002, 0.001, 0.003])
async def test_an_opening_that_is_cancelled_leaves_nothing_running(delay: float, tmp_path: Path) -> None:
    note, process = tmp_path / "pid", None
    with trio.move_on_after(delay):
        process = await open_shell(f"echo $$ >{note}; exec sleep 20", tmp_path)
    if process:  # it came too late: the program is in our hands
        await end(process)
    await trio.sleep(0.05)
    assert all(gone(int(pid)) for pid in (note.read_text().split() if note.exists() else []))


# run


async def test_a_command_answers_with_its_output_alone(tmp_path: Path) -> None:
    assert await LocalHost().run(["sh", "-c", "echo yes; echo warning >&2"], cwd=str(tmp_path)) == "yes\n"


async def test_a_command_reads_nothing_and_gets_the_servers_environment_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "ours")
    script = 'cat; echo "$OURS"'
    assert await LocalHost().run(["sh", "-c", script], cwd=str(tmp_path)) == "ours\n"
    assert await LocalHost().run(["sh", "-c", script], cwd=str(tmp_path), env=ENV) == "\n"


async def test_much_output_is_answered_whole(tmp_path: Path) -> None:
    said = await LocalHost().run(["head", "-c", "3000000", "/dev/zero"], cwd=str(tmp_path))
    assert said == "\0" * 3_000_000


async def test_a_name_that_is_no_utf8_can_be_given_back(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).write_text("found")
    name = (await LocalHost().run(["ls"], cwd=str(tmp_path))).rstrip("\n")
    assert await LocalHost().run(["cat", name], cwd=str(tmp_path)) == "found"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo out; echo why >&2; exit 3", "why"),
        ("echo why; exit 3", "why"),
        ("exit 3", "it said nothing"),
        ("head -c 9000000 /dev/zero | tr '\\0' x >&2; echo why >&2; exit 3", "xxxxwhy"),
    ],
)
async def test_a_failure_carries_the_last_words(script: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        await LocalHost().run(["sh", "-c", script], cwd=str(tmp_path))
    assert caught.value.code == 3
    assert caught.value.words.endswith(words)


async def test_a_command_that_is_missing_failed(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no-such-command") as caught:
        await LocalHost().run(["no-such-command"], cwd=str(tmp_path))
    assert caught.value.code == 127


async def test_a_command_that_prints_too_much_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_MOST_OUTPUT", 1 << 20)
    with trio.fail_after(10), pytest.raises(CommandFailed, match="more than 1 MiB") as caught:
        await LocalHost().run(["yes"], cwd=str(tmp_path))
    assert caught.value.code == -signal.SIGKILL


@linux
@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("how", ["sleep 20 &", "setsid sleep 20 &", "(setsid sleep 20 &) ;"])
async def test_what_a_command_left_running_is_ended(how: str, code: int, tmp_path: Path) -> None:
    leave = how.replace("sleep 20", f"sh -c 'echo $$ >{tmp_path}/pid; exec sleep 20'")
    script = f"{leave} while ! test -s pid; do sleep 0.01; done; exit {code}"
    began = time.monotonic()
    try:
        await LocalHost().run(["sh", "-c", script], cwd=str(tmp_path))
    except CommandFailed:
        assert code
    assert gone(await written(tmp_path / "pid"))
    assert time.monotonic() - began < 5


@linux
async def test_a_cancelled_command_has_ended_with_all_that_it_started(tmp_path: Path) -> None:
    script = f"trap '' TERM; setsid sh -c 'echo $$ >{tmp_path}/pid; exec sleep 20' & sleep 20"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: LocalHost().run(["sh", "-c", script], cwd=str(tmp_path)))
        pid = await written(tmp_path / "pid")
        nursery.cancel_scope.cancel()
    assert gone(pid)


async def test_commands_at_once_do_not_take_each_other_for_orphans(tmp_path: Path) -> None:
    async def one(number: int) -> None:
        leave = "setsid sleep 20 &" if number % 5 == 0 else ""
        said = await LocalHost().run(
            ["sh", "-c", f"{leave} sleep 0.0{number % 7}; echo {number}"], cwd=str(tmp_path)
        )
        assert said == f"{number}\n"

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for number in range(60):
                nursery.start_soon(one, number)
