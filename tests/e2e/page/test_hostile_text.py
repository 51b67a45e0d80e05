"""Whatever agents, trackers and code hosts write is text: never markup, never an address that runs."""

from playwright.sync_api import Browser, expect

from .looking import look
from .pretended import Pretended, ago, happened, pull, session

EVIL = '<img src=x onerror="window.ran = 1"><script>window.ran = 1</script>\'"&lt;\u202e'
ADDRESS = "javascript:window.ran=1"


def test_what_others_write_is_text_wherever_it_is_shown(browser: Browser, api: Pretended) -> None:
    api.put(
        session(
            "shop-evil", status="PrOpen", activity="WaitingInput", activity_reason=EVIL, approvals=1,
            role=EVIL, issue_id=EVIL, issue_title=EVIL, issue_url=ADDRESS, branch=EVIL, agent_name=EVIL,
            model=EVIL, host_trouble=EVIL, base_warning=EVIL, workspace_path=EVIL, pr_url=ADDRESS,
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
