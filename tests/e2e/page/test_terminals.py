"""The screen of an agent in tmux, seen in the page and typed into."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import Server, has, running, settings
from playwright.sync_api import Browser, expect

from .looking import look
from .pretended import Pretended, session

PAINTER = [
    sys.executable, "-u", "-c",
    "print('\\x1b[1;31mred <b>bold</b>\\x1b[0m ready')\nwhile True: print('got', repr(input('> ')))",
]  # fmt: skip


@pytest.fixture
def server(own: Path) -> Iterator[Server]:
    """A server whose agents live in tmux, which is ended too if anything of it is left."""
    if not has("tmux") or sys.platform != "linux":
        pytest.skip("agents in terminals need Linux and tmux")
    try:
        config = settings(top='api_token = "s3cret+/="\n[defaults]\nruntime = "tmux"', painter=PAINTER)
        with running(own, config) as one:
            one.http.headers["Authorization"] = "Bearer s3cret+/="
            yield one
    finally:
        instance = (own / "state" / "instance").read_text().split()[0]
        subprocess.run(
            ["tmux", "-N", "-L", f"ennio-{instance}", "kill-server"], capture_output=True, check=False
        )


def test_a_terminal_is_seen_in_its_colours_and_typed_into(browser: Browser, server: Server) -> None:
    session_id = server.spawn("painter", prompt="hello")["id"]
    code = server.data("POST", "/login-codes")["code"]
    with look(browser, f"{server.url}/#code={code}") as seen:
        page = seen.page
        seen.live()
        seen.row(session_id).get_by_role("link").click()
        screen = page.locator(".screen")
        expect(screen).to_contain_text("red <b>bold</b> ready")
        expect(screen).to_contain_text("got 'hello'")
        bold = screen.locator("span.bold").first
        expect(bold).to_contain_text("red <b>bold</b>")
        assert seen.run("() => document.querySelector('.screen .bold').style.color") != ""

        screen.focus()
        page.keyboard.type("jx?/y")
        seen.press("Backspace", "Enter")
        expect(screen).to_contain_text("got 'jx?/'")
        expect(page.get_by_role("dialog")).to_have_count(0)
        paste = """() => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "pasted\\nlines\\n");
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(paste);
        }"""
        seen.run(paste)
        expect(screen).to_contain_text("got 'lines'")
        seen.press("F6")
        expect(page.get_by_role("button", name="Press Enter")).to_be_focused()
        page.get_by_role("button", name="Press C-c").click()
        expect(page.locator(".group.needs")).to_contain_text(session_id)
        expect(page.get_by_role("tab", name="Screen")).to_have_count(0)
        expect(page.get_by_role("tab", selected=True)).to_have_text("Output")


def test_a_screen_that_is_no_markup_of_ours_is_shown_as_text(browser: Browser, api: Pretended) -> None:
    api.put(session("shop-one", attach="tmux -L ennio-x attach -t =shop-one"))
    evil = '<img src=x onerror="window.ran=1">\n<span onclick="window.ran=1">x</span>'
    evil = f'<pre>{evil}\n<span class="bold">fine</span></pre>'
    api.screens = [{"html": evil, "title": "<b>title</b>", "cols": 80, "rows": 3, "cursor": [2, 1]}]
    with look(browser, f"{api.url}/#/session/shop-one") as seen:
        screen = seen.page.locator(".screen")
        expect(screen).to_contain_text('<img src=x onerror="window.ran=1">')
        expect(screen).to_contain_text('<span onclick="window.ran=1">x')
        expect(screen.locator("span.bold")).to_have_text("fine")
        expect(seen.page.locator(".terminal .title")).to_have_text("<b>title</b>")
        assert seen.run("() => window.ran ?? document.querySelectorAll('.screen img').length") == 0
