"""Whatever agents, trackers and code hosts write is text: never markup, never an address that runs something."""

from playwright.sync_api import Browser, Route, expect

from .looking import look
from .pretended import Pretended, ago, happened, pull, session

EVIL = '<img src=x onerror="window.ran = 1"><script>window.ran = 1</script>\'"&lt;\u202e'
ADDRESS = "javascript:window.ran=1"


def test_what_others_write_is_text_wherever_it_is_shown(browser: Browser, api: Pretended) -> None:
    api.put(
        session(
            "shop-evil", status="PrOpen", activity="WaitingInput", activity_reason=EVIL, approvals=1, role=EVIL,
            issue_id=EVIL, issue_title=EVIL, issue_url=ADDRESS, branch=EVIL, agent_name=EVIL, model=EVIL,
            host_trouble=EVIL, base_warning=EVIL, workspace_path=EVIL, pr_url=ADDRESS,
            pull_request=pull(1, EVIL, url=ADDRESS, ci="failing", failing=[EVIL]),
        )
    )  # fmt: skip
    api.approvals = [
        {"id": "a1", "session_id": "shop-evil", "project_id": "shop", "tool": EVIL, "summary": EVIL,
         "input": {EVIL: EVIL}, "asked_at": ago(), "deadline": ago(seconds=-99)}
    ]  # fmt: skip
    api.output["shop-evil"] = f"{EVIL}\n" * 5
    api.events["shop-evil"] = [happened(1, EVIL, "shop-evil", EVIL)]
    api.messages["shop-evil"] = [
        {"id": "m1", "text": EVIL, "mode": "queue", "state": "failed", "reason": EVIL, "created_at": ago()}
    ]
    api.budgets = [
        {"scope": "project", "project_id": EVIL, "period": EVIL, "limit_usd": "1", "spent_usd": "9"}
    ]
    api.spend = [{"day": ago()[:10], "project_id": EVIL, "cost_usd": "1"}]
    with look(browser, f"{api.url}/#/session/shop-evil") as seen:
        page = seen.page
        expect(page.locator(".output")).to_contain_text("<script>")
        page.get_by_text("all that it says").click()
        for name in ("Messages", "History", "Why"):
            page.get_by_role("tab", name=name).click()
            expect(page.locator(f"#panel-{name.lower()}")).to_contain_text("<img src=x")
        api.refusals["POST /sessions/shop-evil/send"] = (400, EVIL)
        seen.expects("400")
        page.get_by_label("Message to the agent").fill(EVIL)
        seen.press("Control+Enter")
        expect(page.locator(".send .trouble")).to_contain_text("<img src=x")
        seen.press("Escape", "m")
        page.get_by_text("In numbers").click()
        expect(page.locator("table")).to_contain_text("<script>")

        assert seen.run("() => window.ran") is None
        assert seen.run("() => document.querySelectorAll('img, body script').length") == 0
        assert seen.run("() => [...document.links].filter((a) => a.protocol === 'javascript:').length") == 0


def test_a_kill_that_does_not_end_everything_names_what_is_left(browser: Browser, api: Pretended) -> None:
    for name in ("shop-one", "shop-two"):
        api.put(session(name))
    left = "2 processes of shop-two are left: pid 4242 (sleep, state D, uid 1000), pid 4243 (sh, state T, uid 1000)"
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
