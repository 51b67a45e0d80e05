"""Keys that were typed before what they are meant for was there."""

import pytest
from ennio_in_memory import EnnioInMemory
from terminals import Terminal, at_a_terminal
from textual import events
from textual.keys import _character_to_key

from ennio.http.tui.dialogs import Kill

NAMES = {"\r": "enter", "\x1b": "escape", "\t": "tab"}


async def read_the_question(terminal: Terminal) -> None:
    await terminal.until(
        lambda: isinstance(screen := terminal.app.screen, Kill) and screen.shown_at is not None
    )
    await terminal.look()


def at_once(terminal: Terminal, text: str) -> None:
    """Type all of that in one go."""
    for character in text:
        key = NAMES.get(character) or _character_to_key(character)
        terminal.app.post_message(events.Key(key, character))


@pytest.mark.parametrize("words", ["xy", "xyz", "dax y", "nqs", "e\r", "kx"])
def test_words_to_look_for_are_no_commands(server: EnnioInMemory, words: str) -> None:
    server.put("app-1", issue_title="proxy")
    server.put("app-2")
    server.ask("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1", "app-2")
        await terminal.look()
        at_once(terminal, f"/{words}")
        await terminal.shows(f"/ {words.strip()}")
        await terminal.look()
        assert len(terminal.app.screen_stack) == 1
        assert terminal.app.is_running

    at_a_terminal(server, play)
    assert server.done == []


def test_words_are_looked_for_from_within_the_output_too(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.put("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        at_once(terminal, "j\r/app-1xy")
        await terminal.shows("/ app-1xy", "Working (0)")

    at_a_terminal(server, play)
    assert server.done == []


@pytest.mark.parametrize("text", ["xyz", "yes, and so on", "y", "q"])
def test_a_message_is_whole_however_fast_it_is_typed(server: EnnioInMemory, text: str) -> None:
    server.put("app-1")
    server.put("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1", "app-2")
        at_once(terminal, f"js{text}\r")
        await terminal.shows("sent to app-2")

    at_a_terminal(server, play)
    assert server.done == [("POST", "sessions/app-2/send", {"message": text})]


def test_a_form_for_which_the_server_is_asked_first_loses_no_key(server: EnnioInMemory) -> None:
    server.put("lib-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("lib-1")
        at_once(terminal, "nxyz\t42\r")
        await terminal.shows("started lib-new")

    at_a_terminal(server, play)
    wishes = {"project_id": "lib", "prompt": "xyz", "issue_id": "42"}
    assert server.done == [("POST", "sessions", wishes)]


def test_keys_for_a_form_that_does_not_come_are_none_for_the_list(server: EnnioInMemory) -> None:
    server.put("lib-1")
    server.refusals["GET /api/v1/projects"] = 500, "it cannot be read"

    async def play(terminal: Terminal) -> None:
        await terminal.shows("lib-1")
        at_once(terminal, "nxq")
        await terminal.shows("it cannot be read")
        await terminal.press("j")
        assert len(terminal.app.screen_stack) == 1
        assert terminal.app.is_running

    at_a_terminal(server, play)


@pytest.mark.parametrize("keys", ["xy", "xyyy", "x\t\r"])
def test_a_yes_counts_only_where_the_question_was_seen(server: EnnioInMemory, keys: str) -> None:
    server.put("app-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        at_once(terminal, keys)
        await terminal.shows("Kill app-1?", "read it, and press it again")
        assert server.done == []
        await read_the_question(terminal)
        await terminal.press("y")
        await terminal.shows("killed app-1")

    at_a_terminal(server, play)
    assert server.done == [("DELETE", "sessions/app-1", None)]


def test_a_command_after_an_answer_is_for_the_list_again(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.put("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-2")
        at_once(terminal, "xnjx")
        await terminal.shows("Kill app-2?")
        at_once(terminal, "\x1b/app-1\rs")
        await terminal.shows("To app-1")

    at_a_terminal(server, play)
    assert server.done == []
