"""One connection over a real socket, byte by byte."""

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
import trustme
from fakes import World
from raw_http import HEALTH, JSON, OK, SPAWN, Client, Served, eventually, post

from ennio.http.connections import asgi, connection
from ennio.supervisor import Supervisor

Serve = Callable[..., Awaitable[Served]]


async def test_a_connection_serves_request_after_request(serve: Serve) -> None:
    async with (await serve()).client() as client:
        for _ in range(3):
            await client.send(HEALTH)
            answer = await client.answer()
            assert answer.startswith(OK)
            assert b"\r\nserver:" not in answer.lower()
            assert answer.endswith(b'{"data":"ok"}')


async def test_requests_that_come_in_one_piece_are_answered_in_order(serve: Serve) -> None:
    async with (await serve()).client() as client:
        await client.send(HEALTH + post("/nope", b"") + HEALTH)
        statuses = [(await client.answer()).split()[1] for _ in range(3)]
        assert statuses == [b"200", b"404", b"200"]


@pytest.mark.parametrize("requests", [0, 1, 3])
async def test_an_idle_connection_is_closed_after_its_silence_however_often_it_was_used(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    monkeypatch.setattr(connection, "SILENCE", 0.3)
    async with (await serve()).client() as client:
        for _ in range(requests):
            await client.send(HEALTH)
            await client.answer()
        with trio.fail_after(2):
            assert await client.rest() == b""


async def test_a_head_that_does_not_end_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SILENCE", 0.3)
    async with (await serve()).client() as client:
        with trio.fail_after(2):
            for sign in HEALTH[:-2]:
                with suppress(trio.BrokenResourceError):
                    await client.send(bytes([sign]))
                await trio.sleep(0.02)
            assert await client.rest() == b""


@pytest.mark.parametrize("request_line", ["POST /nope", "POST /api/v1/health", "DELETE /api/v1/sessions/p-1"])
async def test_a_body_that_nobody_reads_does_not_spoil_the_connection(
    serve: Serve, request_line: str
) -> None:
    async with (await serve()).client() as client:
        for _ in range(3):
            await client.send(
                f"{request_line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n".encode()
            )
            for _ in range(30):
                await client.send(b"x" * 10_000)
                await trio.sleep(0.001)
            assert (await client.answer()).split()[1] in {b"404", b"405"}
            await client.send(HEALTH)
            assert (await client.answer()).startswith(OK)


async def test_a_body_that_does_not_end_costs_the_connection_and_not_the_answer(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "PATIENCE", 0.2)
    async with (await serve()).client() as client:
        await client.send(b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        answer = await client.answer()
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"\r\nconnection: close" in answer.lower()
        assert await client.rest() == b""


async def test_a_body_that_is_waited_for_has_a_time_limit(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "PATIENCE", 0.1)
    monkeypatch.setattr("ennio.http.app.SLOWEST_BODY", 0.2)
    async with (await serve()).client() as client:
        await client.send(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"
        )
        answer = await client.answer()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":408' in answer
        assert await client.rest() == b""


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_client_that_sends_far_too_much_still_gets_to_read_why(serve: Serve, chunked: bool) -> None:
    async with (await serve()).client() as client:
        length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 30000000"
        head = f"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\n{length}\r\n\r\n"
        await client.send(head.encode())
        for _ in range(30):
            piece = b"x" * 1_000_000
            await client.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            await client.send(b"0\r\n\r\n")
        assert (await client.answer()).startswith(b"HTTP/1.1 413 ")
        await client.send(HEALTH)
        assert (await client.answer()).startswith(OK)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET http://evil.example/api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET ?x HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000, b"431"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"400"),
    ],
)
async def test_what_is_no_http_1_gets_a_bare_answer_and_a_closed_connection(
    serve: Serve, data: bytes, status: bytes
) -> None:
    async with (await serve()).client() as client:
        await client.send(data)
        answer = await client.rest()
        assert answer.split()[:2] == [b"HTTP/1.1", status]
        assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("version", "length"),
    [("1.1", "Content-Length: 5\r\n"), ("1.0", "Content-Length: 5\r\n"), ("1.0", "")],
)
async def test_a_body_whose_length_is_ambiguous_is_refused_with_all_that_follows(
    serve: Serve, version: str, length: str
) -> None:
    head = f"POST / HTTP/{version}\r\nHost: localhost\r\n{length}Transfer-Encoding: chunked\r\n\r\n"
    async with (await serve()).client() as client:
        await client.send(head.encode() + b"0\r\n\r\n" + HEALTH)
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "offer",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAI\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ],
)
async def test_an_offer_of_another_protocol_is_overlooked(serve: Serve, offer: bytes) -> None:
    async with (await serve()).client() as client:
        await client.send(HEALTH[:-2] + offer + b"\r\n")
        assert (await client.answer()).startswith(OK)
        await client.send(HEALTH)
        assert (await client.answer()).startswith(OK)


async def test_a_client_that_does_not_read_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WRITE", 0.3)
    served = await serve()
    async with served.client() as client:
        with pytest.raises(trio.BrokenResourceError):
            await client.send(HEALTH * 1_000_000)


async def test_a_client_that_says_no_more_still_gets_what_it_asked_for(serve: Serve) -> None:
    async with (await serve()).client() as client:
        await client.send(HEALTH * 2)
        assert isinstance(client.stream, trio.SocketStream)
        await client.stream.send_eof()
        assert (await client.rest()).count(OK) == 2


async def test_a_spawn_whose_caller_hangs_up_is_undone(
    serve: Serve, supervisor: Supervisor, world: World
) -> None:
    world.launch_takes = 30
    async with (await serve()).client() as client:
        await client.send(SPAWN)
        await eventually(lambda: world.trees)
    await eventually(lambda: not world.trees and not supervisor.list(ended=True))
    assert world.terminals == []


async def test_over_tls_http_1_is_spoken_and_nothing_else(serve: Serve) -> None:
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(ours)
    authority.configure_trust(theirs)
    ours.set_alpn_protocols(["http/1.1"])
    theirs.set_alpn_protocols(["h2", "http/1.1"])
    served = await serve(
        wrap=lambda each: [trio.SSLListener(one, ours, https_compatible=True) for one in each]
    )
    async with served.client() as plain:
        tls = trio.SSLStream(plain.stream, theirs, server_hostname="localhost", https_compatible=True)
        client = Client(tls)
        await client.send(HEALTH)
        assert (await client.answer()).startswith(OK)
        assert tls.selected_alpn_protocol() == "http/1.1"
        await client.send(SPAWN.replace(b"\r\n\r\n", b"\r\nOrigin: https://localhost\r\n\r\n"))
        assert (await client.answer()).startswith(OK)
    async with served.client() as plain:
        await plain.send(HEALTH)
        assert not (await plain.rest()).startswith(b"HTTP/1.1 2")
