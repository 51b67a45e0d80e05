"""Whether the database can be used that the configuration names."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .findings import Finding, Verdict
from .terminal import one_line

if TYPE_CHECKING:
    from ennio.supervisor.config import Config

_CHECK = "database"
_PATIENCE = 5.0


def stored(trouble: str | None) -> Finding:
    """Say whether the server that runs can store what happens, as it has told."""
    if trouble:
        return Finding(_CHECK, Verdict.MISSING, one_line(f"nothing can be stored now: {trouble}"))
    return Finding(_CHECK, Verdict.OK, "the server stores what happens")


def database(config: "Config") -> Finding:
    """Say whether a server could use the database. A file stays as it is; PostgreSQL gets the tables."""
    url = config.database_url.get_secret_value() if config.database_url else None
    if url is not None and not url.startswith("sqlite:"):
        return _postgres(url)
    path = Path(url.removeprefix("sqlite:").removeprefix("///")) if url else config.data_dir / "ennio.db"
    if os.path.exists(path):  # Path.exists raises where a folder above may not be entered
        return _file(path)
    if url and not os.access(path.parent, os.W_OK | os.X_OK):
        return Finding(
            _CHECK, Verdict.MISSING, f"{path} cannot be made: make its folder, one that you can write in"
        )
    return Finding(_CHECK, Verdict.OK, f"{path}, made when the server starts")


def _file(path: Path) -> Finding:
    import sqlite3
    from contextlib import closing
    from urllib.parse import quote

    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=_PATIENCE)
        ) as file:
            file.execute("SELECT count(*) FROM sqlite_master").fetchone()
            file.execute("BEGIN IMMEDIATE")
            file.rollback()
    except sqlite3.DatabaseError as error:
        advice = "end what else uses it, or let database_url name another one"
        return Finding(_CHECK, Verdict.MISSING, one_line(f"{path} cannot be used: {error}; {advice}"))
    return Finding(_CHECK, Verdict.OK, str(path))


def _postgres(url: str) -> Finding:
    """Open it as a server would."""
    import trio

    from ennio.supervisor.errors import ConfigError
    from ennio.supervisor.plugins import load

    store: Any = load("stores", "database")(url)
    try:
        if not trio.run(_opens, store):
            why = store.trouble or "it does not answer"
            return Finding(_CHECK, Verdict.MISSING, one_line(f"database_url cannot be reached: {why}"))
    except ConfigError as error:
        return Finding(_CHECK, Verdict.MISSING, one_line(str(error)))
    return Finding(_CHECK, Verdict.OK, "database_url can be reached, and has ennio's tables")


async def _opens(store: Any) -> bool:
    import trio

    opened = False
    try:
        with trio.move_on_after(_PATIENCE):
            await store.load()
            opened = True
    finally:
        await store.aclose()
    return opened
