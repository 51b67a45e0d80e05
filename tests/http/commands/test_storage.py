"""What `ennio doctor` says of the database, without a server."""

import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import trio

from ennio.http.commands import storage
from ennio.http.commands.findings import Finding, Verdict
from ennio.supervisor import plugins
from ennio.supervisor.config import Config, load
from ennio.supervisor.errors import ConfigError

Look = Callable[..., Finding]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Look at the database that a configuration names."""

    def examine(url: str | None = None) -> Finding:
        line = f'database_url = "{url}"\n' if url else ""
        (tmp_path / "ennio.toml").write_text(f'data_dir = "state"\n{line}')
        config: Config = load(tmp_path / "ennio.toml")
        return storage.database(config)

    return examine


def test_a_file_that_is_not_there_yet_is_made_later(look: Look, tmp_path: Path) -> None:
    found = Finding("database", Verdict.OK, f"{tmp_path}/state/ennio.db, made when the server starts")
    assert look() == found
    assert look("sqlite:own.db").says == f"{tmp_path}/own.db, made when the server starts"
    assert [entry.name for entry in tmp_path.iterdir()] == ["ennio.toml"]


@pytest.mark.parametrize("name", ["own.db", "odd ?#%41.db"])
def test_a_file_that_can_be_used_stays_as_it_is(look: Look, tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(tmp_path / name)) as file:
        file.execute("CREATE TABLE t (x)")
    before = (tmp_path / name).read_bytes()
    assert look(f"sqlite:{name}") == Finding("database", Verdict.OK, f"{tmp_path}/{name}")
    assert (tmp_path / name).read_bytes() == before


def test_a_file_that_is_no_database_is_told(look: Look, tmp_path: Path) -> None:
    (tmp_path / "own.db").write_text("nothing of the kind " * 100)
    finding = look("sqlite:own.db")
    assert finding.verdict is Verdict.MISSING
    assert "file is not a database" in finding.says


def test_a_file_that_somebody_else_locks_is_told(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PATIENCE", 0.05)
    with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        finding = look("sqlite:own.db")
    assert finding.verdict is Verdict.MISSING
    assert "locked" in finding.says


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_in_is_told(look: Look, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert look("sqlite:closed/own.db").verdict is Verdict.MISSING


@pytest.fixture
def nobody() -> str:
    """The URL of a database server that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    return f"postgresql://me:s3cret@127.0.0.1:{port}/x"


def test_a_database_server_that_is_not_there_is_told_without_its_password(
    look: Look, nobody: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(storage, "_PATIENCE", 0.5)
    finding = look(nobody)
    assert finding.verdict is Verdict.MISSING
    assert finding.says == "database_url cannot be used: the database server cannot be reached"
    assert capsys.readouterr().out == ""


class Opens:
    """A store of a database that can be opened, or that nobody may."""

    trouble = None
    refusal: ConfigError | None = None
    closed = 0

    def __init__(self, url: str) -> None:
        assert url == "postgresql://host/x"

    async def load(self) -> list[object]:
        await trio.lowlevel.checkpoint()
        if self.refusal:
            raise self.refusal
        return []

    async def aclose(self) -> None:
        type(self).closed += 1


def test_a_database_that_opens_is_well_and_one_that_refuses_says_why(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "load", lambda *_: Opens)
    assert look("postgresql://host/x").verdict is Verdict.OK
    monkeypatch.setattr(Opens, "refusal", ConfigError("the database server refuses: no such user"))
    finding = look("postgresql://host/x")
    assert finding.verdict is Verdict.MISSING
    assert finding.says.endswith("the database server refuses: no such user")
    assert Opens.closed == 2
