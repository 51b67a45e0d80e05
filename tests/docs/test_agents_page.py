"""What docs/agents.md shows is so: its agents run, and what it says of the built-in ones is what they do."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from golden import observed
from installed import Server, running

from ennio.supervisor.config import load
from ennio.supervisor.errors import Invalid
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.plugins import load as plugin
from ennio.supervisor.plugins import names
from ennio.supervisor.records import Job, Permissions

PAGE = (Path(__file__).parents[2] / "docs" / "agents.md").read_text()
FILES: dict[str, str] = dict(re.findall(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)```", PAGE, re.M | re.S))
PROTOCOLS = {"--print", "stream-json", "app-server", "acp", "--acp", "--stdio"}
BUILT_IN = sorted(set(names("agents")) - {"custom"})

PARROT = """\
import sys
print("HELLO", "polly-7", flush=True)
for line in sys.stdin:
    print("HEARD", flush=True)
    print("SAYS", *sys.argv[1:], line.strip(), flush=True)
    print("DONE", 3, flush=True)
"""


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"there is no section {title!r}"
    return found[1]


def settles(server: Server, session_id: str, so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a session looks so, and return it."""
    give_up = time.monotonic() + 15
    while not so(shown := server.data("GET", f"/sessions/{session_id}")):
        assert time.monotonic() < give_up, f"{shown}\n{server.text(session_id)}"
        time.sleep(0.02)
    return dict(shown)


def test_every_built_in_agent_has_a_section_and_a_row() -> None:
    table = PAGE.split("## What holds")[0]
    for name in BUILT_IN:
        assert section(name)
        assert f"| [`{name}`](#{name}) |" in table


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("root", [False, True])
def test_what_is_run_and_set_for_an_agent_is_told(
    name: str, root: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of the command line that permissions bring, and all variables: none is missing on the page."""
    monkeypatch.setattr("os.geteuid", lambda: 0 if root else 1000)
    text, agent = section(name), plugin("agents", name)()
    for permissions in (None, *Permissions):
        job = Job(
            SessionId("p-1"),
            ProjectId("p"),
            "/w",
            "b",
            "x",
            model="m",
            permissions=permissions,
            folder="/f",
        )
        try:
            command = agent.command(job)
        except Invalid:
            assert f"`{permissions}` is refused" in text
            continue
        for variable in command.env:
            assert f"`{variable}`" in text
        words = iter(command.argv)
        for word in words:
            if word in {"--permission-mode", "--approval-mode"}:
                mode = next(words)
                assert re.search(rf"`{permissions}` is `({word} )?{mode}`", text)
            elif word.startswith(("--allow", "--yes", "--permission", "--skip")) or word in PROTOCOLS:
                assert word in text


@pytest.mark.parametrize("name", BUILT_IN)
def test_it_is_told_which_agents_go_on_with_a_conversation(name: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| [`{name}`]"))
    goes_on = row.split("|")[4].strip()
    assert (goes_on == "no") is not plugin("agents", name)().resumes


def configuration(folder: Path, shown: str) -> str:
    """Return a configuration of the page for a repository of this folder, and its Python for `python3`."""
    for old, new in (
        ("/opt/agents", str(folder)),
        ("/repos/my-app", str(folder / "repo")),
        ('"python3"', json.dumps(sys.executable)),
    ):
        assert old in shown
        shown = shown.replace(old, new)
    return f'port = 0\ndata_dir = "state"\n{shown}'


def test_an_agent_that_is_added_as_data_has_turns_receipts_a_conversation_and_a_cost(tmp_path: Path) -> None:
    (tmp_path / "echo_agent.py").write_text(FILES["echo_agent.py"])
    with running(tmp_path, configuration(tmp_path, FILES["ennio.toml"])) as server:
        session_id = server.spawn("my-app", prompt="Hello")["id"]
        settles(server, session_id, lambda shown: shown["turns"] == 1 and shown["activity"] == "Ready")
        path = f"/sessions/{session_id}/send?wait=accepted"
        answer = server.http.post(path, json={"message": "And again"})
        assert (answer.status_code, answer.headers["Ennio-Message-Id"]) == (200, "m2")
        shown = settles(server, session_id, lambda shown: shown["tokens_out"] == 6)
        assert (shown["turns"], shown["conversation"], shown["model"]) == (2, "echo-1", "echo")
        assert (shown["tokens_in"], shown["cost_is_estimated"]) == (24, False)
        assert Decimal(shown["cost_usd"]) == Decimal("0.01"), "its total is cumulative, as claude's is"
        console = section("Adding an agent as data").split("```console\n")[1].split("```")[0]
        assert server.text(session_id) == console.split("$ ennio logs ID\n")[1]
        assert load(tmp_path / "ennio.toml").agents["echo"].resume


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The page's package, installed into a folder as an installer leaves it behind."""
    folder = tmp_path / "site"
    for name in ("parrot/agent.py", "parrot.txt", "parrot.observed", "test_parrot.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(FILES[name])
    points = re.search(r'entry-points\."ennio\.agents"\]\n(.*)', FILES["pyproject.toml"], re.DOTALL)
    assert points
    info = folder / "ennio_parrot-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ennio-parrot\nVersion: 1\n")
    written = re.sub(r'^(\w+) = "(.*)"$', r"\1 = \2", points[1], flags=re.MULTILINE)
    (info / "entry_points.txt").write_text(f"[ennio.agents]\n{written}")
    return folder


def test_the_test_that_is_shown_passes(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_parrot.py"],
        cwd=package,
        env={"PYTHONPATH": str(package), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_the_recording_is_compared_as_ours_are(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(package))
    talk = plugin("agents", "parrot")().dialogue(None)
    lines = FILES["parrot.txt"].encode().splitlines()
    assert "".join(f"{line}\n" for line in observed(talk, lines)) == FILES["parrot.observed"]


def test_an_agent_that_is_added_as_code_is_run_by_the_installed_command(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "parrot"
    program.write_text(f"#!{sys.executable}\n{PARROT}")
    program.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(package))
    config = (
        'port = 0\ndata_dir = "state"\n'
        f"[agents.parrot]\nprogram = {json.dumps(str(program))}\n"
        '[[projects]]\nname = "my-app"\npath = "repo"\nagent = "parrot"\n'
    )
    with running(tmp_path, config) as server:
        session_id = server.spawn("my-app", prompt="Pieces of eight")["id"]
        shown = settles(server, session_id, lambda shown: shown["tokens_out"] == 3)
        assert (shown["conversation"], shown["model"], shown["agent_name"]) == (
            "polly-7",
            "parrot-1",
            "parrot",
        )
        assert server.text(session_id) == "Pieces of eight\n"
        assert settles(server, session_id, lambda shown: shown["activity"] == "Ready")
