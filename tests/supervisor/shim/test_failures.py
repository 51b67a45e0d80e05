"""What may go wrong around a shim and in it; the tree ends, or the shim stays and says who is left."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from real_shim import Run, Zygote, alive, wait_until

from ennio.supervisor.shim import bootstrap
from ennio.supervisor.shim.proc import Held

WITH = """
import os, runpy, sys
runpy.run_path({bootstrap!r})["stand_in"]()
from ennio.supervisor.shim import beginning, output, tree, zygote
{change}
zygote.serve(int(sys.argv[2]))
"""
"""A zygote with a change."""

UNPRIVILEGED = """
build = beginning._Beginning._build
def lowered(self, server):
    shim = build(self, server)
    os.chown(".", 54321, -1)
    os.setresuid(54321, 54321, 54321)
    return shim
beginning._Beginning._build = lowered
"""
"""The shim gives up root, its agent does not."""

BROKEN = """
def broken(*_, **__):
    raise RuntimeError("sabotage")
{where} = broken
"""

OTHER_USER = """
import os, time
pid = os.open("pid", os.O_WRONLY | os.O_CREAT)
if os.fork() == 0:
    os.setsid()
    os.setuid(12345)
    os.write(pid, b"%d" % os.getpid())
time.sleep(20)
"""


def changed(folder: Path, change: str) -> Zygote:
    program = folder / "changed.py"
    program.write_text(WITH.format(bootstrap=bootstrap.__file__, change=change))
    return Zygote(folder, program=str(program))


def busy(pid: int) -> float:
    """Seconds of a processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def other_user(zygote: Zygote) -> tuple[Run, int]:
    """An agent with a child of another user, and that child's pid."""
    run = zygote.run(sys.executable, "-ISc", OTHER_USER, output="output")
    run.started()
    file = run.folder / "pid"
    return run, int(wait_until(lambda: file.exists() and file.read_text()))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change a child's user")
def test_a_child_of_another_user_is_ended_by_a_shim_of_root(zygote: Zygote) -> None:
    run, child = other_user(zygote)
    run.server.say("stop", grace=0)
    run.server.end()
    assert alive({child}) == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can let an agent change its user")
def test_what_the_shim_may_not_end_is_named_until_it_is_gone(tmp_path: Path) -> None:
    with changed(tmp_path, UNPRIVILEGED) as zygote:
        run, stubborn = other_user(zygote)
        os.kill(run.file("state.json")["agent"][0], signal.SIGKILL)
        moments = []
        for _ in range(4):
            left = run.server.until("left")
            moments.append(time.monotonic())
            [survivor] = left["survivors"]
            assert (survivor["pid"], survivor["state"], survivor["uid"]) == (stubborn, "S", 12345)
            assert survivor["command"].startswith("python")
        assert 0.6 < moments[-1] - moments[0] < 5
        assert busy(run.holder) < 0.5, "it does not burn a processor meanwhile"
        os.kill(stubborn, signal.SIGKILL)
        run.server.end()


def test_a_zygote_that_is_killed_takes_nobody_with_it(tmp_path: Path) -> None:
    with Zygote(tmp_path) as zygote:
        run = zygote.run("cat")
        run.started()
        zygote.process.kill()
        zygote.process.wait()
        run.server.say("write", b"hello\n", seq=1)
        run.wait_for_output(b"hello")
        run.server.say("stop", grace=1)
        assert run.server.end()[-1] == {"is": "exited", "code": -signal.SIGTERM}


@pytest.mark.parametrize("where", ["output.Output.step", "tree.Tree.ask", "tree.Tree._freeze"])
def test_an_error_that_nobody_foresaw_ends_the_tree_and_is_noted(tmp_path: Path, where: str) -> None:
    with changed(tmp_path, BROKEN.format(where=where)) as zygote:
        leave = "setsid sleep 20 </dev/null >/dev/null 2>&1 & echo $! > left; echo hello; wait"
        run = zygote.run("sh", "-c", leave)
        left = run.folder / "left"
        wait_until(lambda: left.exists() and left.read_text().endswith("\n"))
        if where.startswith("tree"):
            run.server.say("stop", grace=0 if "freeze" in where else 0.1)
        run.server.end()
        assert run.file("exit.json")["empty"] is True
        assert alive({int(left.read_text())}) == set()
        assert "sabotage" in run.notes()


def test_an_error_at_each_turn_ends_the_tree_too(tmp_path: Path) -> None:
    with changed(tmp_path, BROKEN.format(where="output.Output.resume_at")) as zygote:
        run = zygote.run("sleep", "20")
        run.server.end()
        assert run.file("exit.json")["empty"] is True
        assert "sabotage" in run.notes()


def test_a_process_that_is_held_is_not_taken_for_one_that_got_its_number() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    with Held(pid) as held:
        os.waitpid(pid, 0)
        assert held.stat() is None
        assert held.children() == []
        assert held.uid() == -1
        with pytest.raises(ProcessLookupError):
            held.send(signal.SIGKILL)
