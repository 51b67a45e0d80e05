import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from canned import Canned, canned

from ennio.http.commands.ask_server import Options
from ennio.http.commands.doctor import doctor, examine
from ennio.http.commands.findings import Finding, Verdict
from ennio.http.commands.terminal import Failure
from ennio.supervisor.config import load
from ennio.supervisor.hosts.local import LocalHost


def config(folder: Path, more: str = "", port: int = 0) -> Options:
    (folder / "app").mkdir(exist_ok=True)
    subprocess.run(["git", "init", "--quiet", folder / "app"], check=True)
    file = folder / "ennio.toml"
    file.write_text(
        f'port = {port}\ndata_dir = "state"\n[defaults]\nagent = "demo"\n'
        f'[[projects]]\nname = "app"\npath = "app"\n{more}'
    )
    return Options(config=file)


def look(options: Options, check: str) -> Finding:
    return {finding.check: finding for finding in examine(options)}[check]


def program(folder: Path, name: str, prints: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)


def test_on_a_good_machine_nothing_essential_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor(config(tmp_path))
    said = capsys.readouterr().out
    assert "git version" in said
    assert "missing" not in said


def test_what_is_missing_is_named_in_the_end(tmp_path: Path) -> None:
    options = config(
        tmp_path,
        '[agents.mine]\ncommand = ["no-such-agent"]\n[[projects]]\nname="b"\npath="app"\nagent="mine"',
    )
    with pytest.raises(Failure, match="mend this first: agent mine") as caught:
        doctor(options)
    assert caught.value.code == 1


def test_json_lists_every_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config(tmp_path).config
    doctor(Options(config=file, json=True))
    assert '"verdict": "ok"' in capsys.readouterr().out


def test_an_old_git_is_not_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "git", "git version 2.30.9")
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = next(examine(Options(config=tmp_path / "none.toml")))
    assert finding == Finding("git", Verdict.MISSING, "git version 2.30.9 is too old: install 2.31 or later")


def test_no_git_at_all_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = next(examine(Options(config=tmp_path / "none.toml")))
    assert (finding.check, finding.verdict) == ("git", Verdict.MISSING)


def test_without_tmux_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look(Options(config=tmp_path / "none.toml"), "tmux").verdict is Verdict.OK


def test_a_wrong_configuration_is_one_finding_and_the_others_are_told(tmp_path: Path) -> None:
    options = config(tmp_path, "bogus = 1\n")
    findings = list(examine(options))
    assert findings[-1].check == "configuration"
    assert findings[-1].verdict is Verdict.MISSING
    assert "bogus" in findings[-1].says
    assert findings[0].check == "git"


def test_a_configuration_without_projects_serves_nothing(tmp_path: Path) -> None:
    options = config(tmp_path)
    (tmp_path / "ennio.toml").write_text("port = 0\n")
    assert look(options, "configuration").verdict is Verdict.MISSING


def test_a_built_in_agent_is_found_with_its_version(tmp_path: Path) -> None:
    assert ", Python 3." in look(config(tmp_path), "agent demo").says


def test_a_custom_agent_is_found_and_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (tmp_path / "agent").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (tmp_path / "agent").chmod(0o755)
    more = f'agent = "mine"\n[agents.mine]\ncommand = ["{tmp_path}/agent"]\n'
    assert look(config(tmp_path, more), "agent mine") == Finding(
        "agent mine", Verdict.OK, f"{tmp_path}/agent"
    )
    assert not ran.exists()


def test_an_agent_of_the_workspace_is_not_looked_for_here(tmp_path: Path) -> None:
    more = 'agent = "mine"\n[agents.mine]\ncommand = ["{workspace}/agent"]\n'
    assert look(config(tmp_path, more), "agent mine").verdict is Verdict.OK


def test_a_data_folder_that_others_can_look_into_is_told(tmp_path: Path) -> None:
    options = config(tmp_path)
    assert "made when the server starts" in look(options, "data folder").says
    (tmp_path / "state").mkdir(mode=0o755)
    assert look(options, "data folder").verdict is Verdict.MIND
    (tmp_path / "state").chmod(0o700)
    assert look(options, "data folder").says.endswith("private")


def test_a_data_folder_that_is_a_file_is_no_data_folder(tmp_path: Path) -> None:
    options = config(tmp_path)
    (tmp_path / "state").touch()
    assert look(options, "data folder").verdict is Verdict.MISSING


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    options = config(tmp_path)
    tmp_path.chmod(0o500)
    assert look(options, "data folder").verdict is Verdict.MISSING


def test_a_port_that_somebody_else_has_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        finding = look(config(tmp_path, port=taken.getsockname()[1]), "server")
    assert finding.verdict is Verdict.MISSING
    assert "Address already in use" in finding.says


def test_a_free_port_is_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    assert look(config(tmp_path, port=port), "server").says.startswith("does not run; port")


def pretend_to_serve(folder: Path, port: int) -> None:
    """Write a lock as if this process were the server."""
    (folder / "state").mkdir(mode=0o700)
    start = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    facts = {"pid": os.getpid(), "start": start, "host": "127.0.0.1", "port": port}
    (folder / "state/lock").write_text(json.dumps(facts))


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    options = config(tmp_path, port=port)
    pretend_to_serve(tmp_path, 1)
    finding = look(options, "server")
    assert finding.verdict is Verdict.MISSING
    assert finding.says.startswith(f"pid {os.getpid()} runs on port 1, but no server answers at ")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Canned]:
    """A server that is ready and runs on the data folder, as far as one can tell."""
    with canned() as server:
        pretend_to_serve(tmp_path, server.server_port)
        server.answer("GET /ready", "ready")
        yield server


def test_a_server_that_runs_is_believed_what_it_says_of_itself(tmp_path: Path, server: Canned) -> None:
    server.answer("GET /api/v1/system", {"containment": "shim+marker", "trouble": None})
    found = {f.check: f for f in examine(config(tmp_path, port=server.server_port))}
    assert found["server"].says == f"runs at http://127.0.0.1:{server.server_port}, pid {os.getpid()}"
    assert found["containment"].says.startswith("shim+marker: ")
    assert found["database"] == Finding("database", Verdict.OK, "the server stores what happens")
    assert "left running" not in found


def test_a_server_that_can_store_nothing_is_told(tmp_path: Path, server: Canned) -> None:
    server.answer("GET /api/v1/system", {"containment": "best-effort", "trouble": "the disk is full"})
    options = config(tmp_path, port=server.server_port)
    told = Finding("database", Verdict.MISSING, "nothing can be stored now: the disk is full")
    assert look(options, "database") == told
    assert look(options, "containment").verdict is Verdict.MIND
    with pytest.raises(Failure, match="mend this first: database"):
        doctor(options)


def test_a_server_that_still_recovers_is_let_alone(tmp_path: Path, server: Canned) -> None:
    server.answer("GET /ready", "taking over", status=503)
    options = config(tmp_path, port=server.server_port)
    assert look(options, "server").verdict is Verdict.MIND
    assert {route for route, _ in server.asked} == {"GET /ready"}


def test_without_a_server_containment_is_what_a_server_would_find(tmp_path: Path) -> None:
    assert look(config(tmp_path), "containment").says.startswith(f"{LocalHost().containment}: ")


def test_tmux_is_missing_where_a_project_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("git", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    options = config(tmp_path)
    known = load(options.config)
    wanting = replace(known, projects=tuple(replace(each, runtime="tmux") for each in known.projects))
    monkeypatch.setattr("ennio.http.commands.doctor.configuration", lambda _, serving: wanting)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look(options, "tmux") == Finding("tmux", Verdict.MISSING, "not on PATH: install tmux 3.2 or later")
    program(tmp_path, "tmux", "tmux 3.1c")
    assert look(options, "tmux").says == "tmux 3.1c is too old: install 3.2 or later"
    program(tmp_path, "tmux", "tmux 3.5a")
    assert look(options, "tmux") == Finding("tmux", Verdict.OK, "tmux 3.5a")
