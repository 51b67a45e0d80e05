import pytest
import trio

from ennio.supervisor.errors import Conflict
from ennio.supervisor.outbox import Letter, Outbox


async def test_letters_are_taken_in_the_order_they_were_put() -> None:
    outbox = Outbox()
    for text in "abc":
        outbox.put(Letter(text))
    outbox.put(Letter("now"), first=True)
    taken = []
    while letter := outbox.first():
        taken.append(letter.text)
        outbox.remove(letter)
    assert taken == ["now", "a", "b", "c"]


async def test_the_writer_waits_for_the_next_letter(
    nursery: trio.Nursery, autojump_clock: trio.abc.Clock
) -> None:
    outbox, taken = Outbox(), []

    async def writer() -> None:
        while True:
            await outbox.stirred()
            while letter := outbox.first():
                outbox.remove(letter)
                taken.append(letter.text)

    nursery.start_soon(writer)
    for text in "ab":
        await trio.sleep(1)
        outbox.put(Letter(text))
        outbox.put(Letter(text.upper()))
    await trio.sleep(1)
    assert taken == ["a", "A", "b", "B"]


async def test_a_letter_can_be_withdrawn_before_its_first_byte_and_not_after() -> None:
    unread, begun = Letter("unread"), Letter("begun")
    begun.begin()
    left = []
    for letter in (unread, begun):
        letter.withdraw()
        with letter.until_withdrawn():
            await trio.lowlevel.checkpoint()
            left.append(letter.text)
    assert left == ["begun"]


async def test_refusing_gives_every_letter_back() -> None:
    outbox, letters = Outbox(), [Letter("a"), Letter("b")]
    for letter in letters:
        outbox.put(letter)
    outbox.refuse("it is gone")
    for letter in letters:
        with pytest.raises(Conflict, match="it is gone"):
            await letter.reply.take()
