"""What is known of sessions without asking them: their activity, and the list of them."""

import pytest
import trio
from asking import P, Q, settle, spawn, types
from fakes import World

from ennio.supervisor.errors import NotFound
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Activity, Order
from ennio.supervisor.supervisor import Supervisor

# What it seems to be doing.


async def test_activity_follows_the_output_and_becomes_idle_in_silence(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    seen = [supervisor.get(record.id).activity]
    for word in (b"working\n", b"still\n", b"may I?\n", b"thanks\n"):
        world.terminals[0].say(word)
        await settle()
        seen.append(supervisor.get(record.id).activity)
    await trio.sleep(61)
    seen.append(supervisor.get(record.id).activity)
    waits, active = Activity.WAITING_INPUT, Activity.ACTIVE
    assert seen == [None, active, active, waits, active, Activity.IDLE]
    assert (await types(supervisor, record.id)).count("ActivityChanged") == 4
    assert supervisor.get(record.id).last_activity_at is not None


# Listing.


async def test_sessions_are_listed_newest_first_by_project_and_page_by_page(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    a, b, c = [await spawn(supervisor) for _ in range(3)]
    q = await supervisor.spawn(Order(Q, prompt="x"))
    await supervisor.kill(b.id)

    def ids(**wishes: object) -> list[str]:
        return [record.id for record in supervisor.list(**wishes)]

    assert ids() == [q.id, c.id, a.id]
    assert ids(ended=True) == [q.id, c.id, b.id, a.id]
    assert ids(project_id=P) == [c.id, a.id]
    assert ids(limit=2) == [q.id, c.id]
    assert ids(after=c.id, ended=True) == [b.id, a.id]
    assert ids(after=b.id) == [a.id]
    with pytest.raises(NotFound):
        ids(project_id=ProjectId("nope"))
    with pytest.raises(NotFound):
        ids(after=SessionId("nope"))
