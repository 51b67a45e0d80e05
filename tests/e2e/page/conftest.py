from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from .looking import ARGUMENTS, CHROMIUM
from .pretended import Pretended


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is missing: install the package chromium to try the page in a real browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def api() -> Iterator[Pretended]:
    """A server that only pretends, with nothing in it."""
    one = Pretended()
    one.projects = [{"id": "shop", "name": "shop", "tracker": None, "max_sessions": None}]
    yield one
    one.close()
