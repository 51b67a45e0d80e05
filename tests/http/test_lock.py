import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ennio.http.lock import CannotServe, hold

HOLDER = """
import sys, time
from pathlib import Path
from ennio.http.lock import hold
with hold(Path(sys.argv[1])) as lock:
    lock.tell(77, "127.0.0.1", 3000, "http://127.0.0.1:3000")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "a" / "state"


def test_the_folder_is_made_and_private(data_dir: Path) -> None:
    with hold(data_dir):
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "lock").stat().st_mode) == 0o600


def test_a_folder_that_others_could_read_becomes_private(data_dir: Path) -> None:
    data_dir.mkdir(parents=True)
    data_dir.chmod(0o755)
    with hold(data_dir):
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_the_lock_tells_who_holds_it_while_it_is_held(data_dir: Path) -> None:
    with hold(data_dir) as lock:
        lock.tell(5, "localhost", 12345, "http://localhost:12345")
        lock.tell(5, "localhost", 1, "u")
        told = json.loads((data_dir / "lock").read_text())
    assert told == {"pid": os.getpid(), "start": 5, "host": "localhost", "port": 1, "url": "u"}
    assert (data_dir / "lock").read_text() == ""


def test_a_second_holder_is_refused_and_told_about_the_first(data_dir: Path) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", HOLDER, str(data_dir)], stdout=subprocess.PIPE) as holder,
    ):
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(CannotServe, match=f"pid {holder.pid}, http://127.0.0.1:3000"), hold(data_dir):
            pass
        assert json.loads((data_dir / "lock").read_text())["pid"] == holder.pid
        holder.kill()
    with hold(data_dir):
        pass


def test_one_that_is_held_for_a_moment_more_is_waited_for(data_dir: Path) -> None:
    dying = HOLDER.replace("time.sleep(60)", "time.sleep(0.2)")
    with subprocess.Popen([sys.executable, "-c", dying, str(data_dir)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with hold(data_dir):
            pass


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff" * 9000])
def test_what_a_dead_server_left_behind_is_no_obstacle(data_dir: Path, content: bytes) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / "lock").write_bytes(content)
    with hold(data_dir), pytest.raises(CannotServe, match="another server"), hold(data_dir):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(CannotServe, match=str(tmp_path / "file" / "state")),
        hold(tmp_path / "file" / "state"),
    ):
        pass
