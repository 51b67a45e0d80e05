"""docs/operating.md: what it gives to be copied is right."""

import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import httpx2
import pytest
import yaml
from installed import running, settings
from sampled import read

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text()


def blocks(language: str) -> list[str]:
    """Return what the page has in that language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)


def unit() -> dict[str, str]:
    (text,) = blocks("ini")
    lines = [line for line in text.splitlines() if "=" in line]
    names = [line.partition("=")[0] for line in lines]
    assert [name for name, number in Counter(names).items() if number > 1] == []
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    (text,) = blocks("ini")
    here = text.replace("/opt/ennio/bin/ennio", sys.executable)
    (tmp_path / "ennio.service").write_text(here)
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / "ennio.service")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "ennio.service" not in told.stderr, told.stderr
    assert told.returncode == 0, told.stderr


def test_the_unit_leaves_agents_alone_and_gives_the_server_the_time_that_it_takes() -> None:
    found = unit()
    assert found["KillMode"] == "process"
    assert found["Type"] == "notify"
    assert int(found["TimeoutStopSec"]) > 10
    assert int(found["WatchdogSec"]) >= 10
    assert found["Delegate"] == "yes"
    assert found["RestartPreventExitStatus"] == "2"


def test_each_block_of_configuration_is_one() -> None:
    assert all(tomllib.loads(text) for text in blocks("toml"))
    assert all(yaml.safe_load(text) for text in blocks("yaml"))


def test_alerts_are_about_metrics_that_there_are() -> None:
    (rules,) = [text for text in blocks("yaml") if "alert:" in text]
    named = set(re.findall(r"ennio_\w+", rules))
    told = set(re.findall(r"^\| `(ennio_\w+)`", PAGE, re.MULTILINE))
    assert {re.sub(r"_bucket$", "", name) for name in named} <= told


def test_what_is_said_of_the_data_folder_and_of_its_backup_is_so(tmp_path: Path) -> None:
    statement = re.search(r'"(VACUUM INTO) \'', PAGE)
    assert statement
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    with running(first, settings()) as server:
        session = server.spawn()
        server.wait_for(session["id"], "heard hello")
        state = first / "state"
        there = {path.name for path in state.iterdir()}
        known = set(re.findall(r"`([\w.]+?)(?:/[\w/]*)?`", PAGE.split("`data_dir` holds")[1]))
        assert {name for name in there if not name.startswith("ennio.db")} <= known
        (second / "state").mkdir(mode=0o700)
        with sqlite3.connect(state / "ennio.db") as database:
            database.execute(f"{statement[1]} '{second}/state/ennio.db'")
        database.close()
        for name in ("instance", "key"):
            shutil.copy2(state / name, second / "state" / name)
        shutil.copytree(state / "sessions", second / "state" / "sessions", ignore=lambda *_: {"run"})
    with running(second, settings()) as server:
        (restored,) = server.data("GET", "/sessions")
        assert (restored["id"], restored["status"]) == (session["id"], "Exited")
        assert "heard hello" in server.text(session["id"])
        assert read(httpx2.get(f"{server.url}/metrics").text)
