"""What a database says when it fails, and whether that can pass: sqlite.org/rescode.html for SQLite,
appendix A of PostgreSQL's manual for its SQLSTATEs.
"""

import errno
import sqlite3
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..errors import EnnioError

_LOCKED = "the database is locked by another program"
_FULL = "the disk of the database is full"
_FAILS = "the disk of the database fails"
_READ_ONLY = "the database is read-only"
_AWAY = "the database server cannot be reached"
_BUSY = "the database server has no room for another connection"

_SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FAILS,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: "the file of the database cannot be opened",
    sqlite3.SQLITE_NOMEM: "there is too little memory for the database",
}
_SQLITE_RUINED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}

_POSTGRES: Mapping[str, str] = {
    "08": _AWAY,
    "25006": _READ_ONLY,
    "40": "the database server gave up a transaction in favour of another",
    "53100": _FULL,
    "53200": "the database server has too little memory",
    "53300": _BUSY,
    "55P03": _LOCKED,
    "57P": _AWAY,
    "57014": "the database server cancelled a statement",
    "58": _FAILS,
}
"""By SQLSTATE, or by how it begins."""

_SYSTEM: Mapping[int, str] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EIO: _FAILS,
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}


class NotStored(EnnioError):
    """Something could not be written to the database, or never will be."""


def passing(error: Exception) -> str | None:
    """Say in words what is the matter when it can pass; None: trying again will not help."""
    cause = _cause(error)
    if isinstance(error, PoolTimeout):
        return _BUSY
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(_primary(cause))
    if isinstance(cause, OSError):
        return _SYSTEM.get(cause.errno or 0)
    if isinstance(error, DBAPIError):
        return _of_postgres(error)
    return None


def ruined(error: Exception) -> bool:
    """Tell whether the database is none any more: then nothing will ever be stored in it."""
    cause = _cause(error)
    return isinstance(cause, sqlite3.Error) and _primary(cause) in _SQLITE_RUINED


def said(error: Exception) -> str:
    """Return the database's own words, without the statement that they were about."""
    return str(_cause(error)).strip()


def _cause(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _primary(cause: sqlite3.Error) -> int:
    """The primary result code, which is the low byte of an extended one."""
    return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _of_postgres(error: DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is None:  # libpq itself gave up, before or after the server could say anything
        lost = error.connection_invalidated or type(error.orig).__name__ == "OperationalError"
        return _AWAY if lost else None
    return next((words for begin, words in _POSTGRES.items() if state.startswith(begin)), None)
