"""Take the pictures of `docs/page.md`: python docs/screenshots.py. Needs Chromium.

The page is the real one; behind it stands the server that its tests pretend to have, with a morning's work.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from e2e.page import office  # noqa: E402
from e2e.page.looking import ARGUMENTS, CHROMIUM  # noqa: E402
from e2e.page.pretended import Pretended  # noqa: E402

SIZE = {"width": 1200, "height": 720}


def main() -> None:
    """Take them all."""
    api = Pretended()
    office.fill(api)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        take(browser, api.url, "page-list", "light")
        take(browser, f"{api.url}/#/session/shop-k3v9x2ab", "page-session", "dark")
        browser.close()
    api.close()


def take(browser: Browser, url: str, name: str, scheme: str) -> None:
    """Take the picture of one view."""
    page: Page = browser.new_page(viewport=SIZE, color_scheme=scheme, locale="en-GB", timezone_id="UTC")  # type: ignore[arg-type]
    page.goto(url)
    page.wait_for_selector(".row")
    if "#" in url:
        expect(page.locator(".output")).to_contain_text("Now I publish it.")
        page.locator("#session-title").blur()
    page.screenshot(path=DOCS / f"{name}.png")
    page.close()


if __name__ == "__main__":
    main()
