"""How the tie to the server is shown, and kept."""

import pytest
from ennio_in_memory import EnnioInMemory
from terminals import Terminal, at_a_terminal

from ennio.http.client import Refused
from ennio.http.following import Live, Lost
from ennio.http.tui import watching
from ennio.http.tui.watching import Connection


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.2)
    monkeypatch.setattr(watching, "_AGAIN", 0.1)


def test_a_server_that_goes_and_comes_back_is_seen_to(server: EnnioInMemory) -> None:
    server.put("app-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("● live", "app-1")
        server.away = True
        server.tell(None)
        await terminal.shows("✕ no connection, tried again in", "no server answers", "app-1")
        server.put("app-2")
        server.away = False
        await terminal.shows("● live", "app-2")

    at_a_terminal(server, play)


def test_without_a_stream_everything_is_looked_at_now_and_then(server: EnnioInMemory) -> None:
    server.refusals["GET /api/v1/events"] = 404, "there is no such route"

    async def play(terminal: Terminal) -> None:
        await terminal.shows("◌ looks every 0 s (no stream of events)")
        server.put("app-1")
        await terminal.shows("app-1")
        server.put("app-1", status="CiFailed")
        await terminal.shows("CI failed")
        server.sessions.clear()
        await terminal.hides("app-1")

    at_a_terminal(server, play)


def test_a_place_that_is_lost_is_found_again_by_looking_at_everything(
    server: EnnioInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "EVERY", 1000)

    async def play(terminal: Terminal) -> None:
        await terminal.shows("● live")
        server.put("app-1")
        server.tell('event: resync\ndata: {"reason": "too slow"}\n\n')
        await terminal.shows("app-1")

    at_a_terminal(server, play)


def test_what_the_server_refuses_is_shown(server: EnnioInMemory) -> None:
    server.refusals["GET /api/v1/sessions"] = 503, "the server is \x1b[5mshutting down"

    async def play(terminal: Terminal) -> None:
        await terminal.shows("✕ the server is shutting down")

    at_a_terminal(server, play)


def test_the_output_of_a_session_that_was_forgotten_ends_with_a_word(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.says("app-1", "half a li")
    server.refusals["GET /api/v1/sessions/app-1/output/stream"] = 404, "there is no session app-1"

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("enter")
        await terminal.shows("[there is no session app-1]")

    at_a_terminal(server, play)


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        (Connection(), ("◌", "connecting", "amber")),
        (Connection(None, None, looked=True), ("◌", "connecting", "amber")),
        (Connection(Live(), None, looked=True), ("●", "live", "green")),
        (Connection(Live(), "busy"), ("✕", "busy", "red")),
        (Connection(Lost("cut", 2.2)), ("✕", "no connection, tried again in 2 s: cut", "red")),
        (Connection(Lost("cut", 2.2), "gone"), ("✕", "no connection, tried again in 2 s: gone", "red")),
        (Connection(Refused(401, "who?"), "who?"), ("✕", "who?", "red")),
    ],
)
def test_the_state_of_the_connection_is_a_sign_and_words(
    connection: Connection, words: tuple[str, str, str]
) -> None:
    assert connection.words() == words


def test_few_changes_are_looked_at_each_and_many_at_once(
    server: EnnioInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "EVERY", 1000)
    for number in range(50):
        server.put(f"app-{number}")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("● live", "of 50")
        await terminal.until(lambda: sum("events" in path for path in server.asked) == 51)
        server.asked.clear()
        for number in range(3):
            server.put(f"app-{number}", status="PrOpen")
            server.happens(f"app-{number}")
        await terminal.shows("◆ PR open       app-2 ")
        assert {"sessions/app-0", "sessions/app-1", "sessions/app-2"} <= set(server.asked)
        assert "sessions" not in server.asked
        server.asked.clear()
        for number in range(50):
            server.put(f"app-{number}", status="CiFailed")
            server.happens(f"app-{number}")
        await terminal.shows("! 50 need you")
        assert server.asked.count("sessions") == 1
        assert "sessions/app-1" not in server.asked

    at_a_terminal(server, play)
