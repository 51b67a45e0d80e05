"""What is asked of the server for an operator's keys, and what becomes of it when the server says no."""

from ennio_in_memory import EnnioInMemory
from terminals import Terminal, at_a_terminal

from ennio.http.tui.dialogs import Kill

PATH = "/api/v1/sessions"


async def read_the_question(terminal: Terminal) -> None:
    await terminal.until(
        lambda: isinstance(screen := terminal.app.screen, Kill) and screen.shown_at is not None
    )
    await terminal.look()


def test_a_permission_is_allowed_or_denied_by_a_key(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.ask("app-1", "a1", "npm publish")
    server.ask("app-1", "a2", "rm -rf build")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("asks for Bash: npm publish (and 1 more)", "a allows it, d denies it")
        await terminal.look()
        await terminal.press("a")
        await terminal.shows("allowed Bash: npm publish", "asks for Bash: rm -rf build")
        await terminal.look()
        await terminal.press("d")
        await terminal.shows("denied Bash: rm -rf build", "Needs you (0)")
        await terminal.press("a", "d")

    at_a_terminal(server, play)
    assert server.done == [
        ("POST", "sessions/app-1/approvals/a1", {"decision": "allow"}),
        ("POST", "sessions/app-1/approvals/a2", {"decision": "deny"}),
    ]


def test_what_has_just_come_in_sight_is_not_answered_by_mistake(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.ask("app-1", "a1", "npm publish")
    server.put("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("a allows it")
        await terminal.press("a")
        await terminal.shows("look, and press it again")
        await terminal.look()
        server.waiting["app-1"] = []
        server.ask("app-1", "a2", "rm -rf /")
        server.happens("app-1")
        await terminal.shows("command: rm -rf /")
        await terminal.press("a")
        await terminal.look()
        assert server.done == []
        await terminal.press("a")
        await terminal.shows("allowed Bash: rm -rf /")

    at_a_terminal(server, play)


def test_an_answer_that_comes_too_late_is_said_to(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.ask("app-1")
    server.refusals[f"POST {PATH}/app-1/approvals/a1"] = 404, "nobody waits for a1: [its deadline] is over"

    async def play(terminal: Terminal) -> None:
        await terminal.shows("a allows it")
        await terminal.look()
        server.waiting["app-1"] = []
        server.put("app-1", approvals=0, activity="Active")
        await terminal.press("a")
        await terminal.shows("[its deadline]", "Needs you (0)")

    at_a_terminal(server, play)


def test_a_message_is_written_in_a_box_and_sent(server: EnnioInMemory) -> None:
    server.put("app-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("s")
        await terminal.shows("To app-1")
        await terminal.press("enter")
        await terminal.shows("there is nothing to send yet")
        await terminal.type("quit, x")
        await terminal.press("ctrl+j")
        await terminal.type("n")
        await terminal.press("enter")
        await terminal.shows("sent to app-1")
        await terminal.hides("To app-1")

    at_a_terminal(server, play)
    assert server.done == [("POST", "sessions/app-1/send", {"message": "quit, x\nn"})]


def test_what_was_typed_is_kept_when_the_server_says_no(server: EnnioInMemory) -> None:
    server.put("app-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("s")
        await terminal.shows("To app-1")
        await terminal.type("hello")
        server.refusals[f"POST {PATH}/app-1/send"] = 409, "its agent does not run; restore it first"
        await terminal.press("enter")
        await terminal.shows("✕ its agent does not run; restore it first", "hello")
        server.refusals.clear()
        await terminal.press("enter")
        await terminal.shows("sent to app-1")

    at_a_terminal(server, play)
    assert [body for _, _, body in server.done] == [{"message": "hello"}]


def test_what_nobody_answered_is_not_done_twice(server: EnnioInMemory) -> None:
    server.put("app-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("s")
        await terminal.shows("To app-1")
        await terminal.type("hello")
        server.silent = True
        await terminal.press("enter")
        await terminal.shows("no server answers")
        server.silent = False
        await terminal.press("enter")
        await terminal.shows("sent to app-1")
        await terminal.press("s")
        await terminal.shows("To app-1")
        await terminal.type("hello")
        await terminal.press("enter")
        await terminal.until(lambda: len(server.keys) == 3)

    at_a_terminal(server, play)
    first, second, third = server.keys
    assert first == second != third


def test_a_session_is_started_by_a_form(server: EnnioInMemory) -> None:
    server.put("lib-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("lib-1")
        await terminal.press("n")
        await terminal.shows("Start an agent", "lib  ")
        await terminal.press("enter")
        await terminal.shows("the agent needs something to do, or an issue")
        await terminal.type("Fix it")
        await terminal.press("tab")
        await terminal.type("42")
        await terminal.press("tab")
        await terminal.type("fix/it")
        await terminal.press("enter")
        await terminal.shows("started lib-new", "starting")

    at_a_terminal(server, play)
    wishes = {"project_id": "lib", "prompt": "Fix it", "issue_id": "42", "branch": "fix/it"}
    assert server.done == [("POST", "sessions", wishes)]


def test_a_form_that_was_left_starts_nothing(server: EnnioInMemory) -> None:
    server.put("app-1")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("n")
        await terminal.shows("Start an agent")
        await terminal.type("Fix it")
        await terminal.press("escape")
        await terminal.hides("Start an agent")

    at_a_terminal(server, play)
    assert server.done == []


def test_a_kill_is_asked_about_first(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.put("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        for harmless in ("enter", "n", "escape"):
            await terminal.press("x")
            await terminal.shows("Kill app-1? All that its agent started is ended, for good.")
            await terminal.press(harmless)
            await terminal.hides("Kill app-1?")
        assert server.done == []
        await terminal.press("x")
        await terminal.shows("Kill app-1?")
        await read_the_question(terminal)
        await terminal.press("y")
        await terminal.shows("killed app-1", "▌● working       app-2")

    at_a_terminal(server, play)
    assert server.done == [("DELETE", "sessions/app-1", None)]


def test_a_kill_that_fails_says_why(server: EnnioInMemory) -> None:
    server.put("app-1")
    server.refusals[f"DELETE {PATH}/app-1"] = 504, "pid 4242 (sleep, state D, uid 1000) is left"

    async def play(terminal: Terminal) -> None:
        await terminal.shows("app-1")
        await terminal.press("x")
        await terminal.shows("Kill app-1?")
        await read_the_question(terminal)
        await terminal.press("y")
        await terminal.shows("pid 4242 (sleep, state D")

    at_a_terminal(server, play)


def test_an_agent_is_restored_where_none_runs(server: EnnioInMemory) -> None:
    server.put("app-1", status="Exited", activity="Exited", pid=None)
    server.put("app-2")

    async def play(terminal: Terminal) -> None:
        await terminal.shows("Needs you (1)")
        await terminal.press("r")
        await terminal.shows("app-1 is at work again", "Needs you (0)")
        await terminal.press("r")

    at_a_terminal(server, play)
    assert server.done == [("POST", "sessions/app-1/restore", {})]


def test_without_a_session_no_key_does_anything(server: EnnioInMemory) -> None:
    async def play(terminal: Terminal) -> None:
        await terminal.shows("● live", "Nobody is at work.")
        await terminal.press("s", "a", "d", "r", "x", "enter", "j", "G", "pagedown")
        await terminal.shows("Nobody is at work.")

    at_a_terminal(server, play)
    assert server.done == []
