"""What an operator sees, and which key does what."""

import re

import pytest
from ennio_in_memory import EnnioInMemory
from terminals import Terminal, at_a_terminal

from ennio.http.tui.said import Said


def test_sessions_stand_in_groups_by_what_needs_a_human_first(server: EnnioInMemory) -> None:
    server.put("app-working")
    server.put("app-ended", status="Merged")
    server.put("app-ready", status="Approved")
    server.put("app-gone", status="Exited", activity="Exited", pid=None, reason="it ran out of memory")
    server.put("app-asks")
    server.ask("app-asks")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("! Needs you (3)", "● Working (1)", "● live", "! 3 need you", "of 4")
        listed = re.findall(r"^.{17}app-(\w+)", terminal.text, re.MULTILINE)
        assert listed == ["asks", "gone", "ready", "working"]
        await terminal.shows("asks for Bash: npm publish", "it ran out of memory", "ready to merge")
        assert "app-ended" not in terminal.text

    at_a_terminal(server, play)


def test_what_happens_is_shown_as_it_happens(server: EnnioInMemory) -> None:
    server.put("app-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("working", "● live")
        server.put("app-1", status="CiFailed", pull_request=PULL)
        server.happens("app-1")
        await terminal.shows("✕ CI failed", "CI fails: lint, unit", "#12 Fix the login page", "Needs you (1)")
        server.put("app-2")
        server.happens("app-2", "SessionSpawned")
        await terminal.shows("app-2", "Working (1)")
        del server.sessions["app-2"]
        server.happens("app-2", "SessionCleaned")
        await terminal.hides("app-2")

    at_a_terminal(server, play)


def test_an_operator_who_was_called_before_is_called_still(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.happens("app-1", "ReactionEscalated", words="told three times of failing checks")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("Needs you (1)", "told three times of failing checks")
        server.happens("app-1", "StatusChanged")
        await terminal.shows("Needs you (0)", "Nothing needs you.")

    at_a_terminal(server, play)


def test_who_has_no_title_is_named_by_what_it_was_told(server: EnnioInMemory) -> None:
    server.put("app-1", branch="ennio/app-1")
    server.told["app-1"] = "Always write tests.\n\nFix the login page\nwith care"

    async def play(terminal: Terminal) -> None:
        await terminal.shows("Fix the login page")

    at_a_terminal(server, play)


def test_all_about_the_selected_session_is_beside_it(server: EnnioInMemory) -> None:
    server.put("app-1", status="ChangesRequested", pull_request=PULL, cost_usd="1.250000000", pid=None)
    server.put("app-2", reason="its disk was full", status="Exited", pid=None, workspace_path="/w/app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("reason    its disk was full", "workspace /w/app-2", "branch    feat/app-2")
        await terminal.shows("what was seen", "it was started")
        await terminal.press("j")
        await terminal.shows("PR        #12 Fix the login page", "https://example.org/pull/12")
        await terminal.shows("CI        failing: lint, unit", "review    changes requested", "1.25 USD")
        await terminal.press("j", "j", "k")
        await terminal.shows("its disk was full", "▌✕ exited")

    at_a_terminal(server, play)


def test_the_selection_stays_with_its_session_wherever_that_goes(server: EnnioInMemory) -> None:
    for number in range(1, 5):
        server.put(f"app-{number}")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("▌● working       app-1")
        await terminal.press("j", "j")
        await terminal.shows("▌● working       app-3")
        server.ask("app-3")
        server.put("app-1", status="Done")
        server.happens("app-1")
        server.happens("app-3")
        await terminal.shows("Needs you (1)", "▌● working       app-3", "Working (2)")
        server.put("app-3", status="Killed")
        server.happens("app-3")
        await terminal.shows("▌● working       app-2")

    at_a_terminal(server, play)


def test_words_leave_those_in_which_they_are_found(server: EnnioInMemory) -> None:
    server.put("app-1", issue_title="The login page")
    server.put("app-2", status="PrOpen", issue_title="The logo")
    server.put("lib-3", issue_title="The login code")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1", "app-2", "lib-3")
        await terminal.press("slash")
        await terminal.type("login app q")
        await terminal.shows("Working (0)")
        await terminal.press("backspace", "backspace")
        await terminal.shows("app-1", "Working (1)")
        await terminal.press("enter")
        await terminal.shows("/ login app", "▌● working       app-1")
        await terminal.press("escape")
        await terminal.shows("Working (3)")

    at_a_terminal(server, play)


def test_ended_sessions_are_shown_on_demand(server: EnnioInMemory) -> None:
    server.put("app-1", status="Killed", activity="Exited", pid=None)

    async def play(terminal: Terminal) -> None:
        await terminal.shows("● live", "Nobody is at work.")
        await terminal.press("e")
        await terminal.shows("■ Ended (1)", "□ killed        app-1")
        await terminal.press("e")
        await terminal.hides("app-1")

    at_a_terminal(server, play)


def test_the_output_is_followed_until_the_reader_goes_back(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.put("app-2")
    server.says("app-1", "".join(f"line {number}\n" for number in range(100)))

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("enter")
        await terminal.shows("line 99", "app-1  followed as it comes")
        assert "app-2" not in terminal.text
        await terminal.press("k")
        await terminal.shows("stopped here")
        server.says("app-1", "more\n")
        server.put("app-1", status="PrOpen")
        server.happens("app-1")
        await terminal.shows("PR open")
        assert "more" not in terminal.text
        await terminal.press("G")
        await terminal.shows("more", "followed as it comes")
        server.says("app-1", "even more, in pi")
        server.says("app-1", "eces")
        await terminal.shows("even more, in pieces")
        await terminal.press("escape")
        await terminal.shows("app-2")

    at_a_terminal(server, play)


@pytest.mark.parametrize("lines", [30, 60, 3000])
def test_the_end_of_the_output_is_what_is_followed(server: EnnioInMemory, lines: int) -> None:
    server.put("app-1")
    server.says("app-1", "".join(f"line {number}\n" for number in range(lines)))

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("enter")
        await terminal.shows("followed as it comes", f"line {lines - 1} ")
        await terminal.resize(150, 20)
        await terminal.shows("followed as it comes", f"line {lines - 1} ")
        said = terminal.app.query_one(Said)
        assert said.follows
        assert said.scroll_y == said.max_scroll_y

    at_a_terminal(server, play)


def test_keys_are_for_the_session_whose_output_is_open(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.put("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("▌● working       app-1")
        await terminal.press("enter")
        await terminal.shows("app-1  followed")
        server.put("app-1", status="Killed", reason="by hand", pid=None)
        server.happens("app-1")
        await terminal.shows("□ killed", "reason    by hand")
        await terminal.press("s")
        await terminal.shows("To app-1")
        await terminal.press("escape", "escape")
        await terminal.shows("▌● working       app-2", "branch    feat/app-2")

    at_a_terminal(server, play)


def test_nothing_that_others_say_is_a_command_to_the_terminal(server: EnnioInMemory) -> None:
    evil = "[bold red]no[/] \x1b[31mred\x1b]0;title\x07 \u202eback [@click=app.quit]x[/] \ud800"
    server.put("app-1", issue_title=evil, reason=evil, status="Exited", branch="b", role=evil)
    server.ask("app-1", summary=evil, tool="[blink]T\x1b[5m")
    server.says("app-1", f"{evil}\nnext\n")
    plain = "[bold red]no[/] red back [@click=app.quit]x[/] \ufffd"

    async def play(terminal: Terminal) -> None:
        await terminal.shows(f"asks for [blink]T: {plain}", f"reason    {plain}", f"command: {plain}")
        await terminal.press("enter")
        await terminal.shows(f" {plain}", "next")
        assert not {"\x1b", "\x07", "\u202e"} & set(terminal.text)

    at_a_terminal(server, play, size=(240, 40))


@pytest.mark.parametrize("size", [(150, 40), (80, 24), (40, 12), (20, 6)])
def test_it_fits_terminals_of_all_sizes(server: EnnioInMemory, size: tuple[int, int]) -> None:
    server.put("app-1", issue_title="日本語の題名" * 20)

    async def play(terminal: Terminal) -> None:
        await terminal.shows("● wor")
        await terminal.resize(size[1] * 4, size[0] // 4)
        await terminal.shows("ennio")

    at_a_terminal(server, play, size=size)


def test_two_hundred_sessions_are_no_burden(server: EnnioInMemory) -> None:
    for number in range(200):
        server.put(f"app-{number:03}", status="CiFailed" if number % 3 else "Working")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-001", "of 200")
        await terminal.press("G")
        await terminal.shows("▌● working       app-198")
        await terminal.press(*["k"] * 30)
        await terminal.shows("▌● working       app-108")
        for number in range(200):
            server.put(f"app-{number:03}", status="PrOpen")
            server.happens(f"app-{number:03}")
        await terminal.shows("! 0 need you  of 200", "▌◆ PR open       app-108")

    at_a_terminal(server, play)


def test_a_click_selects_and_another_opens(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.put("app-2")
    server.says("app-2", "here I am\n")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-2")
        await terminal.click("app-2")
        await terminal.shows("▌● working       app-2")
        await terminal.click("working       app-2")
        await terminal.shows("here I am")

    at_a_terminal(server, play)


def test_q_ends_it(server: EnnioInMemory) -> None:
    async def play(terminal: Terminal) -> None:
        await terminal.shows("● live")
        await terminal.press("q")
        await terminal.until(lambda: not terminal.app.is_running)

    at_a_terminal(server, play)


PULL = {
    "number": 12, "url": "https://example.org/pull/12", "title": "Fix the login page", "state": "open",
    "draft": False, "head": "9b1d4c7e2f3a", "conflicts": False, "ci": "failing", "failing": ["lint", "unit"],
    "review": "changes_requested", "review_asked": False,
}  # fmt: skip
