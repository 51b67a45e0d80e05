"""One writer for all: who waits is told what came of it, whatever becomes of the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from fakes import step
from structlog.testing import capture_logs

from ennio.supervisor.ids import SessionId
from ennio.supervisor.stores.database import DatabaseStore
from ennio.supervisor.stores.faults import NotStored

Make = Callable[..., Any]
ONE = SessionId("s-1")


@pytest.fixture
def poison(record: Make, changed: Make) -> Callable[[], tuple[Any, Any]]:
    """An event and a record that no database takes: a lone surrogate where there is no JSON around it."""
    return lambda: (changed("s-bad\ud800"), record("s-bad\ud800"))


async def test_what_cannot_be_stored_fails_alone(
    url: str, record: Make, changed: Make, poison: Callable[[], Any], running: Make
) -> None:
    failed = list[NotStored]()
    events = [changed() for _ in range(20)]
    store = DatabaseStore(url)

    async def append_poison(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        with pytest.raises(NotStored, match="ActivityChanged of s-bad") as raised:
            await store.append(step(*poison()))
        failed.append(raised.value)

    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as appends:  # all are queued before the writer begins
            for event in events:
                await appends.start(_append, store, event, record(prompt=event.id))
                await appends.start(append_poison)
            nursery.start_soon(store.run_forever)
        assert await store.history(ONE) == events
        assert [record.id for record in await store.load()] == [ONE]
        nursery.cancel_scope.cancel()
    await store.aclose()

    assert len(failed) == len(events)


async def _append(store: Any, event: Any, record: Any, *, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await store.append(step(event, record))


async def test_what_has_no_form_fails_before_it_is_queued(
    store: DatabaseStore, record: Make, changed: Make
) -> None:
    with pytest.raises(TypeError, match="complex has no form in the database"):
        await store.append(step(changed(), record(prompt=1j)))
    await store.append(step(changed(), record()))


async def test_a_withdrawn_change_is_not_stored(url: str, record: Make, changed: Make) -> None:
    store = DatabaseStore(url)
    with trio.move_on_after(0.01):
        await store.append(step(changed(), record()))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run_forever)
        await store.append(step(kept := changed("s-2"), record("s-2")))
        assert await store.history(ONE) == []
        assert await store.history(SessionId("s-2")) == [kept]
        nursery.cancel_scope.cancel()
    await store.aclose()


async def test_a_cancelled_append_is_stored_whole_or_not_at_all(
    store: DatabaseStore, record: Make, changed: Make
) -> None:
    await store.load()
    for number in range(60):
        name = f"s-{number}"
        with trio.move_on_after(number / 30_000):
            await store.append(step(changed(name), record(name)))
    await store.append(step(changed("s-end"), record("s-end")))

    known = {record.id for record in await store.load()}
    for number in range(60):
        history = await store.history(SessionId(f"s-{number}"))
        assert len(history) == (f"s-{number}" in known)


async def test_a_store_that_is_stopped_first_stores_what_it_was_given(
    url: str, record: Make, changed: Make, running: Make
) -> None:
    events = [changed() for _ in range(50)]
    store = DatabaseStore(url)
    async with trio.open_nursery() as appends:
        for event in events:
            await appends.start(_append, store, event, record())
        with trio.CancelScope() as scope:
            scope.cancel()
            await store.run_forever()
        assert scope.cancelled_caught
    await store.aclose()

    async with running(url) as again:
        assert await again.history(ONE) == events


async def test_a_store_that_was_stopped_takes_no_more(url: str, record: Make, changed: Make) -> None:
    store = DatabaseStore(url)
    with trio.move_on_after(0):
        await store.run_forever()
    with pytest.raises(NotStored, match="ActivityChanged of s-1 was not stored: the store is closed"):
        await store.append(step(changed(), record()))
    await store.aclose()
    with pytest.raises(NotStored, match="the store is closed"):
        await store.load()


async def test_a_database_that_becomes_rubbish_ends_the_writer(
    tmp_path: Path, record: Make, changed: Make
) -> None:
    store = DatabaseStore(f"sqlite:{tmp_path / 'e.db'}")
    ends = list[NotStored]()

    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        with pytest.raises(NotStored, match="the database is ruined") as raised:
            await store.run_forever()
        ends.append(raised.value)

    async with trio.open_nursery() as nursery:
        await nursery.start(run)
        await store.append(step(changed(), record()))
        assert store._engine is not None
        store._engine.dispose()  # or else SQLite goes on for a while from what it has in memory
        (tmp_path / "e.db").write_bytes(b"\xaa" * 8192)
        with capture_logs(), trio.fail_after(20), pytest.raises(NotStored, match="ruined"):
            await store.append(step(changed(), record()))
    with pytest.raises(NotStored, match="ruined"):
        await store.append(step(changed(), record()))
    await store.aclose()
    assert len(ends) == 1
