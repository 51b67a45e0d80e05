"""The server goes away under the page, and comes back."""

import socket
from pathlib import Path

from accounts import until
from installed import running, settings
from playwright.sync_api import Browser, expect

from .looking import look
from .pretended import Pretended, session


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


def test_a_stream_goes_on_after_the_last_event_that_was_heard(browser: Browser, api: Pretended) -> None:
    api.put(session("shop-one"))
    with look(browser, api.url) as seen:
        seen.expects("ERR_")
        seen.live()
        api.tell("ActivityChanged", "shop-one")
        until(lambda: ("GET", "/sessions/shop-one", None) in api.asked)

        api.away()

        until(lambda: len(api.resumed) > 1)
        assert api.resumed == ["", "event-1001"]
        # and everything is looked at anew
        until(lambda: [path for _, path, _ in api.asked].count("/sessions") == 2)
        seen.live()


def test_who_has_lost_its_place_looks_anew_at_everything(browser: Browser, api: Pretended) -> None:
    api.put(session("shop-one"))
    with look(browser, api.url) as seen:
        seen.expects("404")  # it is asked for once more
        expect(seen.row("shop-one")).to_be_visible()
        del api.sessions["shop-one"]
        api.put(session("shop-two"))

        api.lose()

        expect(seen.row("shop-two")).to_be_visible()
        expect(seen.row("shop-one")).to_have_count(0)


HIDE = """
(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


def test_a_tab_that_nobody_looks_at_holds_no_stream(browser: Browser, api: Pretended) -> None:
    api.put(session("shop-one"))
    with look(browser, f"{api.url}/#/session/shop-one") as seen:
        seen.live()
        expect(seen.page.locator("#session-title")).to_be_visible()
        seen.run(HIDE, True)
        streams = [path for _, path, _ in api.asked if path.endswith(("/events", "/stream"))]
        api.put(session("shop-two"))

        seen.run(HIDE, False)

        expect(seen.row("shop-two")).to_be_visible()
        again = [path for _, path, _ in api.asked if path.endswith(("/events", "/stream"))]
        assert again.count("/events") == streams.count("/events") + 1
        assert again.count("/sessions/shop-one/output/stream") == 2
