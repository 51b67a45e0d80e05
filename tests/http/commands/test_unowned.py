"""What `ennio doctor` says of agents that go on without a server."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ennio.http.commands.findings import Verdict
from ennio.http.commands.unowned import unowned
from ennio.http.started import start_of

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
GONE = [2**22 - 1, 1]

Leave = Callable[..., Path]


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    """Leave a session's state as a holder writes it down."""

    def write(session_id: str, **more: Any) -> Path:
        folder = tmp_path / "sessions" / session_id / "run"
        folder.mkdir(parents=True)
        me = [os.getpid(), start_of(os.getpid())]
        state = {"version": 1, "session_id": session_id, "boot_id": BOOT, "holder": me, "agent": me, **more}
        (folder / "state.json").write_text(json.dumps(state))
        return folder / "state.json"

    return write


def test_agents_whose_holders_live_are_named_with_their_patience(leave: Leave, tmp_path: Path) -> None:
    leave("app-1")
    leave("app-2")
    finding = unowned(tmp_path, 600)
    assert finding.verdict is Verdict.MIND
    assert finding.says == (
        "2 agents (app-1, app-2) run without a server; after 600 s of that (orphan_timeout) an agent is"
        " ended, before it `ennio start` takes it over"
    )


def test_an_agent_that_lost_its_holder_is_told_apart(leave: Leave, tmp_path: Path) -> None:
    leave("app-1", holder=GONE)
    says = "1 agent (app-1) runs without a server and without a holder; `ennio start` ends such"
    assert unowned(tmp_path, 600).says == says


def test_the_names_of_many_are_not_all_told(leave: Leave, tmp_path: Path) -> None:
    for number in range(8):
        leave(f"app-{number}")
    assert "8 agents (app-0, app-1, app-2, app-3, app-4, ...) run" in unowned(tmp_path, 600).says


@pytest.mark.parametrize(
    "more",
    [
        {"holder": GONE, "agent": GONE},
        {"boot_id": "another boot"},
        {"holder": [os.getpid(), 1], "agent": None},
        {"holder": "me", "agent": {"pid": 1}},
        {"holder": [1, 0], "agent": [0, 0]},
    ],
)
def test_whoever_is_gone_or_not_proved_does_not_count(
    leave: Leave, tmp_path: Path, more: dict[str, Any]
) -> None:
    leave("app-1", **more)
    assert unowned(tmp_path, 600).verdict is Verdict.OK


def test_a_holder_that_only_waits_to_be_reaped_is_gone(leave: Leave, tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "100"]) as child:
        ident = [child.pid, start_of(child.pid)]
        leave("app-1", holder=ident, agent=ident)
        assert unowned(tmp_path, 600).verdict is Verdict.MIND
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert unowned(tmp_path, 600).verdict is Verdict.OK


def test_what_is_no_state_holds_nobody_up(leave: Leave, tmp_path: Path) -> None:
    leave("app-1").write_bytes(b"\xff{")
    leave("app-2").write_text("[" * 50_000)
    leave("app-3").write_text("[1]")
    fifo = leave("app-4")
    fifo.unlink()
    os.mkfifo(fifo)
    link = leave("app-5")
    link.rename(tmp_path / "elsewhere")
    link.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "sessions" / "app-6").touch()
    assert unowned(tmp_path, 600).verdict is Verdict.OK


def test_a_folder_that_no_server_has_used_has_no_agents(tmp_path: Path) -> None:
    assert unowned(tmp_path / "none", 600).verdict is Verdict.OK
