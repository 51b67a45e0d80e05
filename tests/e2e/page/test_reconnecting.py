"""The server goes away under the page, and comes back."""

import socket
from pathlib import Path

from installed import running, settings
from playwright.sync_api import Browser, expect

from .looking import look


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_the_page_says_that_the_server_is_gone_and_goes_on_when_it_is_back(
    browser: Browser, own: Path
) -> None:
    config = settings().replace("port = 0", f"port = {free_port()}")
    with running(own, config) as server:
        session = server.spawn("demo", prompt="say before")["id"]
        with look(browser, f"{server.url}/#/session/{session}") as seen:
            seen.expects("Failed to load resource|ERR_|503")
            page = seen.page
            seen.live()
            expect(page.locator(".output")).to_contain_text("before")

            server.stop()

            expect(page.locator("#connection")).to_contain_text("no connection")
            with running(own, config) as again:
                seen.run(
                    "() => document.querySelector('#connection button').click()"
                )  # it may be back already
                seen.live()
                expect(page.locator("#connection")).not_to_have_attribute("data-trouble", "")
                expect(seen.row(session)).to_contain_text("exited")
                expect(page.locator(".group.needs")).to_contain_text(session)
                page.get_by_role("button", name="Restore").click()
                expect(page.locator(".badge")).to_contain_text("working")
                again.data("POST", f"/sessions/{session}/send", json={"message": "say after"})
                expect(page.locator(".output")).to_contain_text("after\n")
                assert page.locator(".output").inner_text().count("before") == 1
