"""The page in a real browser, and whatever it complains of while a test looks at it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
_PATIENCE = 10_000
expect.set_options(timeout=_PATIENCE)


class Look:
    """One tab. What a browser complains of is a failure, but for what a test says it `expects`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.expected: list[str] = []
        page.set_default_timeout(_PATIENCE)
        page.add_init_script(_WATCH)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{error} {error.stack}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} {message.location}")

    def expects(self, pattern: str) -> None:
        """Let the browser complain of this."""
        self.expected.append(pattern)

    def row(self, session_id: str) -> Locator:
        """Return the line of a session in the list."""
        return self.page.locator(f'.row:has(a[href="#/session/{session_id}"])')

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def live(self) -> None:
        """Wait until the page is tied to the server."""
        expect(self.page.locator("#connection")).to_have_attribute("data-state", "live")

    def run(self, script: str, argument: Any = None) -> Any:
        """Run a function of JavaScript in the page and return what it gives."""
        return self.page.evaluate(script, argument)

    def check(self) -> None:
        """Raise if the browser has complained of anything."""
        self.complaints += [f"policy: {found}" for found in self.run("() => window.violations ?? []")]
        left = [one for one in self.complaints if not any(re.search(known, one) for known in self.expected)]
        assert left == []


@contextmanager
def look(browser: Browser, url: str, **context: Any) -> Iterator[Look]:
    """Open the page at `url` in a tab of its own, and hold it to account at the end."""
    context = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light", **context}
    with browser.new_context(**context) as opened:
        seen = Look(opened.new_page())
        seen.page.goto(url)
        yield seen
        seen.check()
