import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from ennio.supervisor.errors import Conflict, SessionOver
from ennio.supervisor.mailbox import Reply, open_mailbox, refuse_the_rest


async def test_an_asker_gets_the_answer(nursery: trio.Nursery) -> None:
    mailbox, inbox = open_mailbox("s-1")

    async def owner() -> None:
        async for message, reply in inbox:
            reply.answer(message * 2)

    nursery.start_soon(owner)
    assert [await mailbox.ask(number) for number in (1, 2)] == [2, 4]


async def test_what_ennio_raises_on_purpose_is_the_askers_alone(nursery: trio.Nursery) -> None:
    reply = Reply()
    with reply:
        raise Conflict("not now")
    with pytest.raises(Conflict, match="not now"):
        await reply.take()


async def test_a_bug_reaches_the_asker_and_whoever_supervises() -> None:
    reply = Reply()
    with pytest.raises(ZeroDivisionError), reply:
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        await reply.take()


async def test_an_owner_that_is_cancelled_leaves_no_asker_waiting() -> None:
    reply = Reply()
    with trio.CancelScope() as scope:
        scope.cancel()
        with reply:
            await trio.sleep_forever()
    with pytest.raises(SessionOver):
        await reply.take()


async def test_the_first_answer_counts() -> None:
    reply = Reply()
    reply.answer("yes")
    reply.refuse(Conflict("no"))
    reply.answer("maybe")
    assert await reply.take() == "yes"


async def test_nobody_waits_for_an_owner_that_is_gone(autojump_clock: trio.abc.Clock) -> None:
    mailbox, inbox = open_mailbox("s-1")
    refused: list[SessionOver] = []

    async def ask() -> None:
        try:
            await mailbox.ask("anyone?")
        except SessionOver as error:
            refused.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(100):  # more than the mailbox holds: some still wait to post
            nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        refuse_the_rest(inbox, SessionOver("s-1 is over"))
    assert len(refused) == 100
    with pytest.raises(SessionOver, match="s-1"):
        await mailbox.tell("hello?")


async def test_a_hint_is_taken_while_there_is_room_and_never_waits() -> None:
    mailbox, inbox = open_mailbox("s-1")
    taken = 0
    while mailbox.hint(taken):
        taken += 1
    assert taken > 0
    assert (await inbox.receive())[0] == 0
    assert mailbox.hint("once more")
    refuse_the_rest(inbox, SessionOver("over"))
    assert not mailbox.hint("too late")
