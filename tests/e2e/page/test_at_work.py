"""An operator at the page of a real server: gets in, spawns, watches, sends, and ends it again."""

import json
import sys
from collections.abc import Iterator

import pytest
from installed import Server, alive, marked, running, settings
from playwright.sync_api import Browser, expect

from .looking import look

TOKEN = "s3cret-for-the-page"
ASKER = """
import json, sys
def say(**what): print(json.dumps(what), flush=True)
def ask(id, command):
    request = {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": command}}
    say(type="control_request", request_id=id, request=request)
for line in sys.stdin:
    said = json.loads(line)
    if said["type"] == "user":
        ask("1", "npm publish <b>now</b>")
        ask("2", "npm deprecate old")
    if said["type"] == "control_response" and "response" in said["response"]:
        text = f"number {said['response']['request_id']}: " + said["response"]["response"]["behavior"]
        say(type="assistant", message={"role": "assistant", "content": [{"type": "text", "text": text}]})
"""

TO_THE_END = """
() => {
  const { scrollHeight, scrollTop, clientHeight } = document.querySelector(".output");
  return scrollHeight - scrollTop - clientHeight;
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "asker.py").write_text(ASKER)
    command = json.dumps([sys.executable, str(folder / "asker.py")])
    asker = f'[agents.asker]\ncommand = {command}\nprotocol = "stream-json"\n\n'
    asker += '[[projects]]\nname = "asker"\npath = "repo"\nagent = "asker"\n'
    with running(
        folder, settings(asker, top=f'api_token = "{TOKEN}"\n[limits]\noutput_bytes = 3000000')
    ) as one:
        one.http.headers["Authorization"] = f"Bearer {TOKEN}"
        yield one


@pytest.fixture
def way_in(server: Server) -> Iterator[str]:
    """The address by which somebody gets in once; what the test spawns is ended."""
    yield f"{server.url}/#code={server.data('POST', '/login-codes')['code']}"
    for session in server.data("GET", "/sessions"):
        server.data("DELETE", f"/sessions/{session['id']}")


def test_the_token_is_asked_for_once_and_kept_in_the_tab(browser: Browser, server: Server) -> None:
    with look(browser, server.url) as seen:
        seen.expects("401")
        field = seen.page.get_by_label("API token")
        expect(field).to_be_focused()
        field.fill("wrong")
        seen.press("Enter")
        expect(seen.page.get_by_role("alert")).to_contain_text("the token is wrong")
        seen.page.get_by_label("API token").fill(TOKEN)
        seen.press("Enter")
        seen.live()
        expect(seen.page.get_by_role("dialog")).to_have_count(0)

        seen.page.reload()

        seen.live()
        expect(seen.page.get_by_role("dialog")).to_have_count(0)
        assert TOKEN not in seen.page.url
        assert seen.run("() => Object.keys(localStorage).length + document.cookie.length") == 0


def test_a_code_in_the_address_lets_in_once_and_is_gone_from_there(browser: Browser, way_in: str) -> None:
    with look(browser, way_in) as seen:
        seen.live()
        assert "code" not in seen.page.url
        assert "code" not in seen.run("() => JSON.stringify(history.state) + location.href")
    with look(browser, way_in) as seen:
        seen.expects("401")
        expect(seen.page.get_by_role("alert")).to_contain_text("the code was used already")


def test_a_session_is_spawned_watched_told_something_and_killed(
    browser: Browser, server: Server, way_in: str
) -> None:
    with look(browser, way_in) as seen:
        page = seen.page
        seen.live()
        seen.press("n")
        page.get_by_label("Project").and_(page.locator("dialog select")).select_option("demo")
        page.get_by_label("Prompt").fill("say good morning")
        page.get_by_label("Role").fill("early bird")
        page.get_by_role("button", name="Start").click()
        expect(page.locator(".output")).to_contain_text("good morning")
        session = page.locator("#session-title").inner_text()
        expect(seen.row(session)).to_contain_text("say good morning")
        expect(page.locator(".badge")).to_contain_text("working")
        expect(page.locator(".facts")).to_contain_text(f"ennio/{session}")

        seen.press("s")
        page.keyboard.type("say <b>bold</b> as ever")
        seen.press("Control+Enter")
        expect(page.locator(".output")).to_contain_text("<b>bold</b> as ever")
        expect(page.get_by_label("Message to the agent")).to_have_value("")
        seen.press("Escape")
        page.get_by_role("tab", name="Messages").click()
        expect(page.locator("#panel-messages li").first).to_contain_text("<b>bold</b>")
        page.get_by_role("tab", name="History").click()
        expect(page.locator("#panel-history")).to_contain_text("SessionWorking")
        page.get_by_role("tab", name="Why").click()
        expect(page.locator("#panel-why")).to_contain_text("It is working")

        everyone = marked(session)
        seen.press("x", "Enter")  # Enter alone kills nobody
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert server.data("GET", f"/sessions/{session}")["status"] == "Working"
        seen.press("x", "y")
        expect(page.get_by_role("dialog")).to_contain_text("1 session killed")
        assert not [pid for pid in everyone if alive(pid)]
        seen.press("Enter")
        expect(page.locator(".badge")).to_contain_text("killed")
        expect(seen.row(session)).to_have_count(0)
        page.get_by_role("checkbox", name="ended").check()
        expect(seen.row(session)).to_contain_text("killed")


def test_a_permission_is_seen_at_once_and_answered_from_the_list(
    browser: Browser, server: Server, way_in: str
) -> None:
    with look(browser, way_in) as seen:
        seen.live()
        session = server.spawn("asker")["id"]
        row = seen.row(session)
        expect(row).to_contain_text("asks for Bash: npm publish <b>now</b> (and 1 more)")
        expect(seen.page.locator("#summary")).to_contain_text("1 needs you")
        expect(seen.page.locator("#announcer")).to_contain_text(f"Needs you: {session}")
        expect(seen.page).to_have_title("(1) ennio")
        seen.press("j", "a")
        server.wait_for(session, "number 1: allow")
        expect(row).to_contain_text("asks for Bash: npm deprecate old")
        seen.press("Enter")
        card = seen.page.get_by_role("article", name="Permission for Bash")
        card.get_by_text("all that it says").click()
        expect(card).to_contain_text('"command": "npm deprecate old"')
        card.get_by_role("button", name="Deny").click()
        server.wait_for(session, "number 2: deny")
        expect(card).to_have_count(0)
        expect(row.get_by_role("button")).to_have_count(0)


def test_all_of_a_project_is_killed_and_each_outcome_is_told(
    browser: Browser, server: Server, way_in: str
) -> None:
    with look(browser, way_in) as seen:
        seen.live()
        mine = [server.spawn("cat")["id"] for _ in range(3)]
        other = server.spawn("deaf")["id"]
        page = seen.page
        expect(seen.row(other)).to_be_visible()
        page.locator("#by-project").select_option("cat")
        expect(seen.row(other)).to_have_count(0)
        page.get_by_role("button", name="Kill all of cat").click()
        page.get_by_role("dialog").get_by_role("button", name="Kill all").click()
        expect(page.get_by_role("dialog")).to_contain_text("3 sessions killed.")
        lines = page.locator(".outcomes li")
        expect(lines).to_have_count(3)
        assert all("killed" in text for text in lines.all_inner_texts())
        assert {server.data("GET", f"/sessions/{one}")["status"] for one in mine} == {"Killed"}
        assert server.data("GET", f"/sessions/{other}")["status"] == "Working"


def test_an_agent_that_crashed_needs_somebody_and_is_restored(
    browser: Browser, server: Server, way_in: str
) -> None:
    with look(browser, way_in) as seen:
        seen.live()
        session = server.spawn("demo", prompt="exit 3")["id"]
        expect(seen.page.locator(".group.needs")).to_contain_text(session)
        expect(seen.row(session)).to_contain_text("exited")
        seen.press("j", "r")
        expect(seen.page.locator(".badge")).to_contain_text("working")
        expect(seen.page.locator(".group.needs")).not_to_contain_text(session)


def test_a_log_that_is_flooded_stays_bounded_and_the_reader_stays_where_he_is(
    browser: Browser, server: Server, way_in: str
) -> None:
    with look(browser, way_in) as seen:
        seen.live()
        session = server.spawn("demo", prompt="flood 0.2")["id"]
        seen.page.goto(f"{server.url}/#/session/{session}")
        output = seen.page.locator(".output")
        expect(output).to_contain_text("the flood is over", timeout=30_000)
        assert seen.run("() => document.querySelector('.output').textContent.length") < 420_000
        assert seen.run(TO_THE_END) < 30

        seen.run("() => { document.querySelector('.output').scrollTop = 500 }")
        follow = seen.page.get_by_role("button", name="Follow")
        expect(follow).to_be_visible()
        server.data("POST", f"/sessions/{session}/send", json={"message": "say more"})
        expect(output).to_contain_text("more")
        assert seen.run(TO_THE_END) > 1000
        follow.click()
        expect(follow).to_be_hidden()
        assert seen.run(TO_THE_END) < 30
