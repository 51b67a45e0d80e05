"""Figures about all sessions: none of them is asked."""

from typing import Any

import pytest
import trio
from asking import P, settle, spawn
from fake_forges import FakeNotifier
from trio.testing import MockClock

from ennio.supervisor.errors import NotifierFailed
from ennio.supervisor.mailbox import open_mailbox, refuse_the_rest
from ennio.supervisor.supervisor import Supervisor


async def test_sessions_are_counted_by_project_and_status(
    supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    assert supervisor.vitals().active == {}
    first, _ = await spawn(supervisor), await spawn(supervisor)
    assert supervisor.vitals().active == {(P, "Working"): 2}
    await supervisor.kill(first.id)
    assert supervisor.vitals().active == {(P, "Working"): 1}
    assert (supervisor.vitals().mail, supervisor.vitals().notices) == (0, 0)


async def test_notices_count_until_operators_were_given_them(
    begin: Any, notifier: FakeNotifier, world: Any, autojump_clock: MockClock
) -> None:
    notifier.fails = NotifierFailed("it is away")
    supervisor = await begin()
    await spawn(supervisor)
    world.terminals[0].die(3)
    await settle()
    assert supervisor.vitals().notices == 1
    notifier.fails = None
    await trio.sleep(600)
    assert supervisor.vitals().notices == 0


async def test_mail_waits_until_it_is_read_also_before_the_door(nursery: trio.Nursery) -> None:
    mailbox, inbox = open_mailbox("x")
    while mailbox.hint("news"):
        pass
    room = mailbox.waiting
    nursery.start_soon(mailbox.tell, "more")
    await trio.testing.wait_all_tasks_blocked()
    assert room > 1
    assert mailbox.waiting == room + 1
    inbox.receive_nowait()
    inbox.receive_nowait()
    assert mailbox.waiting == room - 1
    refuse_the_rest(inbox, ValueError("over"))
    assert mailbox.waiting == 0


async def test_a_listener_is_told_of_each_step_once_it_is_stored(
    supervisor: Supervisor, autojump_clock: MockClock
) -> None:
    told, before = list[str](), list[str]()

    def hear(step: Any) -> None:
        told.extend(event.event_type for event in step.events)
        before.append(supervisor.get(step.record.id).phase)

    supervisor.listen(hear)
    session = await spawn(supervisor)
    await settle()
    history = [event.event_type for event in await supervisor.history(session.id)]
    assert [kind for kind in told if kind in history] == history
    assert before[0] == "Spawning"
    assert len(told) > len(history)  # intents too


@pytest.mark.parametrize("number", [1, 3])
async def test_readers_of_the_feed_are_counted_while_they_wait(supervisor: Supervisor, number: int) -> None:
    async with trio.open_nursery() as readers:
        for _ in range(number):
            readers.start_soon(supervisor.feed.reader().next)
        await trio.testing.wait_all_tasks_blocked()
        assert supervisor.feed.readers == number
        readers.cancel_scope.cancel()
    assert supervisor.feed.readers == 0
