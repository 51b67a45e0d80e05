"""Sending: whole messages in order, each once, and never to nobody."""

from collections.abc import Callable

import pytest
import trio
from asking import settle, spawn
from fakes import World

from ennio.supervisor.errors import Conflict, DeadlineExceeded
from ennio.supervisor.outbox import Letter
from ennio.supervisor.supervisor import Supervisor


async def test_messages_of_one_sender_arrive_in_order(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    for number in range(50):
        await supervisor.send(record.id, Letter(str(number)))
    assert world.terminals[0].heard[1:] == [b"%d\n" % number for number in range(50)]


async def test_a_message_that_is_not_read_in_time_is_withdrawn(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await settle()
    world.reads = False
    with pytest.raises(DeadlineExceeded, match=r"longer than 2 s.*does not read.*withdrawn"):
        await supervisor.send(record.id, Letter("lost"), seconds=2)
    world.reads = True
    await supervisor.send(record.id, Letter("found"))
    assert world.terminals[0].heard == [b"do it\n", b"found\n"]


async def test_of_a_message_whose_fate_is_known_only_after_the_deadline_that_fate_is_told(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    """What holds the agent may answer late that the first byte was written already."""
    record = await spawn(supervisor)
    await settle()

    async def begin_late(data: bytes, begun: Callable[[], None]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            begun()

    world.terminals[0].write = begin_late
    with pytest.raises(DeadlineExceeded, match="its beginning was written already"):
        await supervisor.send(record.id, Letter("late"), seconds=2)


async def test_a_message_that_was_begun_is_completed_before_any_other(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await settle()
    world.reads, world.takes_first = False, True
    with pytest.raises(DeadlineExceeded, match=r"will be completed"):
        await supervisor.send(record.id, Letter("long"))
    with pytest.raises(DeadlineExceeded, match="withdrawn"):
        await supervisor.send(record.id, Letter("queued"), seconds=3)
    world.reads = True
    world.read_again.set()
    await supervisor.send(record.id, Letter("last"))
    assert world.terminals[0].heard == [b"do it\n", b"long\n", b"last\n"]


async def test_senders_beyond_the_outbox_wait_and_get_their_turn(
    supervisor: Supervisor, world: World, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    await settle()
    world.reads, world.takes_first = False, True
    async with trio.open_nursery() as nursery:
        for number in range(60):
            nursery.start_soon(supervisor.send, record.id, Letter(str(number)))
        await trio.sleep(5)
        world.reads = True
        world.read_again.set()
    assert sorted(world.terminals[0].heard[1:]) == sorted(b"%d\n" % number for number in range(60))


@pytest.mark.parametrize("code", [0, 1])
async def test_a_session_whose_agent_does_not_run_takes_no_message(
    supervisor: Supervisor, world: World, code: int, autojump_clock: trio.abc.Clock
) -> None:
    record = await spawn(supervisor)
    world.terminals[0].die(code)
    await settle()
    with pytest.raises(Conflict, match="restore"):
        await supervisor.send(record.id, Letter("hello?"))
