"""The page for those who see little, hear it, or have a keyboard or a phone alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from . import eyes, office
from .looking import Look, look
from .pretended import Pretended

SESSION = "shop-k3v9x2ab"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def api() -> Iterator[Pretended]:
    one = Pretended()
    office.fill(one)
    yield one
    one.close()


def views(seen: Look) -> Iterator[str]:
    """Go through everything that the page can show."""
    page = seen.page
    seen.live()
    expect(page.locator(".row")).to_have_count(43)
    yield "the list"
    seen.press("?")
    yield "the keys"
    close(seen)
    seen.press("n")
    expect(page.locator("#spawn-issue-hint")).to_contain_text("1 open")
    yield "the form"
    close(seen)
    page.locator("#by-project").select_option("billing")
    page.get_by_role("button", name="Kill all of billing").click()
    yield "the kill of a project"
    close(seen)
    seen.press("m")
    page.get_by_text("In numbers").click()
    yield "the money"
    page.evaluate(f"() => {{ location.hash = '#/session/{SESSION}' }}")
    expect(page.locator(".output")).to_contain_text("Now I publish it.")
    page.get_by_text("all that it says").click()
    yield "a session"
    for name in ("Messages", "History", "Why"):
        page.get_by_role("tab", name=name).click()
        yield name


def close(seen: Look) -> None:
    seen.press("Escape")
    expect(seen.page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_can_be_read(browser: Browser, api: Pretended, scheme: str) -> None:
    with look(browser, api.url, color_scheme=scheme) as seen:
        for where in views(seen):
            assert seen.run(eyes.NAMELESS) == [], where
            assert seen.run(eyes.PALE) == [], where
            assert seen.run(eyes.BROKEN) == {"twice": [], "lost": [], "nested": 0}, where


def test_on_a_phone_everything_fits_and_can_be_hit(browser: Browser, api: Pretended) -> None:
    with look(browser, api.url, **PHONE) as seen:
        for where in views(seen):
            assert seen.run(eyes.WIDER) == [], where
            assert seen.run(eyes.SMALL) == [], where
            assert seen.run("() => document.documentElement.scrollWidth") == 390, where


def test_tab_goes_through_the_page_in_order_and_is_seen(browser: Browser, api: Pretended) -> None:
    with look(browser, api.url) as seen:
        seen.live()
        expect(seen.page.locator(".row")).to_have_count(43)
        order = []
        for _ in range(11):
            seen.press("Tab")
            focus = seen.run(eyes.FOCUS)
            assert focus["seen"], focus
            order.append(focus["what"])

        assert order[0] == "ennio"
        assert order[2:8] == ["new", "help", "search", "by-project", "by-status", "with-ended"]
        assert order[8:] == ["line", "good", "bad"]  # one row of the list, and what it asks for


def test_tabs_are_gone_through_with_arrows_and_numbers(browser: Browser, api: Pretended) -> None:
    with look(browser, f"{api.url}/#/session/{SESSION}") as seen:
        tab = seen.page.get_by_role("tab", selected=True)
        expect(tab).to_have_text("Output")
        tab.focus()
        seen.press("ArrowLeft")
        expect(tab).to_have_text("Why")
        expect(tab).to_be_focused()
        seen.press("2")
        expect(tab).to_have_text("Messages")


def test_the_docs_have_every_key(browser: Browser, api: Pretended) -> None:
    told = (Path(__file__).parents[3] / "docs" / "page.md").read_text()
    with look(browser, api.url) as seen:
        seen.live()
        seen.press("?")
        keys = seen.page.locator(".keys kbd").all_inner_texts()
        assert [key for key in keys if key not in "↓↑" and f"`{key.split()[0]}`" not in told] == []


def test_what_newly_needs_somebody_is_read_out_politely(browser: Browser, api: Pretended) -> None:
    with look(browser, api.url) as seen:
        seen.live()
        announcer = seen.page.locator("#announcer")
        expect(announcer).to_have_attribute("role", "status")
        expect(seen.page.locator(".row")).to_have_count(43)
        expect(announcer).to_have_text("")
        name = next(id for id, one in api.sessions.items() if one["activity"] == "Active")
        before = dict(api.sessions[name])
        api.sessions[name] |= {"activity": "WaitingInput", "activity_reason": "Shall I go on?"}
        api.tell("ActivityChanged", name)
        expect(announcer).to_have_text(f"Needs you: {name}: Shall I go on?")
        api.put(before)


def test_nothing_moves_for_those_who_want_no_motion(browser: Browser, api: Pretended) -> None:
    with look(browser, api.url, reduced_motion="reduce") as seen:
        seen.live()
        moving = (
            "() => [...document.querySelectorAll('*')].filter((one) => one.getAnimations().length).length"
        )
        assert seen.run(moving) == 0
