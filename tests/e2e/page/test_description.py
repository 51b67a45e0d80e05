"""The readable page of the API in a real browser: asks for the token, shows all operations, tries one out."""

from collections.abc import Iterator

import pytest
from installed import Server, running, settings
from playwright.sync_api import Browser, expect

from ennio.http.description import SECTIONS

from .looking import look

TOKEN = "s3cret-of-the-description"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("docs"), settings(top=f'api_token = "{TOKEN}"')) as one:
        yield one


def test_the_token_is_asked_for_and_kept_in_the_tab(browser: Browser, server: Server) -> None:
    with look(browser, f"{server.url}/docs") as seen:
        seen.expects("401")
        field = seen.page.get_by_label("API token")
        expect(field).to_be_focused()
        field.fill("wrong")
        seen.press("Enter")
        expect(seen.page.get_by_role("alert")).to_contain_text("the token is wrong")
        field.fill(TOKEN)
        seen.press("Enter")
        expect(seen.page.locator(".opblock")).to_have_count(sum(len(one.operations) for one in SECTIONS))
        expect(field).to_be_hidden()
        seen.page.reload()
        expect(seen.page.locator(".opblock").first).to_be_visible()
        expect(field).to_be_hidden()


def test_an_operation_can_be_tried_out_and_nothing_is_asked_of_others(
    browser: Browser, server: Server
) -> None:
    with look(browser, f"{server.url}/docs") as seen:
        seen.expects("401")
        asked = list[str]()
        seen.page.on("request", lambda request: asked.append(request.url))
        seen.page.get_by_label("API token").fill(TOKEN)
        seen.press("Enter")
        operation = seen.page.locator("#operations-Sessions-listSessions")
        operation.locator(".opblock-summary").click()
        operation.locator(".try-out__btn").click()
        operation.locator(".execute").click()
        answer = operation.locator(".live-responses-table")
        expect(answer).to_contain_text("200")
        expect(answer).to_contain_text('"data": []')
        expect(seen.page.locator("body")).not_to_contain_text(TOKEN)
        assert any("/api/v1/sessions" in url for url in asked)
        assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
