"""From a URL to a database that is ready: connected, private, and with the tables of this version."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ..errors import ConfigError
from .faults import passing, ruined, said
from .migrations import migrate

_PATIENCE = 0.5
"""Seconds that SQLite itself waits for a lock; past that it is said that there is trouble."""

_POSTGRES_OPTIONS = {
    "application_name": "ennio",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""So that a server which is gone without a word is noticed within seconds; the URL may say otherwise."""

_REFUSED = re.compile(
    r"FATAL: +(.*(?:authentication failed|does not exist|no pg_hba\.conf entry|permission denied).*)"
)


def open_database(url: str) -> Engine:
    """Connect, and bring the tables to this version. Blocks; meant for a thread.

    Raises `ConfigError` for what the operator must change, and the library's own exceptions for what may
    pass (see `faults.passing`). No credentials are in either.
    """
    engine = _sqlite(url) if url.startswith("sqlite:") else _postgres(url)
    try:
        with engine.begin() as connection:
            migrate(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        engine.dispose()
        if why := _why_not(error):
            name = engine.url.database if engine.dialect.name == "sqlite" else "the database server"
            raise ConfigError(f"`database_url`: {name} {why}") from error
        raise
    except BaseException:
        engine.dispose()
        raise
    return engine


def _why_not(error: Exception) -> str | None:
    """Say what the operator must change, or None if it may pass."""
    if ruined(error):
        return "is no SQLite database: move it away, or name another file"
    if refused := _REFUSED.search(said(error)):
        return f"refuses: {refused[1].strip()}"
    if passing(error) is None:
        return f"cannot be used: {said(error)}"
    return None


def _sqlite(url: str) -> Engine:
    path = Path(url.removeprefix("sqlite:").removeprefix("///"))
    _make_private(path)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        connect_args={"timeout": _PATIENCE, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _make_private(path: Path) -> None:
    """Make the file if there is none, and let nobody else read it; SQLite gives its log the same mode.

    Raises `ConfigError` when it can be neither made nor written to.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if passing(error):
            raise
        raise ConfigError(f"`database_url`: {path} cannot be opened: {error.strerror}") from error
    try:
        os.fchmod(file, 0o600)
    finally:
        os.close(file)


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Every commit is on the disk before it returns (FULL), and readers wait for nobody (WAL).

    Python's own BEGIN would leave out what changes tables, so it is ours.
    """
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _postgres(url: str) -> Engine:
    try:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
        options = {name: value for name, value in _POSTGRES_OPTIONS.items() if name not in parsed.query}
        engine = create_engine(parsed, hide_parameters=True, connect_args=options)
    except ImportError as error:
        raise ConfigError(
            "`database_url`: a postgresql:// database needs psycopg: install ennio with its extra"
            " `postgres` (pip install 'ennio[postgres]')"
        ) from error
    except (ArgumentError, ValueError):
        raise ConfigError("`database_url` is no URL of a PostgreSQL database") from None
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_postgres(connection: Any, _: object) -> None:
    """A lock that another program holds is to be noticed, not waited for in silence."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET lock_timeout = 2000")
    connection.commit()
