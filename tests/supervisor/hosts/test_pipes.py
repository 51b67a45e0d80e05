import os

import trio
import trio.testing

from ennio.supervisor.hosts.pipes import Sink, open_pipe


async def test_room_and_a_cancellation_at_the_same_moment_write_all_that_fits_or_nothing() -> None:
    outcomes = set()
    for _ in range(200):
        reading, writing = open_pipe()
        os.set_blocking(reading, False)
        sink, written = Sink(writing), []

        async def write(sink: Sink = sink, written: list[int] = written) -> None:
            written.append(await sink.write(b"x" * 4096))

        while fill(writing):
            pass
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            await trio.testing.wait_all_tasks_blocked()
            drain(reading)
            await trio.lowlevel.checkpoint()  # from here on trio knows that there is room
            nursery.cancel_scope.cancel()
        assert drain(reading) == sum(written)
        outcomes.add(bool(written))
        sink.close()
        os.close(reading)
    assert False in outcomes


def fill(writing: int) -> int:
    try:
        return os.write(writing, b"x" * 65536)
    except BlockingIOError:
        return 0


def drain(reading: int) -> int:
    size = 0
    try:
        while piece := os.read(reading, 65536):
            size += len(piece)
    except BlockingIOError:
        pass
    return size
