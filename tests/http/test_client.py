import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio
import trustme

from ennio.http.address import address
from ennio.http.client import Client, Refused, Unreachable

SESSION = {
    "id": "app-abc123",
    "project_id": "app",
    "status": "Working",
    "activity": None,
    "branch": "feat",
    "pr_url": None,
    "agent_name": "demo",
}


class Recorder:
    """A server that gives one answer to everything, and remembers what it was asked."""

    def __init__(self, answer: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.response = httpx2.Response(status, json=answer, headers=headers)
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self.response

    def client(self, token: str | None = None) -> Client:
        return Client("http://127.0.0.1:3000", token, transport=httpx2.MockTransport(self))

    @property
    def last(self) -> tuple[str, str, Any]:
        request = self.asked[-1]
        body = json.loads(request.content) if request.content else None
        return request.method, request.url.raw_path.decode(), body


async def test_each_method_asks_for_its_own_route() -> None:
    ennio = Recorder({"data": SESSION})
    asked: list[tuple[Callable[[Client], Any], tuple[str, str, Any]]] = [
        (lambda c: c.health(), ("GET", "/api/v1/health", None)),
        (lambda c: c.ready(), ("GET", "/ready", None)),
        (lambda c: c.system(), ("GET", "/api/v1/system", None)),
        (lambda c: c.projects(), ("GET", "/api/v1/projects", None)),
        (lambda c: c.issues("app"), ("GET", "/api/v1/projects/app/issues", None)),
        (
            lambda c: c.issues("a/b", limit=5, timeout=2),
            ("GET", "/api/v1/projects/a%2Fb/issues?limit=5&timeout=2", None),
        ),
        (lambda c: c.notifiers(), ("GET", "/api/v1/notifiers", None)),
        (lambda c: c.test_notifier("ops, all"), ("POST", "/api/v1/notifiers/ops%2C%20all/test", None)),
        (lambda c: c.list_sessions(), ("GET", "/api/v1/sessions", None)),
        (
            lambda c: c.list_sessions("app", ended=True, limit=5, after="app-x"),
            ("GET", "/api/v1/sessions?project_id=app&all=true&limit=5&after=app-x", None),
        ),
        (lambda c: c.get("app-1"), ("GET", "/api/v1/sessions/app-1", None)),
        (
            lambda c: c.spawn("app", prompt="Fix", branch="b", role="r", issue_id="7", timeout=2.5),
            (
                "POST",
                "/api/v1/sessions?timeout=2.5",
                {"project_id": "app", "issue_id": "7", "prompt": "Fix", "branch": "b", "role": "r"},
            ),
        ),
        (
            lambda c: c.spawn("app", prompt=""),
            ("POST", "/api/v1/sessions", {"project_id": "app", "prompt": ""}),
        ),
        (lambda c: c.send("app-1", "hi\né"), ("POST", "/api/v1/sessions/app-1/send", {"message": "hi\né"})),
        (
            lambda c: c.send("app-1", "hi", mode="steer", wait=True, timeout=3),
            (
                "POST",
                "/api/v1/sessions/app-1/send?timeout=3&wait=accepted",
                {"message": "hi", "mode": "steer"},
            ),
        ),
        (lambda c: c.messages("app-1"), ("GET", "/api/v1/sessions/app-1/messages", None)),
        (lambda c: c.approvals(), ("GET", "/api/v1/approvals", None)),
        (lambda c: c.approvals("app-1"), ("GET", "/api/v1/sessions/app-1/approvals", None)),
        (
            lambda c: c.decide("app-1", "a1", allow=True),
            ("POST", "/api/v1/sessions/app-1/approvals/a1", {"decision": "allow"}),
        ),
        (
            lambda c: c.decide("app-1", "../a", allow=False),
            ("POST", "/api/v1/sessions/app-1/approvals/%2E%2E%2Fa", {"decision": "deny"}),
        ),
        (lambda c: c.budgets(), ("GET", "/api/v1/budgets", None)),
        (lambda c: c.why("app-1"), ("GET", "/api/v1/sessions/app-1/why", None)),
        (lambda c: c.kill("app-1", timeout=3), ("DELETE", "/api/v1/sessions/app-1?timeout=3", None)),
        (lambda c: c.restore("app-1"), ("POST", "/api/v1/sessions/app-1/restore", {})),
        (lambda c: c.restore("app-1", "Go"), ("POST", "/api/v1/sessions/app-1/restore", {"prompt": "Go"})),
        (lambda c: c.output("app-1"), ("GET", "/api/v1/sessions/app-1/output", None)),
        (
            lambda c: c.output("app-1", "c1", limit=9, raw=True),
            ("GET", "/api/v1/sessions/app-1/output?after=c1&limit=9&raw=true", None),
        ),
        (lambda c: c.events("app-1"), ("GET", "/api/v1/sessions/app-1/events", None)),
        (lambda c: c.prune(), ("POST", "/api/v1/prune", {})),
        (lambda c: c.prune(0.5), ("POST", "/api/v1/prune", {"days": 0.5})),
    ]
    async with ennio.client() as client:
        for question, expected in asked:
            await question(client)
            assert ennio.last == expected


async def test_the_answer_is_what_stands_under_data() -> None:
    async with Recorder({"data": SESSION}).client() as client:
        assert await client.get("app-abc123") == SESSION


async def test_a_message_has_the_id_that_the_server_gave_it() -> None:
    async with Recorder({"data": "sent"}, headers={"Ennio-Message-Id": "m7"}).client() as client:
        assert await client.send("app-1", "hi") == "m7"
    async with Recorder({"data": "sent"}).client() as client:
        assert await client.send("app-1", "hi") is None


async def test_a_message_that_is_refused_has_no_id() -> None:
    async with Recorder({"error": "it does not run", "code": 409}, 409).client() as client:
        with pytest.raises(Refused, match="does not run"):
            await client.send("app-1", "hi", wait=True)


async def test_the_token_goes_with_every_request() -> None:
    ennio = Recorder({"data": "ok"})
    async with ennio.client("s3cret") as client:
        await client.health()
    assert ennio.asked[0].headers["Authorization"] == "Bearer s3cret"


async def test_without_a_token_no_authorization_is_sent() -> None:
    ennio = Recorder({"data": "ok"})
    async with ennio.client() as client:
        await client.health()
    assert "Authorization" not in ennio.asked[0].headers


async def test_an_idempotency_key_is_a_header() -> None:
    ennio = Recorder({"data": SESSION})
    async with ennio.client() as client:
        await client.spawn("app", prompt="Fix", idempotency_key="key-1")
        await client.send("app-1", "hi", idempotency_key="key-2")
        await client.send("app-1", "hi")
    assert [request.headers.get("Idempotency-Key") for request in ennio.asked] == ["key-1", "key-2", None]


@pytest.mark.parametrize(
    ("session_id", "sent"),
    [("..", "%2E%2E"), ("a/../b", "a%2F%2E%2E%2Fb"), ("a?b#c", "a%3Fb%23c"), ("a b\n", "a%20b%0A")],
)
async def test_no_id_leads_to_another_route(session_id: str, sent: str) -> None:
    ennio = Recorder({"data": "killed"})
    async with ennio.client() as client:
        await client.kill(session_id)
    assert ennio.last[1] == f"/api/v1/sessions/{sent}"


async def test_a_refusal_carries_the_server_s_words() -> None:
    ennio = Recorder({"error": "app has 5 sessions", "code": 429}, 429, {"Retry-After": "30"})
    async with ennio.client() as client:
        with pytest.raises(Refused, match=r"^app has 5 sessions$") as caught:
            await client.spawn("app", prompt="Fix")
    assert (caught.value.status, caught.value.retry_after) == (429, 30)


@pytest.mark.parametrize("header", [{}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}])
async def test_a_refusal_need_not_say_when_to_ask_again(header: dict[str, str]) -> None:
    async with Recorder({"error": "no", "code": 404}, 404, header).client() as client:
        with pytest.raises(Refused) as caught:
            await client.get("app-1")
    assert caught.value.retry_after is None


async def test_a_server_that_recovers_is_not_ready() -> None:
    async with Recorder({"error": "recovering", "code": 503}, 503).client() as client:
        assert not await client.ready()
    async with Recorder({"data": "ready"}).client() as client:
        assert await client.ready()


async def test_a_refusal_to_say_whether_it_is_ready_is_a_refusal() -> None:
    async with Recorder({"error": "whose host?", "code": 403}, 403).client() as client:
        with pytest.raises(Refused):
            await client.ready()


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, html="<h1>It works</h1>"),
        httpx2.Response(200, json=["data"]),
        httpx2.Response(200, json={"error": "no"}),
        httpx2.Response(404, json={"data": "ok"}),
        httpx2.Response(302, headers={"Location": "http://elsewhere/"}),
        httpx2.Response(200, content=b"\xff\xfe{"),
    ],
)
async def test_what_does_not_answer_like_ennio_is_not_taken_for_it(response: httpx2.Response) -> None:
    transport = httpx2.MockTransport(lambda _: response)
    async with Client("http://127.0.0.1:3000", transport=transport) as client:
        with pytest.raises(Unreachable, match="is not ennio"):
            await client.health()


async def test_a_bare_400_is_a_refusal() -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(431))
    async with Client("http://127.0.0.1:3000", transport=transport) as client:
        with pytest.raises(Refused, match="cannot read the request") as caught:
            await client.health()
    assert caught.value.status == 431


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:3000"),
        ("0.0.0.0", "http://127.0.0.1:3000"),
        ("::", "http://[::1]:3000"),
        ("", "http://127.0.0.1:3000"),
        ("::1", "http://[::1]:3000"),
        ("[fe80::1]", "http://[fe80::1]:3000"),
        ("box.example.org", "http://box.example.org:3000"),
    ],
)
def test_a_host_becomes_a_url_that_can_be_reached(host: str, url: str) -> None:
    assert address(host, 3000) == url
    assert address(host, 3000, tls=True) == url.replace("http", "https", 1)


class Ok(BaseHTTPRequestHandler):
    """Says that all is well, to whatever it is asked."""

    def do_GET(self) -> None:
        body = b'{"data": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ok)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def well(url: str, tls_cert: Path | None = None) -> str:
    async with Client(url, tls_cert=tls_cert) as client:
        await client.health()
    return "well"


@pytest.mark.parametrize("run", [trio.run, lambda ask, url: asyncio.run(ask(url))], ids=["trio", "asyncio"])
def test_it_works_under_trio_and_asyncio(run: Callable[..., str]) -> None:
    with listening() as port:
        assert run(well, f"http://127.0.0.1:{port}/") == "well"


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with listening() as port:
        assert await well(f"http://127.0.0.1:{port}") == "well"


async def test_no_server_is_unreachable() -> None:
    with listening() as port:
        pass
    with pytest.raises(Unreachable, match=f"answers at http://127.0.0.1:{port} .*Connection refused"):
        await well(f"http://127.0.0.1:{port}")


async def test_a_server_that_says_nothing_is_unreachable() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with listeners[0], Client(f"http://127.0.0.1:{port}", patience=0.2) as client:
        with pytest.raises(Unreachable, match="did not answer in time"):
            await client.health()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def certified(authority: trustme.CA, name: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS, and the file of its certificate with its authority's after it."""
    certificate = authority.issue_cert(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    chain = folder / f"{name}.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    with chain.open("ab") as file:
        file.write(authority.cert_pem.bytes())
    return context, chain


async def test_the_configured_certificate_is_trusted_whatever_it_names(
    authority: trustme.CA, tmp_path: Path
) -> None:
    context, chain = certified(authority, "box.example.org", tmp_path)
    with listening(context) as port:
        assert await well(f"https://127.0.0.1:{port}", chain) == "well"


async def test_another_certificate_of_the_same_authority_is_not_trusted(
    authority: trustme.CA, tmp_path: Path
) -> None:
    context, _ = certified(authority, "impostor.example.org", tmp_path)
    _, chain = certified(authority, "box.example.org", tmp_path)
    with listening(context) as port, pytest.raises(Unreachable, match="certificate verify failed"):
        await well(f"https://127.0.0.1:{port}", chain)


async def test_an_unknown_certificate_is_not_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    context, _ = certified(authority, "127.0.0.1", tmp_path)
    with listening(context) as port, pytest.raises(Unreachable, match="certificate verify failed"):
        await well(f"https://127.0.0.1:{port}")


def test_a_file_without_a_certificate_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(OSError, match=r"empty\.pem holds no certificate"):
        Client("https://127.0.0.1:1", tls_cert=empty)
