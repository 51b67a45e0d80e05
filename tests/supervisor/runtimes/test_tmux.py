import json
import os
import pty
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from ennio.supervisor.errors import AgentMissing, Conflict
from ennio.supervisor.hosts.local import LocalHost
from ennio.supervisor.ids import SessionId
from ennio.supervisor.output import OutputLog
from ennio.supervisor.records import Handle, Hold, Launch
from ennio.supervisor.runtimes import tmux_terminal
from ennio.supervisor.runtimes.keys import keys, objection
from ennio.supervisor.runtimes.tmux import TmuxRuntime
from ennio.supervisor.runtimes.tmux_server import TmuxServer
from ennio.supervisor.runtimes.tmux_terminal import TmuxTerminal

pytestmark = [
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="there are no holders here"),
]

PATIENT = 15
HERE = Path(__file__).parent
HOSTILE = HERE.parent / "hosts" / "hostile_agent.py"
RAW = (sys.executable, str(HERE / "raw_agent.py"))


@pytest.fixture
def instance() -> Iterator[str]:
    name = secrets.token_hex(8)
    yield name
    tmux(name, "kill-server")


@pytest.fixture
async def runtime(nursery: trio.Nursery, instance: str, monkeypatch: pytest.MonkeyPatch) -> TmuxRuntime:
    """A runtime that has no long patience with agents that show nothing at first."""
    monkeypatch.setattr(tmux_terminal, "_SETTLE", 0.1)
    host = LocalHost(instance, cgroup_root=None)
    nursery.start_soon(host.run_forever)
    return TmuxRuntime(host=host, nursery=nursery)


async def raw(runtime: TmuxRuntime, folder: Path, *words: str, name: str = "app-1") -> TmuxTerminal:
    """An agent that has taken its terminal for itself."""
    terminal = await runtime.launch(order(folder, *RAW, *words, name=name))
    await heard(terminal, "ready")
    return terminal


def tmux(instance: str, *words: str) -> str:
    """What the instance's tmux server says, if there is one."""
    argv = ["tmux", "-N", "-u", "-L", f"ennio-{instance}", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def server_of(instance: str) -> int:
    return int(tmux(instance, "list-sessions", "-F", "#{pid}").split()[0])


def hold(folder: Path, name: str = "app-1", incarnation: int = 1) -> Hold:
    return Hold(SessionId(name), incarnation, str(folder), 10_000_000, grace=1, orphan_timeout=20)


def order(folder: Path, *argv: str, **more: int | str) -> Launch:
    folder.mkdir(exist_ok=True)
    env = {"PATH": os.environ["PATH"], "WORD": "a b"}
    return Launch(hold(folder, **more), argv, env, str(folder))  # type: ignore[arg-type]


def shell(folder: Path, script: str, **more: int | str) -> Launch:
    return order(folder, "sh", "-c", script, **more)


async def heard(terminal: TmuxTerminal, words: str, after: int = 0) -> str:
    """All output, once it holds these words."""
    said, cursor = b"", max(after, terminal.handle.output_start)
    with trio.fail_after(PATIENT):
        while words not in said.decode(errors="replace"):
            chunk = await terminal.read(cursor)
            assert chunk.data, said
            said, cursor = said + chunk.data, chunk.end
    return said.decode()


async def everything(terminal: TmuxTerminal) -> bytes:
    said, cursor = b"", terminal.handle.output_start
    with trio.fail_after(PATIENT):
        while (chunk := await terminal.read(cursor)).data:
            said, cursor = said + chunk.data, chunk.end
    return said


async def end(terminal: TmuxTerminal) -> None:
    with trio.fail_after(PATIENT):
        await terminal.stop(0)
        await terminal.aclose()


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(PATIENT):
        while True:
            if condition():
                return
            await trio.sleep(0.01)


def nothing() -> None:
    """Nobody wants to know when a message begins."""


def is_there(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(") ")[2][0] not in "ZX"


# One life


async def test_an_agent_lives_in_a_terminal_of_its_own(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    script = "test -t 0 && test -t 1 && test -t 2 && stty size; read line; echo got $line; exit 3"
    terminal = await runtime.launch(shell(tmp_path, script))
    pid = server_of(instance)
    assert tmux(instance, "list-sessions", "-F", "#{session_name}") == "app-1\n"
    began: list[bool] = []
    await terminal.write(b"hello\n", lambda: began.append(True))
    assert (began, terminal.taken) == ([True], 1)
    assert await terminal.wait() == 3
    said = await everything(terminal)
    assert sorted(said.splitlines()) == sorted([b"50 200", b"hello", b"got hello"])
    assert terminal.handle.runtime == "tmux"
    await end(terminal)
    await until(lambda: not Path(f"/proc/{pid}").exists())


async def test_the_environment_is_the_agent_s_own(
    runtime: TmuxRuntime, instance: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    launch = order(tmp_path, "sh", "-c", "env -u PWD; exec sleep 20")
    launch = replace(launch, env={**launch.env, "TMUX": "another", "TERM": "dumb", "COLUMNS": "10"})
    terminal = await runtime.launch(launch)
    said = await heard(terminal, "WORD")
    assert sorted(said.split("\r\n"))[1:] == sorted(
        [f"ENNIO_MARK={instance}/app-1.1", f"PATH={os.environ['PATH']}", "TERM=screen-256color", "WORD=a b"]
    )
    theirs = [server_of(instance), terminal.handle.holder]
    assert not [pid for pid in theirs if b"hidden" in Path(f"/proc/{pid}/environ").read_bytes()]
    await end(terminal)


@pytest.mark.slow
async def test_last_words_are_kept_however_quickly_an_agent_ends(
    runtime: TmuxRuntime, tmp_path: Path
) -> None:
    for number in range(1, 6):
        terminal = await runtime.launch(shell(tmp_path, "seq 5000", incarnation=number))
        said = await everything(terminal)
        assert said.split() == [b"%d" % each for each in range(1, 5001)]
        await end(terminal)


@pytest.mark.slow
async def test_output_goes_on_where_the_last_incarnation_ended(runtime: TmuxRuntime, tmp_path: Path) -> None:
    first = await runtime.launch(shell(tmp_path, "echo one; exec sleep 20"))
    await heard(first, "one")
    await end(first)
    second = await runtime.launch(shell(tmp_path, "echo two", incarnation=2))
    assert second.handle.output_start == 5
    assert await everything(second) == b"two\r\n"
    await end(second)
    assert OutputLog(tmp_path / "output", 1000).read(0, 100).data == b"one\r\ntwo\r\n"


@pytest.mark.slow
async def test_a_folder_may_have_any_name(runtime: TmuxRuntime, tmp_path: Path) -> None:
    folder = tmp_path / "it's #{pid} %H; $(x) ü"
    terminal = await runtime.launch(shell(folder, "read line; echo got $line"))
    await terminal.write(b"it\n", nothing)
    assert b"got it" in await everything(terminal)
    await end(terminal)


async def test_sessions_share_a_server_which_ends_with_the_last(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    terminals: list[TmuxTerminal] = []

    async def launch(name: str) -> None:
        terminals.append(await runtime.launch(order(tmp_path / name, "cat", name=name)))

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(launch, name)
    pid = server_of(instance)
    await end(terminals[0])
    assert is_there(pid)
    await end(terminals[1])
    await end(terminals[2])
    await until(lambda: not is_there(pid))


@pytest.mark.slow
async def test_windows_that_somebody_opened_in_a_session_end_with_it(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    terminal = await runtime.launch(order(tmp_path, "cat"))
    tmux(instance, "new-window", "-t", "=app-1:", "sh")
    assert len(tmux(instance, "list-windows", "-t", "=app-1").splitlines()) == 2
    await end(terminal)
    await until(lambda: not tmux(instance, "list-sessions"))


# What does not start


async def test_a_missing_agent_is_named_and_leaves_nothing(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    with pytest.raises(AgentMissing, match="no-such-agent"):
        await runtime.launch(order(tmp_path, "no-such-agent"))
    await until(lambda: not tmux(instance, "list-sessions"))


async def test_a_machine_without_tmux_is_told(
    nursery: trio.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AgentMissing, match="tmux is not on this machine"):
        await TmuxRuntime(LocalHost(cgroup_root=None), nursery).launch(order(tmp_path, "cat"))


async def test_a_tmux_that_is_too_old_is_told(
    nursery: trio.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmux").write_text("#!/bin/sh\necho tmux 3.1c\n")
    (tmp_path / "tmux").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AgentMissing, match=r"tmux 3\.1c is too old"):
        await TmuxRuntime(LocalHost(cgroup_root=None), nursery).launch(order(tmp_path, "cat"))


@pytest.mark.parametrize(
    "seconds", [0.1, *(pytest.param(each, marks=pytest.mark.slow) for each in (0, 0.03, 0.2))]
)
async def test_a_launch_that_is_cancelled_leaves_nothing(
    runtime: TmuxRuntime, instance: str, tmp_path: Path, seconds: float
) -> None:
    with trio.move_on_after(seconds) as patience:
        terminal = await runtime.launch(order(tmp_path, "cat"))
    if not patience.cancelled_caught:
        await end(terminal)
    await until(lambda: not tmux(instance, "list-sessions"))
    assert not marked(instance)


def marked(instance: str) -> list[int]:
    """Who carries the instance in its environment."""
    return _who("environ", f"ENNIO_MARK={instance}/app")


def running(word: str) -> list[int]:
    """Who has this in its command line."""
    return _who("cmdline", word)


def _who(file: str, words: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if words.encode() in (folder / file).read_bytes():
                found.append(int(folder.name))
    return [pid for pid in found if is_there(pid)]


# Typing


TEXTS = ["one", "two\nlines", "ünï ☃ 𝄞", "ends with ;", "-l", " ~a\ttab", "#{pid} %H $(x) 'q' \"", ""]


async def test_a_program_that_reads_keys_gets_each_message_and_then_enter(
    runtime: TmuxRuntime, tmp_path: Path
) -> None:
    terminal = await raw(runtime, tmp_path)
    for text in TEXTS:
        await terminal.write(text.encode() + b"\n", nothing)
    said = await heard(terminal, 'heard "".')
    lines = [line for line in said.split("\r\n") if line.startswith("heard")]
    assert lines == [f"heard {json.dumps(text)}." for text in TEXTS]
    assert terminal.taken == len(TEXTS)
    await end(terminal)


async def test_a_program_that_knows_what_pasting_is_is_told(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await raw(runtime, tmp_path, "paste")
    await terminal.write(b"two\nlines\n", nothing)
    said = await heard(terminal, "lines")
    assert json.dumps("\x1b[200~two\nlines\x1b[201~") in said
    await end(terminal)


async def test_a_program_that_reads_lines_gets_them(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(order(tmp_path, "cat"))
    for text in TEXTS:
        await terminal.write(text.encode() + b"\n", nothing)
    await terminal.write(b"the end\r\n", nothing)
    said = await heard(terminal, "the end\r\nthe end")
    # cat says again what the terminal has echoed
    assert sorted(line for line in said.split("\r\n") if line) == sorted(
        2 * [line for text in [*TEXTS, "the end"] for line in text.split("\n") if line]
    )
    await end(terminal)


@pytest.mark.slow
async def test_long_texts_arrive_whole(runtime: TmuxRuntime, tmp_path: Path) -> None:
    reader = await raw(runtime, tmp_path / "keys", name="keys")
    text = "".join(f"{number} ü" for number in range(20_000))
    with trio.fail_after(PATIENT):
        await reader.write(text.encode() + b"\n", nothing)
    assert json.dumps(text) in await heard(reader, ".\r\n")
    await end(reader)
    lines = await runtime.launch(shell(tmp_path / "lines", "stty -echo; echo on; wc", name="lines"))
    await heard(lines, "on")
    with trio.fail_after(PATIENT):
        await lines.write(("x" * 4000 + "\n").encode() * 20, nothing)
    tmux_keys(lines, "C-d")
    assert (await everything(lines)).split()[1:] == [b"20", b"20", b"80020"]
    await end(lines)


def tmux_keys(terminal: TmuxTerminal, *keys: str) -> None:
    *server, _, _, target = terminal.attach
    subprocess.run([*server, "send-keys", "-t", f"{target}:", *keys], check=True)


@pytest.mark.slow
async def test_a_line_that_the_terminal_would_cut_is_refused(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(order(tmp_path, "cat"))
    with pytest.raises(Conflict, match="4096 bytes, and the terminal takes 4095 at most"):
        await terminal.write(b"short\n" + b"x" * 4096 + b"\n", nothing)
    await terminal.write(b"y" * 4095 + b"\n", nothing)
    said = await heard(terminal, "y\r\n" + "y" * 4095 + "\r\n")
    assert "short" not in said
    assert terminal.taken == 1
    await end(terminal)


@pytest.mark.parametrize("text", [b"\0", b"\x03", b"\x04", b"a\x1b[201~b", b"\x7f"])
def test_keys_are_no_text(text: bytes) -> None:
    assert "control character" in (objection(keys(text + b"\n"), lines=False) or "")


@pytest.mark.slow
async def test_a_message_that_holds_keys_is_refused(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(order(tmp_path, "cat"))
    with pytest.raises(Conflict, match="control character 0x03"):
        await terminal.write(b"\x03\n", nothing)
    await terminal.write(b"fine\n", nothing)
    await heard(terminal, "fine\r\nfine")
    await end(terminal)


@pytest.mark.slow
async def test_messages_do_not_run_into_each_other(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await raw(runtime, tmp_path)
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(terminal.write, f"{number}".encode() * 6000 + b"\n", nothing)
    said = await heard(terminal, f'"{"4" * 6000}".')
    lines = [line for line in said.split("\r\n") if "heard" in line]
    assert sorted(lines) == [f'heard "{f"{number}" * 6000}".' for number in range(5)]
    await end(terminal)


@pytest.mark.slow
async def test_a_message_to_a_busy_program_lies_in_its_terminal(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(shell(tmp_path, "sleep 1; read line; echo got $line"))
    await terminal.write(b"later\n", nothing)
    assert b"got" not in OutputLog(tmp_path / "output", 1000).read(0, 1000).data
    assert "got later" in await heard(terminal, "got")
    await end(terminal)


async def test_what_was_cancelled_in_time_is_not_typed_and_what_was_begun_is_completed(
    runtime: TmuxRuntime, tmp_path: Path
) -> None:
    terminal = await raw(runtime, tmp_path, "nap", "1")
    began: list[str] = []
    first, second = trio.CancelScope(), trio.CancelScope()

    async def write(scope: trio.CancelScope, text: bytes, name: str) -> None:
        with scope:
            await terminal.write(text, lambda: began.append(name))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, first, b"a" * 9000 + b"\n", "first")
        await until(lambda: began == ["first"])
        nursery.start_soon(write, second, b"second\n", "second")
        await trio.sleep(0.05)
        first.cancel()
        second.cancel()
    assert (first.cancelled_caught, second.cancelled_caught, began) == (True, True, ["first"])
    await terminal.write(b"third\n", nothing)
    said = await heard(terminal, "third")
    assert [line for line in said.split("\r\n") if "heard" in line] == [
        f'heard "{"a" * 9000}".',
        'heard "third".',
    ]
    await end(terminal)


@pytest.mark.slow
async def test_nobody_types_to_an_agent_that_has_ended(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(order(tmp_path, "true"))
    await terminal.wait()
    with pytest.raises(Conflict, match="reads no more"):
        await terminal.write(b"hello\n", nothing)
    await end(terminal)


# Looking at it


async def test_the_screen_can_be_seen(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(shell(tmp_path, r"printf 'over\ründ\033[31mred\n'; exec sleep 20"))
    await heard(terminal, "red")
    assert (await terminal.screen()).text.startswith("ündred")
    await end(terminal)
    with pytest.raises(Conflict, match="is gone"):
        await terminal.screen()


async def test_an_operator_can_attach_and_type(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(shell(tmp_path, "echo welcome; read line; echo got $line; sleep 20"))
    await heard(terminal, "welcome")
    pid, screen = pty.fork()
    if pid == 0:
        os.execvpe(terminal.attach[0], terminal.attach, {**os.environ, "TERM": "xterm", "TMUX": ""})
    seen = await trio.to_thread.run_sync(shown, screen, b"welcome")
    assert b"welcome" in seen
    os.write(screen, b"by hand\r")
    assert "got by hand" in await heard(terminal, "got")
    os.close(screen)
    await trio.to_thread.run_sync(os.waitpid, pid, 0)
    assert is_there(terminal.handle.pid)
    await end(terminal)


def shown(screen: int, words: bytes) -> bytes:
    seen, give_up = b"", time.monotonic() + PATIENT
    while words not in seen and time.monotonic() < give_up:
        if select.select([screen], [], [], 0.1)[0]:
            seen += os.read(screen, 65536)
    return seen


# The end


@pytest.mark.slow
async def test_it_is_asked_first_and_then_forced(runtime: TmuxRuntime, tmp_path: Path) -> None:
    polite = "trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.05; done"
    terminal = await runtime.launch(shell(tmp_path, polite))
    await heard(terminal, "up")
    await terminal.stop(PATIENT)
    assert await terminal.wait() == 4
    assert (await everything(terminal)).endswith(b"bye\r\n")
    await terminal.aclose()
    rude = "trap '' TERM HUP; echo up; while :; do sleep 0.05; done"
    terminal = await runtime.launch(shell(tmp_path, rude, incarnation=2))
    await heard(terminal, "up")
    with trio.fail_after(PATIENT):
        await terminal.stop(0.2)
    assert await terminal.wait() == -signal.SIGKILL
    await terminal.aclose()


QUICK = ["runaway"]
SLOW = [
    "daemon",
    "deaf child",
    "scrubbed and left behind",
    "orphan",
    "other session",
    "stopped",
    "all stopped",
    "scrubbed",
    "its own subreaper",
    "bomb",
]


@pytest.mark.parametrize("mode", [*QUICK, *(pytest.param(mode, marks=pytest.mark.slow) for mode in SLOW)])
async def test_nothing_survives(runtime: TmuxRuntime, instance: str, tmp_path: Path, mode: str) -> None:
    noted = tmp_path / "pids"
    terminal = await runtime.launch(order(tmp_path, sys.executable, str(HOSTILE), mode, str(noted)))
    await until(lambda: noted.exists() and len(noted.read_text().split()) >= 1)
    await trio.sleep(0.3)
    await end(terminal)
    await until(lambda: not tmux(instance, "list-sessions"))
    assert not [pid for pid in map(int, noted.read_text().split()) if ours(pid, noted)]


def ours(pid: int, noted: Path) -> bool:
    """Whether it is one of that agent still: a pid may have been given to others since."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return is_there(pid) and (str(noted).encode() in words or words == b"sleep\x0020\0")


async def test_a_tmux_server_that_was_killed_takes_its_agents_with_it_and_the_next_launch_starts_another(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    terminal = await runtime.launch(order(tmp_path, "cat"))
    deaf = await runtime.launch(
        shell(tmp_path / "deaf", "trap '' HUP; echo deaf; while :; do sleep 0.05; done", name="deaf")
    )
    await heard(deaf, "deaf")
    os.kill(server_of(instance), signal.SIGKILL)
    with trio.fail_after(PATIENT):
        assert await terminal.wait() == -signal.SIGHUP
        assert await deaf.wait() == -signal.SIGTERM
    await end(terminal)
    await end(deaf)
    again = await runtime.launch(order(tmp_path, "cat", incarnation=2))
    await again.write(b"hello\n", nothing)
    await heard(again, "hello\r\nhello")
    await end(again)


@pytest.mark.slow
async def test_a_recorder_that_was_killed_is_replaced(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.launch(order(tmp_path, "cat"))
    await terminal.write(b"one\n", nothing)
    await heard(terminal, "one\r\none")
    (recorder,) = running(f"{tmp_path}/run/news")
    os.kill(recorder, signal.SIGKILL)
    await trio.sleep(1.5)
    await terminal.write(b"two\n", nothing)
    assert (await heard(terminal, "two\r\ntwo")).split() == ["one", "one", "two", "two"]
    await end(terminal)


@pytest.mark.slow
async def test_a_flood_is_braked_and_does_not_fill_tmux(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    terminal = await runtime.launch(order(tmp_path, "yes"))
    await trio.sleep(3)
    stat = Path(f"/proc/{server_of(instance)}/statm").read_text()
    assert int(stat.split()[1]) * os.sysconf("SC_PAGE_SIZE") < 40_000_000
    await end(terminal)
    assert 1_000_000 < OutputLog(tmp_path / "output", 10_000_000).end < 30_000_000


# Another server


def launched(instance: str, folder: Path, text: str, *argv: str) -> tuple[Handle, subprocess.Popen[str]]:
    """An agent that another server has launched, and that server."""
    program = [sys.executable, str(HERE / "launching_server.py"), instance, str(folder), text, *argv]
    server = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert server.stdout is not None
    with server.stdout:
        return Handle(**json.loads(server.stdout.readline())), server


def killed(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.wait()


@pytest.mark.parametrize("told", [True, pytest.param(False, marks=pytest.mark.slow)])
async def test_an_agent_is_taken_over_from_a_server_that_was_killed(
    runtime: TmuxRuntime, instance: str, tmp_path: Path, told: bool
) -> None:
    handle, server = launched(instance, tmp_path, "one", *RAW)
    killed(server)
    assert is_there(handle.pid)
    terminal = await runtime.adopt(hold(tmp_path), handle if told else None)
    assert (terminal.handle, terminal.taken) == (handle, 1)
    await terminal.write(b"bye\n", nothing)
    assert await terminal.wait() == 3
    assert b'heard "one".\r\nheard "bye".' in await everything(terminal)
    await end(terminal)
    await until(lambda: not tmux(instance, "list-sessions"))


async def test_an_agent_that_was_taken_over_can_be_killed(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    noted = tmp_path / "pids"
    handle, server = launched(instance, tmp_path, "", sys.executable, str(HOSTILE), "daemon", str(noted))
    await until(lambda: noted.exists() and len(noted.read_text().split()) == 2)
    killed(server)
    terminal = await runtime.adopt(hold(tmp_path), handle)
    await end(terminal)
    assert not is_there(handle.pid)
    assert not [pid for pid in map(int, noted.read_text().split()) if ours(pid, noted)]
    await until(lambda: not tmux(instance, "list-sessions"))


async def test_what_an_agent_said_and_how_it_ended_without_a_server_is_known(
    runtime: TmuxRuntime, instance: str, tmp_path: Path
) -> None:
    handle, server = launched(instance, tmp_path, "", "sh", "-c", "read x; seq 500; exit 5")
    killed(server)
    tmux(instance, "send-keys", "-t", "=app-1:", "Enter")
    await until(lambda: not tmux(instance, "list-sessions"))
    terminal = await runtime.adopt(hold(tmp_path), handle)
    assert await terminal.wait() == 5
    assert (await everything(terminal)).split() == [b"%d" % each for each in range(1, 501)]
    await end(terminal)


async def test_a_message_that_lacks_its_enter_gets_it_before_the_next(
    runtime: TmuxRuntime, nursery: trio.Nursery, instance: str, tmp_path: Path
) -> None:
    handle, server = launched(instance, tmp_path, "", *RAW)
    other = TmuxServer(LocalHost(instance, cgroup_root=None), nursery, f"ennio-{instance}")
    pane = await other.find(handle.holder)
    assert pane is not None
    await until(lambda: OutputLog(tmp_path / "output", 1000).end > 5)
    await other.paste(pane, f"{tmp_path}/run", text=b"half", enter=False, pasted=1, whole=False)
    killed(server)
    terminal = await runtime.adopt(hold(tmp_path), handle)
    assert terminal.taken == 1
    await terminal.write(b"next\n", nothing)
    assert 'heard "half".\r\nheard "next".' in await heard(terminal, "next")
    await end(terminal)


async def test_where_nothing_is_left_there_is_nobody_to_talk_to(runtime: TmuxRuntime, tmp_path: Path) -> None:
    terminal = await runtime.adopt(hold(tmp_path), None)
    assert await terminal.wait() is None
    assert await everything(terminal) == b""
    with pytest.raises(Conflict, match="reads no more"):
        await terminal.write(b"hello\n", nothing)
    await end(terminal)


@pytest.mark.slow
async def test_letting_go_ends_nothing(runtime: TmuxRuntime, tmp_path: Path) -> None:
    first = await raw(runtime, tmp_path)
    await first.write(b"one\n", nothing)
    await first.aclose()
    second = await runtime.adopt(hold(tmp_path), first.handle)
    await second.write(b"two\n", nothing)
    assert 'heard "one".\r\nheard "two".' in await heard(second, "two")
    assert second.taken == 2
    await end(second)
