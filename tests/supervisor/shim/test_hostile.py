"""Whatever an agent does, nothing of it is left; the agents' own notes are the truth."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from real_shim import HOSTILE, Run, Zygote, alive, wait_until

MODES = {  # and how many processes it is at least
    "live": 1,
    "deaf": 1,
    "child": 2,
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

NOTE = "import os, sys, time\ndef note(): os.write(log, b'%d\\n' % os.getpid())\n"
NOTE += "log = os.open('pids', os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)\n"

RABBITS = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
until = time.time() + 10
note()
for _ in range(3):
    if os.fork() == 0:
        while time.time() < until:
            if os.fork(): os._exit(0)
            os.setsid()
            note()
        os._exit(0)
time.sleep(10)
"""
"""Three that run away at once, each with nothing between two forks."""

HEADLESS = """
import ctypes, threading
def go_on():
    time.sleep(0.2)
    if os.fork() == 0:
        os.setsid()
        note()
        time.sleep(20)
    time.sleep(20)
if os.fork() == 0:
    os.setsid()
    note()
    threading.Thread(target=go_on).start()
    ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
time.sleep(20)
"""
"""A process whose first thread has ended, so that it looks like a zombie, while another goes on and forks."""

OTHER_USER = """
if os.fork() == 0:
    if sys.argv[1] == "setuid":
        os.setsid()
        os.setuid(12345)
    note()
    time.sleep(20)
time.sleep(20)
"""


def noted(run: Run) -> set[int]:
    file = run.folder / "pids"
    return {int(pid) for pid in file.read_text().split()} if file.exists() else set()


def hostile(zygote: Zygote, mode: str, **order: Any) -> Run:
    run = zygote.run(sys.executable, "-IS", str(HOSTILE), mode, "pids", **order)
    run.started()
    wait_until(lambda: len(noted(run)) >= MODES[mode])
    return run


def python(zygote: Zygote, program: str, *args: str, processes: int, **order: Any) -> Run:
    run = zygote.run(sys.executable, "-ISc", NOTE + program, *args, **order)
    run.started()
    wait_until(lambda: len(noted(run)) >= processes)
    return run


def nothing_is_left(run: Run) -> None:
    assert alive(noted(run)) == set()
    before = noted(run)
    time.sleep(0.05)
    assert noted(run) == before, "something forked after its end"
    assert run.file("exit.json")["empty"] is True
    assert "Traceback" not in run.notes()


@pytest.fixture(params=["cgroup", "no cgroup"])
def containment(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("cgroup")) if request.param == "cgroup" else None


@pytest.mark.parametrize("grace", [0.0, 0.1])
@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left_of_a_hostile_agent(
    zygote: Zygote, mode: str, grace: float, containment: str | None
) -> None:
    run = hostile(zygote, mode, cgroup=containment, grace=grace)
    run.server.say("stop", grace=grace)
    run.server.end()
    nothing_is_left(run)
    assert containment is None or not Path(containment).exists()


def test_many_that_run_away_at_once_are_caught(zygote: Zygote, containment: str | None) -> None:
    run = python(zygote, RABBITS, processes=20, cgroup=containment)
    run.server.say("stop", grace=0.1)
    run.server.end()
    nothing_is_left(run)


def test_a_process_that_looks_dead_while_a_thread_of_it_lives_is_ended(zygote: Zygote) -> None:
    run = python(zygote, HEADLESS, processes=2)
    run.server.say("stop", grace=0)
    run.server.end()
    nothing_is_left(run)


def test_one_that_leaves_its_cgroup_is_ended_all_the_same(zygote: Zygote, cgroup: str) -> None:
    leave = f"""
if os.fork() == 0:
    os.setsid()
    with open({os.path.dirname(cgroup)!r} + "/cgroup.procs", "w") as procs: procs.write("0")
    note()
    time.sleep(20)
time.sleep(20)
"""
    run = python(zygote, leave, processes=1, cgroup=cgroup)
    assert Path(cgroup, "cgroup.procs").read_text().split() == [str(run.file("state.json")["agent"][0])]
    run.server.say("stop", grace=0)
    run.server.end()
    nothing_is_left(run)
    assert not Path(cgroup).exists()


def test_groups_that_an_agent_made_below_its_own_are_removed_too(zygote: Zygote, cgroup: str) -> None:
    below = f"os.makedirs({cgroup!r} + '/a/b'); os.mkdir({cgroup!r} + '/c'); note(); time.sleep(20)"
    run = python(zygote, below, processes=1, cgroup=cgroup)
    run.server.say("stop", grace=0)
    run.server.end()
    nothing_is_left(run)
    assert not Path(cgroup).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change a child's user")
def test_a_child_of_another_user_is_ended_by_a_shim_of_root(zygote: Zygote) -> None:
    zygote.folder.chmod(0o777)
    run = python(zygote, OTHER_USER, "setuid", processes=1)
    run.server.say("stop", grace=0)
    run.server.end()
    nothing_is_left(run)
