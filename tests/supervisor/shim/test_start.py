"""How an agent comes to run, or does not; and what stands in its folder."""

import errno
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from real_shim import Zygote

TELL = "import json, os, signal, sys; print(json.dumps(%s), flush=True)"


def ask(zygote: Zygote, expression: str, **order: Any) -> Any:
    """What an agent sees of itself."""
    run = zygote.run(sys.executable, "-ISc", TELL % expression, **order)
    run.started()
    run.server.end()
    return json.loads(run.output())


def start_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()[19])


def test_who_is_who_is_said_and_stands_in_the_folder_before_the_agent_runs(zygote: Zygote) -> None:
    run = zygote.run("sh", "-c", "cat state.json; exec sleep 20", incarnation=7, mark="m")
    started = run.started()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert started == {
        "is": "started",
        "pid": started["pid"],
        "start": start_of(started["pid"]),
        "holder": started["holder"],
        "holder_start": start_of(started["holder"]),
        "boot_id": boot,
        "output_start": 0,
    }
    run.server.until("output")
    state = json.loads(run.wait_for_output(b"}"))
    assert state == {
        "version": 1,
        "session_id": "p-abc123",
        "incarnation": 7,
        "mark": "m",
        "holder": [started["holder"], started["holder_start"]],
        "agent": [started["pid"], started["start"]],
        "boot_id": boot,
        "output_start": 0,
        "cgroup": None,
    }
    assert run.file("state.json") == state
    assert not (run.folder / "exit.json").exists()


def test_the_end_stands_in_the_folder_and_no_door_is_left(zygote: Zygote) -> None:
    run = zygote.run("sh", "-c", "exit 7")
    run.started()
    heard = run.server.end()
    assert heard[-1] == {"is": "exited", "code": 7}
    ended = run.file("exit.json")
    assert ended == {"code": 7, "at": ended["at"], "empty": True}
    assert abs(ended["at"] - run.folder.joinpath("exit.json").stat().st_mtime) < 5
    assert {file.name for file in run.folder.iterdir()} == {"state.json", "exit.json", "input"}
    assert run.notes() == ""


def test_a_signal_is_told_as_minus_its_number(zygote: Zygote) -> None:
    run = zygote.run("sh", "-c", "kill -USR1 $$")
    run.started()
    assert run.server.end()[-1] == {"is": "exited", "code": -signal.SIGUSR1}


@pytest.mark.parametrize(
    ("argv", "order", "number", "file"),
    [
        (["no-such-program"], {}, errno.ENOENT, "no-such-program"),
        (["/etc/passwd"], {}, errno.EACCES, "/etc/passwd"),
        (["true"], {"cwd": "/nonexistent"}, errno.ENOENT, "/nonexistent"),
        (["true"], {"folder": "/nonexistent"}, errno.ENOENT, "/nonexistent"),
        (["true"], {"cgroup": "/nonexistent/group"}, errno.ENOENT, "/nonexistent/group"),
        (["a\0b"], {}, errno.EINVAL, "a\0b"),
        (["true"], {"env": {"A=B": "c", "PATH": "/bin"}}, errno.EINVAL, "true"),
    ],
)
def test_what_cannot_start_is_named_and_leaves_nothing(
    zygote: Zygote, argv: list[str], order: dict[str, Any], number: int, file: str
) -> None:
    run = zygote.run(*argv, **order)
    assert run.server.end() == [{"is": "failed", "errno": number, "file": file}]
    assert list(run.folder.iterdir()) == []


def test_what_is_no_program_is_not_run_by_a_shell(zygote: Zygote, tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text("echo this has no first line that names an interpreter")
    file.chmod(0o755)
    run = zygote.run(str(file))
    assert run.server.end() == [{"is": "failed", "errno": errno.ENOEXEC, "file": str(file)}]


def test_a_program_is_looked_for_in_the_path_that_the_agent_gets(zygote: Zygote, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "only-here"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    run = zygote.run("only-here", env={"PATH": str(program.parent)})
    run.started()
    run.server.end()
    assert run.output() == b"found\n"


def test_the_environment_is_exactly_what_was_told_and_the_mark(zygote: Zygote) -> None:
    env = {"A": "1", "PATH": "/usr/bin:/bin", "ODD": "\udcff\n=", "LC_ALL": "C.UTF-8"}
    assert ask(zygote, "dict(os.environ)", env=env, mark="xyz") == {**env, "ENNIO_MARK": "xyz"}


def test_the_agent_leads_a_session_of_its_own_in_its_folder_and_is_nice(
    zygote: Zygote, tmp_path: Path
) -> None:
    facts = "[os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid(), os.getcwd(), os.nice(0)]"
    assert ask(zygote, facts, cwd=str(tmp_path), nice=3) == [True, True, str(tmp_path), os.nice(0) + 3]


def test_it_has_three_descriptors_and_default_signals(tmp_path: Path) -> None:
    """Whatever the server ignores and blocks, as one under nohup does."""

    def odd() -> None:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR1])

    with Zygote(tmp_path, preexec_fn=odd) as zygote:
        run = zygote.run("cat", "/proc/self/status")
        run.started()
        run.server.end()
        status = dict(line.split(b":\t") for line in run.output().splitlines() if b":\t" in line)
        own_to_libc = 0b11 << 31  # signals 32 and 33, see signal(7)
        masks = {int(status[key], 16) & ~own_to_libc for key in (b"SigBlk", b"SigIgn", b"SigCgt")}
        assert masks == {0}
        run = zygote.run("ls", "-l", "/proc/self/fd")
        run.started()
        run.server.end()
        assert run.output().count(b"->") == 4, "ls itself opens one"
        assert run.output().count(b"pipe:") == 3


def test_output_goes_on_where_an_earlier_incarnation_left_off(zygote: Zygote, tmp_path: Path) -> None:
    for number in range(2):
        run = zygote.run("echo", "hello", output=str(tmp_path / "log"))
        assert run.started()["output_start"] == 6 * number
        assert run.file("state.json")["output_start"] == 6 * number
        run.server.end()
    assert run.output() == b"hello\nhello\n"


def test_last_words_are_in_the_log_when_the_exit_is_told(zygote: Zygote) -> None:
    run = zygote.run(sys.executable, "-ISc", "import sys; sys.stdout.write('x' * 60_000 + 'last')")
    run.started()
    run.server.until("exited")
    assert run.output().endswith(b"xlast")
    assert max(header["end"] for header in run.server.heard if header["is"] == "output") == 60_004


def test_a_shim_is_not_moved_by_the_signals_of_a_terminal(zygote: Zygote) -> None:
    run = zygote.run("cat")
    run.started()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        os.kill(run.holder, number)
    run.server.say("write", b"still here", seq=1)
    run.wait_for_output(b"still here")


@pytest.mark.parametrize(
    "order",
    [
        {"argv": []},
        {"argv": "cat"},
        {"env": {"A": 1}},
        {"grace": "1"},
        {"grace": float("nan")},
        {"keep_bytes": True},
        {"cwd": None},
    ],
)
def test_an_order_that_makes_no_sense_ends_the_shim_before_anything_ran(
    zygote: Zygote, order: dict[str, Any]
) -> None:
    run = zygote.run("cat", **order)
    assert run.server.end() == []
    assert list(run.folder.iterdir()) == []
