"""The screen of an agent in a terminal over a WebSocket: who may look, what is seen, what is typed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import Server, has, running, settings
from web_socket import WebSocket
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection

pytestmark = pytest.mark.skipif(not has("tmux"), reason="tmux is missing: on Debian, apt install tmux")

TOKEN = "secret-token"
SHELL = """
[timeouts]
kill_grace = 0.2

[agents.shell]
command = ["bash", "--norc", "--noprofile", "-i"]
env = { PS1 = "$ " }

[[projects]]
name = "shell"
path = "repo"
agent = "shell"
runtime = "tmux"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), settings(SHELL, f'api_token = "{TOKEN}"')) as one:
        one.http.headers["Authorization"] = f"Bearer {TOKEN}"
        yield one


@pytest.fixture
def path(server: Server) -> Iterator[str]:
    session = server.spawn("shell")
    yield f"/api/v1/sessions/{session['id']}/screen"
    server.data("DELETE", f"/sessions/{session['id']}")


def test_the_screen_is_seen_live_and_keys_are_typed(server: Server, path: str) -> None:
    with WebSocket(server.url, path, TOKEN, server.url) as screen:
        accepted = screen.next()
        assert isinstance(accepted, AcceptConnection)
        assert accepted.subprotocol == "ennio"
        assert screen.message()["cols"] == 200
        server.wait_for(path.split("/")[4], "command not found")  # of its first prompt
        screen.send({"keys": "printf '\\033[31mred;\\033[0m'; echo $((40+2));"})
        screen.send({"key": "Enter"})
        give_up = time.monotonic() + 10
        while '<span data-fg="#800000">red;</span>42' not in (seen := screen.message()["html"]):
            assert time.monotonic() < give_up, seen
    assert "42" in server.wait_for(path.split("/")[4], "42")


@pytest.mark.parametrize(
    ("token", "origin", "status"),
    [(None, None, 401), ("wrong", None, 401), ("é", None, 401), (TOKEN, "https://evil.example", 403)],
)
def test_nobody_else_gets_to_see_it(
    server: Server, path: str, token: str | None, origin: str | None, status: int
) -> None:
    with WebSocket(server.url, path, token, origin) as screen:
        refused = screen.next()
        assert isinstance(refused, RejectConnection)
        assert refused.status_code == status


def test_an_agent_without_a_terminal_has_no_screen(server: Server) -> None:
    session = server.spawn("demo")
    for name, status in ((session["id"], 409), ("nope-123456", 404)):
        with WebSocket(server.url, f"/api/v1/sessions/{name}/screen", TOKEN) as screen:
            refused = screen.next()
            assert isinstance(refused, RejectConnection)
            assert refused.status_code == status
    server.data("DELETE", f"/sessions/{session['id']}")


def test_what_cannot_be_typed_ends_it_with_a_word(server: Server, path: str) -> None:
    with WebSocket(server.url, path, TOKEN) as screen:
        assert isinstance(screen.next(), AcceptConnection)
        screen.send({"key": "kill-server"})
        while not isinstance(end := screen.next(), CloseConnection):
            pass
        assert end.code == 1008
        assert "no such key" in str(end.reason)


def test_it_ends_with_its_agent_and_with_the_server(tmp_path: Path) -> None:
    with running(tmp_path, settings(SHELL)) as server:
        first, second = server.spawn("shell"), server.spawn("shell")
        ends = []
        with (
            WebSocket(server.url, f"/api/v1/sessions/{first['id']}/screen") as one,
            WebSocket(server.url, f"/api/v1/sessions/{second['id']}/screen") as other,
        ):
            assert isinstance(one.next(), AcceptConnection)
            assert isinstance(other.next(), AcceptConnection)
            server.data("DELETE", f"/sessions/{first['id']}")
            assert server.stop() == 0
            for screen in (one, other):
                while not isinstance(end := screen.next(), CloseConnection):
                    pass
                ends.append(end.code)
        assert ends[0] == 1000
