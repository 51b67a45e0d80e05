"""What is stored is there again after a restart, in order, on either kind of database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
from fakes import step
from sqlalchemy import insert, update
from structlog.testing import capture_logs

from ennio.supervisor.events import KillRequested, SessionCrashed, SessionSpawned
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Activity, Answer, Phase, Tree
from ennio.supervisor.stores import changes
from ennio.supervisor.stores.database import DatabaseStore
from ennio.supervisor.stores.faults import NotStored
from ennio.supervisor.stores.opening import open_database
from ennio.supervisor.stores.tables import events, sessions

Make = Callable[..., Any]
WHO = {"session_id": SessionId("s-1"), "project_id": ProjectId("p")}


def execute(url: str, statement: Any) -> None:
    """Do something behind the store's back."""
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


async def test_events_and_the_last_record_outlive_the_store(
    url: str, running: Make, record: Make, changed: Make
) -> None:
    tree = Tree("/w", "main", "c0ffee", branch_made=True, baseline={"a\udcff\0": "1"})
    first = SessionSpawned(**WHO, agent_name="demo", opening="do it\0\udcff ü")
    async with running(url) as store:
        await store.append(step(first, record(prompt="x")))
        await store.append(step(intent := KillRequested(**WHO), record(phase=Phase.STOPPING)))
        last = record(phase=Phase.EXITED, tree=tree, prompt="\udcff\0", reason="it ended")
        await store.append(step(crash := SessionCrashed(**WHO, reason="why"), last))
        await store.append(step(other := changed("s-2"), record("s-2")))
    async with running(url) as again:
        assert await again.history(SessionId("s-1")) == [first, intent, crash]
        assert await again.history(SessionId("s-2")) == [other]
        assert await again.history(SessionId("s-3")) == []
        assert last in await again.load()


async def test_sessions_are_loaded_oldest_first(store: DatabaseStore, record: Make, changed: Make) -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    for name, age in (("s-b", 2), ("s-c", 1), ("s-a", 2), ("s-d", 3)):
        await store.append(step(changed(name), record(name, created_at=start - timedelta(seconds=age))))
    assert [record.id for record in await store.load()] == ["s-d", "s-a", "s-b", "s-c"]


async def test_a_session_is_forgotten_with_its_events_and_others_are_not(
    store: DatabaseStore, record: Make, changed: Make
) -> None:
    for name in ("s-1", "s-2"):
        await store.append(step(changed(name), record(name)))
    await store.forget(SessionId("s-1"))
    await store.forget(SessionId("s-unknown"))

    assert [record.id for record in await store.load()] == ["s-2"]
    assert await store.history(SessionId("s-1")) == []
    assert len(await store.history(SessionId("s-2"))) == 1


async def test_the_same_event_twice_is_stored_once(store: DatabaseStore, record: Make, changed: Make) -> None:
    event = changed()
    for prompt in ("first", "second"):
        await store.append(step(event, record(prompt=prompt)))
    assert await store.history(SessionId("s-1")) == [event]
    assert [record.prompt for record in await store.load()] == ["second"]


async def test_an_event_that_this_version_does_not_know_is_kept_and_left_out(
    url: str, running: Make, record: Make, changed: Make
) -> None:
    async with running(url) as store:
        await store.append(step(strange := changed(), record()))
        await store.append(step(broken := changed(), record()))
        await store.append(step(known := changed(), record()))
    execute(url, update(events).where(events.c.id == strange.id).values(kind="FromTheFuture"))
    execute(url, update(events).where(events.c.id == broken.id).values(body='{"activity": "Asleep"}'))
    async with running(url) as store:
        with capture_logs() as logs:
            assert await store.history(SessionId("s-1")) == [known]
        assert [entry["event_id"] for entry in logs] == [strange.id, broken.id]
    execute(url, update(events).where(events.c.id == strange.id).values(kind="ActivityChanged"))
    async with running(url) as store:
        assert await store.history(SessionId("s-1")) == [strange, known]


async def test_a_record_that_cannot_be_read_is_named(url: str, running: Make) -> None:
    row = {"id": "s-9", "project_id": "p", "created_at": datetime.now(UTC), "phase": "Done", "record": "{}"}
    execute(url, insert(sessions).values(row))
    async with running(url) as store:
        with pytest.raises(NotStored, match="what the database holds of s-9 cannot be read"):
            await store.load()


def answer(key: str = "k", content: bytes | None = b'"sent"\xff\0', seconds_ago: float = 0) -> Answer:
    given_at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return Answer("/api/v1/sessions", key, b"\0\xfffinger", given_at, content)


async def test_an_answer_is_recalled_as_it_was_until_it_is_dismissed(url: str, running: Make) -> None:
    pending, given, other = answer(content=None), answer(), answer("other")
    async with running(url) as store:
        await store.remember(pending)
        await store.remember(other)
        assert await store.recall(pending.target, "k") == pending
        await store.remember(given)
    async with running(url) as store:
        assert await store.recall(given.target, "k") == given
        assert await store.recall("/elsewhere", "k") is None
        await store.dismiss(given.target, "k")
        assert await store.recall(given.target, "k") is None
        assert await store.recall(other.target, "other") == other


async def test_answers_that_are_too_old_or_too_many_go(
    store: DatabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_ANSWERS", 3)
    monkeypatch.setattr("ennio.supervisor.stores.database._TRIM_EVERY", 6)
    for key, age in (("old", 86401), ("a", 50), ("b", 40), ("c", 30), ("d", 20), ("e", 86399)):
        await store.remember(answer(key, seconds_ago=age))

    known = [key for key in ("old", "a", "b", "c", "d", "e") if await store.recall("/api/v1/sessions", key)]
    assert known == ["b", "c", "d"]


async def test_two_hundred_at_once_are_all_stored_each_session_s_in_order(
    store: DatabaseStore, record: Make, changed: Make
) -> None:
    appended: dict[str, list[Any]] = {f"s-{number}": [] for number in range(40)}

    async def keep_appending(name: str) -> None:
        for activity in list(Activity)[:5]:
            event = changed(name, activity)
            appended[name].append(event)
            await store.append(step(event, record(name, activity=activity)))

    async with trio.open_nursery() as nursery:
        for name in appended:
            nursery.start_soon(keep_appending, name)

    for name, wanted in appended.items():
        assert await store.history(SessionId(name)) == wanted
    assert {record.activity for record in await store.load()} == {list(Activity)[4]}


async def test_appends_of_one_session_at_the_same_time_keep_the_order_in_which_they_came(
    store: DatabaseStore, record: Make, changed: Make
) -> None:
    events = [changed() for _ in range(200)]
    async with trio.open_nursery() as nursery:
        for event in events:  # a task is started in no certain order, so each is brought to its wait first
            await nursery.start(_append, store, event, record(prompt=event.id))
    assert await store.history(SessionId("s-1")) == events
    assert [record.prompt for record in await store.load()] == [events[-1].id]


async def _append(store: Any, event: Any, record: Any, *, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await store.append(step(event, record))
