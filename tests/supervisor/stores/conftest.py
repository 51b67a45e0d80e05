"""Databases to test with: SQLite in a file, and a PostgreSQL server of our own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import trio

from ennio.supervisor.events import ActivityChanged, now
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Activity, SessionRecord
from ennio.supervisor.stores.database import DatabaseStore

OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "listen_addresses=",
    "max_connections=20",
    "shared_buffers=8MB",
)


class Postgres:
    """A server on a Unix socket, as a user without rights; its files are gone at the end."""

    def __init__(self, programs: Path) -> None:
        self._programs, self._numbers = programs, count()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as: dict[str, Any] = {"cwd": self.folder, "stdin": subprocess.DEVNULL}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres" if _exists("postgres") else "nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
        command = [programs / "initdb", "-D", "data", "-U", "ennio", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*command, "--locale=C"], check=True, capture_output=True, **self._as)
        self.start()

    def start(self) -> None:
        options = [word for option in OPTIONS for word in ("-c", option)]
        command = [self._programs / "postgres", "-D", "data", "-k", self.folder, *options]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log, **self._as)
        deadline = monotonic() + 30
        while not self._answers():
            assert monotonic() < deadline, (self.folder / "log").read_text()
            sleep(0.02)

    def _answers(self) -> bool:
        command = [self._programs / "pg_isready", "-q", "-h", self.folder]
        return subprocess.run(command, **self._as).returncode == 0

    def stop(self) -> None:
        """End it as an operator does who has no patience: connections are cut."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait(30)

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str) -> str:
        return f"postgresql://ennio@/{database}?host={self.folder}"

    def database(self) -> str:
        """Make a database and return its name."""
        name = f"d{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return name


def _exists(user: str) -> bool:
    return any(entry.pw_name == user for entry in pwd.getpwall())


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, where it is installed (on Debian: the package `postgresql`)."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name))
    on_path = shutil.which("initdb")
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed")
    if not places and on_path is None:
        pytest.skip("no PostgreSQL server is installed")
    server = Postgres(places[-1] if places else Path(on_path or "").parent)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new and empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'ennio.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.database())


Running = Callable[[str], AbstractAsyncContextManager[DatabaseStore]]


@pytest.fixture
def running() -> Running:
    """A store whose writer runs until the block ends."""

    @asynccontextmanager
    async def running(url: str) -> AsyncIterator[DatabaseStore]:
        store = DatabaseStore(url)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.run_forever)
                yield store
                nursery.cancel_scope.cancel()
        finally:
            await store.aclose()

    return running


@pytest.fixture
async def store(url: str, running: Running) -> AsyncIterator[DatabaseStore]:
    """A running store over an empty database of either kind."""
    async with running(url) as store:
        yield store


@pytest.fixture
def record() -> Callable[..., SessionRecord]:
    """Make a session's record."""

    def record(name: str = "s-1", **changes: Any) -> SessionRecord:
        fields: dict[str, Any] = {"agent_name": "demo", "created_at": now()} | changes
        return SessionRecord(id=SessionId(name), project_id=ProjectId("p"), **fields)

    return record


@pytest.fixture
def changed() -> Callable[..., ActivityChanged]:
    """Make an event of a session."""

    def changed(name: str = "s-1", activity: Activity = Activity.IDLE) -> ActivityChanged:
        return ActivityChanged(session_id=SessionId(name), project_id=ProjectId("p"), activity=activity)

    return changed
