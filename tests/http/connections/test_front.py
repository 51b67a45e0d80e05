"""All connections together: who must go when they are full, and how they end."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from fakes import World
from raw_http import HEALTH, OK, SPAWN, Client, Served, eventually

from ennio.http.connections import front as connections

Serve = Callable[..., Awaitable[Served]]


async def test_when_all_places_are_taken_the_one_who_owes_the_longest_goes(serve: Serve) -> None:
    served = await serve(most=3)
    async with served.client() as first, served.client() as second, served.client() as third:
        await first.send(HEALTH)
        await first.answer()  # from here on it owes for less long than the second
        await second.send(HEALTH[:10])
        await third.send(HEALTH[:-2])
        await trio.sleep(0.05)
        async with served.client() as fourth:
            await fourth.send(HEALTH)
            assert (await fourth.answer()).startswith(OK)
            assert await second.rest() == b""
            await third.send(b"\r\n")
            assert (await third.answer()).startswith(OK)
            await first.send(HEALTH)
            assert (await first.answer()).startswith(OK)


async def test_who_waits_for_the_server_keeps_its_place(serve: Serve, world: World) -> None:
    world.checkout_takes = 0.5
    served = await serve(most=2)
    async with served.client() as working, served.client() as silent:
        await working.send(SPAWN)
        await trio.sleep(0.1)
        async with served.client() as third:
            assert await silent.rest() == b""
            await third.send(HEALTH)
            assert (await third.answer()).startswith(OK)
            assert (await working.answer()).startswith(OK)


async def test_a_newcomer_gets_in_even_when_everyone_waits_for_the_server(serve: Serve, world: World) -> None:
    world.checkout_takes = 5
    served = await serve(most=1)
    async with served.client() as working:
        await working.send(SPAWN)
        await trio.sleep(0.1)
        async with served.client() as newcomer:
            await newcomer.send(HEALTH)
            assert (await newcomer.answer()).startswith(OK)
            assert await working.rest() == b""


async def test_a_thousand_connections_are_held(serve: Serve) -> None:
    served = await serve()
    streams = [await trio.open_tcp_stream("127.0.0.1", served.port) for _ in range(1000)]
    try:
        for stream in (streams[0], streams[500], streams[-1]):
            client = Client(stream)
            await client.send(HEALTH)
            assert (await client.answer()).startswith(OK)
    finally:
        for stream in streams:
            await trio.aclose_forcefully(stream)


async def test_the_end_of_the_server_waits_for_no_idle_client(serve: Serve) -> None:
    served = await serve()
    async with served.client() as used, served.client() as fresh, served.client() as halfway:
        await used.send(HEALTH)
        await used.answer()
        await halfway.send(HEALTH[:20])
        await trio.sleep(0.05)
        served.closing.set()
        with trio.fail_after(0.5):
            await served.ended.wait()
        assert await used.rest() == await fresh.rest() == await halfway.rest() == b""


async def test_the_end_of_the_server_lets_a_request_under_way_finish(serve: Serve, world: World) -> None:
    world.launch_takes = 0.5
    served = await serve()
    async with served.client() as client:
        await client.send(SPAWN)
        await eventually(lambda: world.trees)
        served.closing.set()
        assert (await client.answer()).startswith(OK)
        assert await client.rest() == b""


async def test_the_end_of_the_server_does_not_wait_for_who_never_finishes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(connections, "GRACE", 0.3)
    world.launch_takes = 60
    served = await serve()
    async with served.client() as client:
        await client.send(SPAWN)
        await eventually(lambda: world.trees)
        served.closing.set()
        with trio.fail_after(2):
            await served.ended.wait()
