"""The feed: every reader sees everything once, in order, from memory or from the journal."""

import pytest
import trio
import trio.testing

from ennio.supervisor import events as e
from ennio.supervisor.feed import Feed, FeedReader, Lost
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.journal import Journal
from ennio.supervisor.protocols import Step
from ennio.supervisor.records import SessionRecord
from ennio.supervisor.stores.memory import MemoryStore

WHO = {"session_id": SessionId("s-1"), "project_id": ProjectId("p")}
RECORD = SessionRecord(SessionId("s-1"), ProjectId("p"), "demo", e.now())


class World:
    """A journal with a feed, and a way to let things happen."""

    def __init__(self, kept: int = 8) -> None:
        self.store = MemoryStore()
        self.journal = Journal(self.store)
        self.feed = Feed(self.journal, kept)

    async def happens(self, count: int = 1) -> list[str]:
        happened = [e.SessionSpawned(**WHO, agent_name=f"a{number}") for number in range(count)]
        for event in happened:
            await self.journal.append(Step((event, e.KillRequested(**WHO)), RECORD))
        return [event.id for event in happened]


async def read(reader: FeedReader, count: int) -> list[str]:
    found: list[str] = []
    with trio.fail_after(1):
        while len(found) < count:
            found += [event.id for event in await reader.next()]
    return found


async def test_a_reader_that_begins_now_sees_what_comes_and_nothing_that_was(autojump_clock: object) -> None:
    world = World()
    await world.happens(3)
    reader = world.feed.reader()
    ids = await world.happens(3)

    assert await read(reader, 3) == ids
    with trio.move_on_after(1) as scope:
        await reader.next()
    assert scope.cancelled_caught


async def test_intents_and_private_events_are_not_shown() -> None:
    world = World()
    reader = world.feed.reader()
    await world.happens()

    assert [event.event_type for event in await reader.next()] == ["SessionSpawned"]


@pytest.mark.parametrize("kept", [1, 2, 5, 100])
async def test_a_reader_goes_on_after_any_event_whether_memory_has_it_or_not(kept: int) -> None:
    world = World(kept)
    ids = await world.happens(9)
    for place, event_id in enumerate(ids):
        reader = world.feed.reader(event_id)
        assert await read(reader, len(ids) - place - 1) == ids[place + 1 :]
    late = world.feed.reader(ids[0])
    assert await read(late, 8) == ids[1:]
    more = await world.happens(kept)
    assert await read(late, kept) == more


async def test_what_was_durable_before_the_feed_heard_of_it_is_not_seen_twice() -> None:
    world = World()
    first, between = await world.happens(1), await world.happens(8)
    tell, world.store.stored = world.store.stored, lambda step: None
    held: list[Step] = []
    world.store.stored = held.append
    second = await world.happens(2)
    reader = world.feed.reader(first[0])
    assert await read(reader, 10) == between + second  # from the journal

    async with trio.open_nursery() as nursery:
        found: list[str] = []

        async def go_on() -> None:
            found.extend(await read(reader, 1))

        nursery.start_soon(go_on)
        await trio.testing.wait_all_tasks_blocked()
        for step in held:
            tell(step)
        world.store.stored = tell
        third = await world.happens(1)
    assert found == third


async def test_a_reader_that_is_too_slow_is_told_that_its_place_is_lost() -> None:
    world = World(kept=4)
    reader = world.feed.reader()
    await world.happens(5)

    with pytest.raises(Lost):
        await reader.next()


async def test_an_event_that_nobody_keeps_is_no_place_to_go_on_from() -> None:
    world = World()
    ids = await world.happens(2)
    await world.journal.forget(SessionId("s-1"))
    for place in ("nonsense", ids[0]):
        if world.feed.place_after(place) is None:
            with pytest.raises(Lost):
                await world.feed.reader(place).next()
