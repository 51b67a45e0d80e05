"""docs/plugins.md: the plugin that it shows is installed, told of things, and run; its tables are right."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from installed import running

from ennio.supervisor import protocols
from ennio.supervisor.observations import Said, Started, TurnEnded, TurnStarted, Unknown
from ennio.supervisor.plugins import load, names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text()
FILES: dict[str, str] = dict(re.findall(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)```", PAGE, re.M | re.S))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's package, as an installer leaves it in a folder of the search path."""
    folder = tmp_path / "site"
    info = folder / "ennio_bell-1.dist-info"
    info.mkdir(parents=True)
    (folder / "ennio_bell.py").write_text(FILES["ennio_bell.py"])
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ennio-bell\nVersion: 1\n")
    points = FILES["pyproject.toml"].partition("[project.entry-points")[2]
    written = re.sub(r'(?:^\[project\.entry-points)?\."(ennio\.\w+)"\]', r"[\1]", points, flags=re.MULTILINE)
    written = re.sub(r'^(\w+) = "(.*)"$', r"\1 = \2", written, flags=re.MULTILINE)
    (info / "entry_points.txt").write_text(written)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_it_is_found_by_its_entry_points(site: Path) -> None:
    assert "bell" in names("notifiers")
    assert "bell" in names("agents")


def test_its_language_is_understood_whatever_comes(site: Path) -> None:
    talk = load("agents", "bell")().dialogue(None)
    said = [b"READY", b"DING", b"SAYS hello", b"DONG", b"\xff", b""]
    seen = [one for line in said for one in talk.receive(line)]
    assert seen == [Started(None, None), TurnStarted(), Said("hello"), TurnEnded(), Unknown(), Unknown()]
    assert talk.ready
    assert talk.tell("one\ntwo") == b"one two\n"
    after = load("agents", "bell")().dialogue(None)
    after.recall(talk.memory())
    assert after.ready is talk.ready is False


def test_the_installed_command_runs_the_agent_and_the_notifier(site: Path, tmp_path: Path) -> None:
    program, told = tmp_path / "bell-agent", tmp_path / "told"
    program.write_text(FILES["bell-agent"])
    program.chmod(0o755)
    shown = FILES["ennio.toml"]
    for old, new in (
        ("/var/log/ennio-bell", told),
        ("/opt/bin/bell-agent", program),
        ("/repos/my-app", tmp_path / "repo"),
    ):
        assert json.dumps(old) in shown
        shown = shown.replace(json.dumps(old), json.dumps(str(new)))
    with running(tmp_path, f'port = 0\ndata_dir = "state"\n{shown}') as server:
        session = server.spawn("my-app", prompt="Ring\nthe bell")["id"]
        server.wait_for(session, "I was told: Ring the bell\n")
        rested = until_ready(server, session)
        assert (rested["agent_name"], rested["turns"]) == ("bell", 1)
        answer = server.http.post(f"/sessions/{session}/send?wait=accepted", json={"message": "again"})
        assert answer.status_code == 200
        assert server.data("POST", "/notifiers/file/test") == "sent"
        assert told.read_text().startswith("[info] ")
        told.unlink()
        told.mkdir()
        failed = server.http.post("/notifiers/file/test")
        assert failed.status_code == 502
        assert "cannot be written" in failed.json()["error"]


def until_ready(server: Any, session: str) -> dict[str, Any]:
    give_up = time.monotonic() + 10
    while (shown := server.data("GET", f"/sessions/{session}"))["activity"] != "Ready":
        assert time.monotonic() < give_up, shown
        time.sleep(0.02)
    return dict(shown)


def test_the_groups_that_are_told_are_those_of_ennio_and_their_ports_are_there() -> None:
    told = set(re.findall(r"^\| `ennio\.(\w+)` \|", PAGE, re.MULTILINE))
    there = set(re.findall(r'entry-points\."ennio\.(\w+)"\]', (ROOT / "pyproject.toml").read_text()))
    assert told == there - {"hosts", "stores"}
    for row in re.findall(r"^\| `ennio\.\w+` \|.*$", PAGE, re.MULTILINE):
        for port in re.findall(r"`([A-Z]\w+)`", row):
            assert hasattr(protocols, port), port


def test_the_files_that_it_sends_to_are_there() -> None:
    for path in re.findall(r"`(supervisor/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), path
