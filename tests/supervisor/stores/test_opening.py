"""A database is made, taken as it is, brought up to date, or refused with words."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from ennio.supervisor.errors import ConfigError
from ennio.supervisor.stores import migrations
from ennio.supervisor.stores.database import DatabaseStore
from ennio.supervisor.stores.migrations import REVISIONS
from ennio.supervisor.stores.opening import open_database
from ennio.supervisor.stores.tables import metadata

Make = Callable[..., Any]


def test_the_migrations_make_the_tables_that_the_code_goes_by(url: str) -> None:
    engine = open_database(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_the_revisions_are_those_of_the_files() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    steps = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == REVISIONS


def test_a_database_that_is_up_to_date_is_opened_without_alembic(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_database(url).dispose()
    monkeypatch.setitem(sys.modules, "alembic", None)
    open_database(url).dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(url: str) -> None:
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(ConfigError, match=r"of a newer version of ennio .*0999.*start that version"):
        open_database(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0999"
    engine.dispose()


def test_a_migration_that_is_cut_short_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(connection: Any) -> None:
        migrations.migrate(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ennio.supervisor.stores.opening.migrate", cut_short)
        with pytest.raises(KeyboardInterrupt):
            open_database(url)
    engine = open_database(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar() == 0
    engine.dispose()


def test_tables_of_somebody_else_are_not_taken_for_ours(url: str) -> None:
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    with pytest.raises(ConfigError, match=r"`database_url`: .* cannot be used: .*already exists"):
        open_database(url)


@pytest.mark.parametrize("name", ["e.db", "what?#%41 ü.db", "a:b@c"])
def test_a_file_is_private_with_all_that_belongs_to_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch(0o644)
    for url in (f"sqlite:{path}", f"sqlite:///{path}"):
        engine = open_database(url)
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM sessions"))
            assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
            assert {file.name for file in tmp_path.iterdir()} == {name, f"{name}-wal", f"{name}-shm"}
        engine.dispose()


@pytest.mark.parametrize("content", [b"hello, I am a text", b"x" * 5000])
async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    store = DatabaseStore(f"sqlite:{path}")
    with (
        trio.fail_after(5),
        pytest.raises(ConfigError, match=r"`database_url`: .*/notes\.txt is no SQLite"),
    ):
        await store.load()
    await store.aclose()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("place", "words"),
    [("", "Is a directory"), ("no/e.db", "No such file"), ("file/e.db", "Not a directory")],
)
async def test_a_file_that_cannot_be_there_is_refused(tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "file").touch()
    store = DatabaseStore(f"sqlite:{tmp_path / place}")
    with (
        trio.fail_after(5),
        pytest.raises(ConfigError, match=f"`database_url`: .* cannot be opened: {words}"),
    ):
        await store.load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any file")
def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.db").touch(0o400)
    with pytest.raises(ConfigError, match="Permission denied"):
        open_database(f"sqlite:{tmp_path / 'e.db'}")


def test_what_sqlite_was_told_holds_for_every_connection(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:{tmp_path / 'e.db'}")
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            asked = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _TOLD]
            assert asked == list(_TOLD.values())
    engine.dispose()


_TOLD = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 500}


async def test_a_database_that_the_server_does_not_have_is_refused_without_the_password(
    postgres: Any,
) -> None:
    url = postgres.url("nowhere").replace("ennio@", "ennio:s3cret@")
    with trio.fail_after(5), pytest.raises(ConfigError) as raised:
        await DatabaseStore(url).load()
    assert 'the database server refuses: database "nowhere" does not exist' in str(raised.value)
    assert "s3cret" not in f"{raised.value} {raised.value.__cause__}"


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"needs psycopg: .*pip install 'ennio\[postgres\]'"):
        open_database("postgresql://me:s3cret@db/ennio")


def test_an_option_that_nobody_knows_is_refused(postgres: Any) -> None:
    with pytest.raises(ConfigError, match="invalid connection option") as raised:
        open_database(postgres.url("postgres").replace("ennio@", "ennio:s3cret@") + "&colour=red")
    assert "s3cret" not in str(raised.value)
