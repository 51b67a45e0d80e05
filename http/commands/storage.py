"""Whether the database can be used that the configuration names."""

import os
from contextlib import closing, redirect_stdout
from io import StringIO
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

    from ennio.supervisor.plugins import load

    with redirect_stdout(StringIO()):  # it may want to write a log
        why = trio.run(_why_not, load("stores", "database")(url))
    if why:
        return Finding(_CHECK, Verdict.MISSING, one_line(f"database_url cannot be used: {why}"))
    return Finding(_CHECK, Verdict.OK, "database_url can be reached, and has ennio's tables")


async def _why_not(store: Any) -> str | None:
    """Return why the database cannot be used now, None where it can."""
    import trio

    from ennio.supervisor.errors import EnnioError

    why: str | None = "it does not answer"

    async def look(opened: trio.CancelScope) -> None:
        nonlocal why
        try:
            await store.load()
            why = None
        except EnnioError as error:
            why = str(error)
        opened.cancel()

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(look, nursery.cancel_scope)
            await trio.sleep(_PATIENCE)
            why = store.trouble or why
            nursery.cancel_scope.cancel()
    finally:
        await store.aclose()
    return why
