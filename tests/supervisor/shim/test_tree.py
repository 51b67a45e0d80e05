"""The walk finds whoever is below, on any kernel, and nobody else."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from real_shim import HOSTILE, PATIENCE, alive, wait_until

from ennio.supervisor.shim import bootstrap, proc

HOLD = """
import json, os, runpy, sys
runpy.run_path({bootstrap!r})["stand_in"]()
from ennio.supervisor.shim import proc, tree
proc.become_subreaper()
{change}
pid = os.fork()
if pid == 0:
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-IS", {agent!r}, {mode!r}, {file!r}])
print("ready", flush=True)
sys.stdin.readline()
held = tree.Tree(pid, None)
print(json.dumps(held.survivors()), flush=True)
while not held.empty:
    held.force()
    held.reap()
print(json.dumps(held.survivors()), flush=True)
"""

NO_LISTS = "tree.shows_children = lambda: False"
NO_PIDFDS = """
def refuse(*_):
    raise OSError(38, "Function not implemented")
proc.signal.pidfd_send_signal = refuse
"""


@pytest.mark.parametrize("change", ["", NO_LISTS, NO_PIDFDS], ids=["all", "no lists", "no pidfds"])
@pytest.mark.parametrize(
    ("mode", "processes"),
    [("deaf child", 2), ("daemon", 2), ("scrubbed", 2), ("its own subreaper", 2), ("bomb", 20)],
)
def test_all_that_is_below_is_found_and_ended(mode: str, processes: int, change: str, tmp_path: Path) -> None:
    file = tmp_path / "pids"
    program = HOLD.format(
        bootstrap=bootstrap.__file__, change=change, agent=str(HOSTILE), mode=mode, file=str(file)
    )
    bystander = subprocess.Popen(["sleep", "20"])
    with subprocess.Popen(
        [sys.executable, "-ISc", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        wait_until(lambda: file.exists() and len(file.read_text().split()) >= processes)
        noted = {int(pid) for pid in file.read_text().split()}
        out, _ = holder.communicate("go\n", PATIENCE)
    before, after = (json.loads(line) for line in out.splitlines()[1:])
    assert len(before) >= len(noted)
    if mode != "bomb":
        assert {survivor["pid"] for survivor in before} >= alive(noted)
    assert after == []
    assert alive({int(pid) for pid in file.read_text().split()}) == set()
    assert bystander.poll() is None
    bystander.send_signal(signal.SIGKILL)
    bystander.wait()


def test_a_name_with_a_bracket_in_it_does_not_move_the_fields(tmp_path: Path) -> None:
    program = tmp_path / "a) R 1"
    program.symlink_to(Path("/bin/sleep").resolve())
    with subprocess.Popen([str(program), "20"]) as process:
        wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "a) R 1\n")
        with proc.Held(process.pid) as held:
            stat = held.stat()
            assert stat is not None
            assert (stat.command, stat.parent) == ("a) R 1", os.getpid())
            assert held.uid() == os.geteuid()
            held.send(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def test_who_is_gone_is_told_as_gone() -> None:
    with pytest.raises(ProcessLookupError):
        proc.Held(2**22 + 1)
    assert proc.start_of(2**22 + 1) is None
