"""What can pass is waited for and said; then everything is stored after all."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trio
from fakes import step
from sqlalchemy import event
from structlog.testing import capture_logs

from ennio.supervisor.ids import SessionId
from ennio.supervisor.stores.database import DatabaseStore

Make = Callable[..., Any]
ONE = SessionId("s-1")


async def in_trouble(store: DatabaseStore) -> str:
    """Wait until the store says what is the matter."""
    with trio.fail_after(20):
        while (trouble := store.trouble) is None:  # noqa: ASYNC110 - a thread finds out
            await trio.sleep(0.01)
    return trouble


def warnings_and_infos(logs: list[Any]) -> list[tuple[str, Any]]:
    return [(entry["log_level"], entry.get("why")) for entry in logs if "trouble" in entry["event"]]


async def test_a_locked_database_is_waited_for(
    tmp_path: Path, running: Make, record: Make, changed: Make
) -> None:
    events = [changed() for _ in range(3)]
    async with running(f"sqlite:{tmp_path / 'e.db'}") as store:
        await store.append(step(events[0], record()))
        assert store.trouble is None
        with (
            capture_logs() as logs,
            trio.fail_after(20),
            closing(sqlite3.connect(tmp_path / "e.db", isolation_level=None)) as other,
        ):
            other.execute("BEGIN EXCLUSIVE")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.append, step(events[1], record()))
                assert await in_trouble(store) == "the database is locked by another program"
                assert await store.history(ONE) == events[:1]
                assert [known.id for known in await store.load()] == [ONE]
                other.execute("ROLLBACK")
            assert store.trouble is None
            await store.append(step(events[2], record()))
        assert await store.history(ONE) == events
    assert warnings_and_infos(logs) == [
        ("warning", "the database is locked by another program"),
        ("info", None),
    ]


async def test_who_gives_up_while_it_is_locked_leaves_nothing_behind(
    tmp_path: Path, running: Make, record: Make, changed: Make
) -> None:
    async with running(f"sqlite:{tmp_path / 'e.db'}") as store:
        await store.load()
        with closing(sqlite3.connect(tmp_path / "e.db", isolation_level=None)) as other, capture_logs():
            other.execute("BEGIN IMMEDIATE")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.append, step(first := changed(), record()))
                await in_trouble(store)
                with trio.move_on_after(0.01) as given_up:
                    await store.append(step(changed("s-2"), record("s-2")))
                other.execute("ROLLBACK")
        assert given_up.cancelled_caught
        assert await store.history(ONE) == [first]
        assert await store.history(SessionId("s-2")) == []


async def test_a_store_that_is_stopped_in_trouble_ends_all_the_same(
    tmp_path: Path, record: Make, changed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ennio.supervisor.stores.writer._LAST", 0.2)
    store = DatabaseStore(f"sqlite:{tmp_path / 'e.db'}")
    await store.load()
    with closing(sqlite3.connect(tmp_path / "e.db", isolation_level=None)) as other, capture_logs() as logs:
        other.execute("BEGIN EXCLUSIVE")
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.run_forever)
                nursery.start_soon(store.append, step(changed(), record()))
                await in_trouble(store)
                nursery.cancel_scope.cancel()
            await store.aclose()
    assert [entry["log_level"] for entry in logs] == ["warning"]


async def test_a_database_that_is_locked_at_the_start_is_waited_for(
    tmp_path: Path, running: Make, record: Make, changed: Make
) -> None:
    with closing(sqlite3.connect(tmp_path / "e.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with running(f"sqlite:{tmp_path / 'e.db'}") as store:
            with capture_logs(), trio.fail_after(20):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(store.append, step(changed(), record()))
                    assert await in_trouble(store) == "the database is locked by another program"
                    other.execute("ROLLBACK")
                assert len(await store.load()) == 1


async def test_a_read_only_database_is_waited_for(
    tmp_path: Path, running: Make, record: Make, changed: Make
) -> None:
    async with running(f"sqlite:{tmp_path / 'e.db'}") as store:
        await store.load()

        def refuse(connection: Any) -> None:
            connection.exec_driver_sql("PRAGMA query_only = ON")

        event.listen(store._engine, "begin", refuse)
        with capture_logs(), trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.append, step(changed(), record()))
                assert await in_trouble(store) == "the database is read-only"
                event.remove(store._engine, "begin", refuse)
                store._engine.dispose()
            assert len(await store.load()) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


async def test_a_full_disk_is_waited_for(
    small_disk: Path, running: Make, record: Make, changed: Make
) -> None:
    async with running(f"sqlite:{small_disk / 'e.db'}") as store:
        await store.append(step(first := changed(), record()))
        (small_disk / "other").write_bytes(b"x" * (1 << 19))
        with capture_logs() as logs, trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.append, step(second := changed(), record(prompt="x" * (1 << 19))))
                assert await in_trouble(store) == "the disk of the database is full"
                assert await store.history(ONE) == [first]
                (small_disk / "other").unlink()
        assert await store.history(ONE) == [first, second]
    assert [level for level, _ in warnings_and_infos(logs)] == ["warning", "info"]


@pytest.fixture
def restarted(postgres: Any) -> Iterator[Any]:
    """A PostgreSQL server that a test may stop; afterwards it runs again."""
    yield postgres
    if not postgres._answers():
        postgres.start()


async def test_a_server_that_is_restarted_is_waited_for(
    restarted: Any, running: Make, record: Make, changed: Make
) -> None:
    events = [changed() for _ in range(4)]
    async with running(restarted.url(restarted.database())) as store:
        await store.append(step(events[0], record()))
        assert await store.history(ONE) == events[:1]
        with capture_logs() as logs, trio.fail_after(30):
            restarted.stop()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.append, step(events[1], record()))
                assert await in_trouble(store) == "the database server cannot be reached"
                await trio.to_thread.run_sync(restarted.start)
            assert await store.history(ONE) == events[:2]
            for event_ in events[2:]:
                await store.append(step(event_, record()))
        assert await store.history(ONE) == events
    assert [level for level, _ in warnings_and_infos(logs)] == ["warning", "info"]


async def test_no_append_is_lost_or_doubled_while_connections_are_cut(
    postgres: Any, running: Make, record: Make, changed: Make
) -> None:
    name = postgres.database()
    appended = list[Any]()
    async with running(postgres.url(name)) as store:
        await store.load()

        async def keep_appending(enough: trio.Event) -> None:
            while not enough.is_set():
                await store.append(step(event := changed(), record()))
                appended.append(event)

        with capture_logs(), trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                enough = trio.Event()
                nursery.start_soon(keep_appending, enough)
                cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                for _ in range(8):
                    await trio.to_thread.run_sync(postgres.execute, cut)
                    await trio.sleep(0.02)
                enough.set()
        assert await store.history(ONE) == appended


async def test_a_server_whose_tables_are_locked_or_read_only_is_waited_for(
    postgres: Any, running: Make, record: Make, changed: Make
) -> None:
    import psycopg

    name = postgres.database()
    async with running(postgres.url(name)) as store:
        await store.load()
        with capture_logs(), trio.fail_after(30), psycopg.connect(postgres.url(name)) as other:
            other.execute("LOCK TABLE events")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.append, step(changed(), record()))
                assert await in_trouble(store) == "the database is locked by another program"
                other.rollback()
            store._engine.dispose()
            postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.append, step(changed(), record()))
                assert await in_trouble(store) == "the database is read-only"
                postgres.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
                store._engine.dispose()
        assert len(await store.history(ONE)) == 2


async def test_a_server_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    store = DatabaseStore(f"postgresql://me:s3cret@/ennio?host={tmp_path}")
    with capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.load)
            assert await in_trouble(store) == "the database server cannot be reached"
            nursery.cancel_scope.cancel()
    await store.aclose()
    assert store.trouble is None
    assert "s3cret" not in str(logs)


async def test_a_server_that_sleeps_does_not_stop_who_gives_up(
    postgres: Any, running: Make, record: Make, changed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ennio.supervisor.stores.endurance._SILENCE", 0.2)
    name = postgres.database()
    async with running(postgres.url(name)) as store:
        await store.append(step(changed(), record()))
        found = postgres.execute(f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}'")
        for (pid,) in found:
            os.kill(pid, signal.SIGSTOP)
        try:
            with trio.fail_after(5):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(store.append, step(changed(), record()))
                    assert await in_trouble(store) == "the database does not answer"
                    nursery.cancel_scope.cancel()
        finally:
            for (pid,) in found:
                os.kill(pid, signal.SIGCONT)
        await store.append(step(changed(), record()))
        assert store.trouble is None


async def test_a_database_that_opens_after_whoever_waited_gave_up_is_closed_with_the_store(
    tmp_path: Path,
) -> None:
    path = tmp_path / "e.db"
    store = DatabaseStore(f"sqlite:{path}")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with trio.move_on_after(0.1):
            await store.load()
        other.execute("ROLLBACK")
    await store.aclose()
    opened = [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    assert not [name for name in opened if name.startswith(str(path))]
