"""What is asked of the server by forms and questions, and what its refusals look like."""

from playwright.sync_api import Browser, Route, expect

from .looking import look
from .pretended import Pretended, session


def test_an_issue_is_picked_from_the_tracker_s_and_a_refusal_keeps_the_form(
    browser: Browser, api: Pretended
) -> None:
    api.projects.append({"id": "tracked", "name": "tracked", "tracker": "github", "max_sessions": None})
    api.issues = [{"id": "131", "title": "Gift cards <b>", "url": None, "labels": [], "open": True}]
    api.refusals["POST /sessions"] = (402, "the budget of tracked is spent: 20 of 20 USD")
    with look(browser, api.url) as seen:
        seen.expects("402")
        page = seen.page
        seen.live()
        page.get_by_role("button", name="New").click()
        form = page.get_by_role("dialog")
        expect(form.get_by_label("Issue")).to_be_hidden()
        form.get_by_role("button", name="Start").click()
        expect(form.get_by_role("alert")).to_contain_text("a prompt, or an issue")
        form.get_by_label("Project").select_option("tracked")
        expect(form.locator("option[value='131']")).to_have_attribute("label", "131: Gift cards <b>")
        form.get_by_label("Issue").fill("131")
        form.get_by_label("Branch").fill("gift-cards")
        form.get_by_role("button", name="Start").click()
        expect(form.get_by_role("alert")).to_contain_text("20 of 20 USD")

        api.refusals.clear()
        seen.press("Control+Enter")

        expect(form).to_have_count(0)
        expect(page.locator("#session-title")).to_have_text("tracked-new")
        wanted = {"project_id": "tracked", "issue_id": "131", "branch": "gift-cards"}
        assert [body for method, path, body in api.asked if (method, path) == ("POST", "/sessions")] == [
            wanted
        ] * 2


def test_a_project_without_anything_has_nothing_to_be_killed(browser: Browser, api: Pretended) -> None:
    with look(browser, api.url) as seen:
        seen.live()
        expect(seen.page.locator(".group.needs")).to_contain_text("Nothing needs you.")
        seen.page.locator("#by-project").select_option("shop")
        seen.page.get_by_role("button", name="Kill all of shop").click()
        expect(seen.page.get_by_role("dialog")).to_contain_text("Nothing of shop is there to be killed")
        expect(seen.page.get_by_role("dialog").get_by_role("button", name="Kill all")).to_have_count(0)


def test_a_kill_that_does_not_end_everything_names_what_is_left(browser: Browser, api: Pretended) -> None:
    for name in ("shop-one", "shop-two"):
        api.put(session(name))
    left = "still there: pid 4242 (sleep, state D, uid 1000), pid 4243 (sh, state T, uid 1000)"
    api.refusals["DELETE /sessions/shop-two"] = (504, left)
    with look(browser, api.url) as seen:
        seen.expects("504")
        page = seen.page
        seen.live()
        page.locator("#by-project").select_option("shop")
        page.get_by_role("button", name="Kill all of shop").click()
        seen.press("y")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 session killed, 1 not; the server goes on trying.")
        expect(dialog.locator('[data-state="alive"]')).to_contain_text("pid 4242 (sleep, state D, uid 1000)")
        expect(seen.page.locator(".row")).to_have_count(1)

        api.refusals.clear()
        dialog.get_by_role("button", name="Try again").click()

        expect(dialog).to_contain_text("2 sessions killed.")
        kills = [path for method, path, _ in api.asked if method == "DELETE"]
        assert sorted(kills) == ["/sessions/shop-one", "/sessions/shop-two", "/sessions/shop-two"]


def test_a_message_that_nobody_answered_is_sent_again_under_the_same_key(
    browser: Browser, api: Pretended
) -> None:
    api.put(session("shop-one"))
    with look(browser, f"{api.url}/#/session/shop-one") as seen:
        seen.expects("ERR_FAILED")
        keys: list[str] = []

        def lose(route: Route) -> None:
            keys.append(route.request.headers["idempotency-key"])
            route.abort() if len(keys) == 1 else route.continue_()

        seen.page.route("**/send", lose)
        box = seen.page.get_by_label("Message to the agent")
        box.fill("once")
        seen.press("Control+Enter")
        expect(seen.page.locator(".send .trouble")).to_contain_text("cannot be reached")
        box.focus()
        seen.press("Control+Enter")
        expect(box).to_have_value("")
        box.fill("twice")
        seen.press("Control+Enter")
        expect(box).to_have_value("")

        assert keys[0] == keys[1] != keys[2]
