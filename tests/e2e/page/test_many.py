"""Two hundred sessions: only what changed is touched, and nothing lags."""

from collections.abc import Iterator

import pytest
from accounts import until
from playwright.sync_api import Browser, expect

from .looking import Look, look
from .pretended import Pretended, ago, session

pytestmark = pytest.mark.slow  # how long the page is busy says something on a quiet machine alone

MANY = 200
TOUCHED = """
() => {
  const everything = { subtree: true, childList: true, characterData: true, attributes: true };
  window.touched = new Set();
  new MutationObserver((changes) => changes.forEach(({ target }) => {
    const element = target.nodeType === 1 ? target : target.parentElement;
    const name = element.closest(".row")?.querySelector(".id").textContent;
    window.touched.add(name ?? `#${element.id || element.className}`);
  })).observe(document.getElementById("rows"), everything);
  window.slow = [];
  new PerformanceObserver((list) => list.getEntries().forEach((one) => window.slow.push(one.duration)))
    .observe({ type: "longtask" });
}
"""


@pytest.fixture(scope="module")
def api() -> Iterator[Pretended]:
    one = Pretended()
    states = ("Working", "PrOpen", "CiPassing", "CiFailed", "ReviewPending")
    for number in range(MANY):
        name, told = (
            f"shop-{number:06}",
            {"created_at": ago(hours=number), "last_activity_at": ago(hours=number)},
        )
        one.put(session(name, status=states[number % 5], issue_title=f"Task {number}", **told))
    yield one
    one.close()


@pytest.fixture(scope="module")
def tab(browser: Browser, api: Pretended) -> Iterator[Look]:
    """One tab for all tests of this module: each leaves the list before it."""
    with look(browser, api.url) as one:
        one.live()
        expect(one.page.locator(".row")).to_have_count(MANY)
        until(lambda: sum(path.endswith("/events") for _, path, _ in api.asked) > MANY, seconds=20)
        yield one


@pytest.fixture
def seen(tab: Look, api: Pretended) -> Look:
    tab.run("() => document.activeElement.blur()")
    api.asked.clear()
    tab.run(TOUCHED)
    return tab


def test_a_change_of_one_touches_its_row_alone(seen: Look, api: Pretended) -> None:
    api.sessions["shop-000010"] |= {"activity": "Idle", "cost_usd": "9.99"}
    api.tell("ActivityChanged", "shop-000010", activity="Idle")

    expect(seen.row("shop-000010")).to_contain_text("$9.99")
    assert seen.run("() => [...window.touched]") == ["shop-000010"]
    asked = [
        path for _, path, _ in api.asked if path.startswith("/sessions") and not path.endswith("/events")
    ]
    assert asked == ["/sessions/shop-000010"]


def test_a_row_that_moves_keeps_the_focus_and_the_others_stay(seen: Look, api: Pretended) -> None:
    seen.press("j", "j")
    chosen = seen.page.locator(":focus .id").inner_text()
    seen.run("() => window.touched.clear()")
    other = "shop-000041"
    api.sessions[other] |= {"status": "Exited", "activity": "Exited", "pid": None, "reason": "it crashed"}
    api.tell("SessionExited", other)
    expect(seen.page.locator(".group.needs .row").first).to_contain_text("it crashed")
    assert seen.page.locator(":focus .id").inner_text() == chosen

    api.sessions[chosen] |= {"status": "Working"}
    api.tell("StatusChanged", chosen)
    expect(seen.page.locator(".group.working")).to_contain_text(chosen)
    assert seen.page.locator(":focus .id").inner_text() == chosen
    moved = {name for name in seen.run("() => [...window.touched]") if name.startswith("shop-")}
    assert moved == {chosen, other}


def test_a_storm_of_events_does_not_hold_the_page_up(seen: Look, api: Pretended) -> None:
    for turn in range(5):
        for number in range(MANY):
            api.sessions[f"shop-{number:06}"]["turns"] = turn
            api.sessions[f"shop-{number:06}"]["cost_usd"] = str(turn)
            api.tell("ActivityChanged", f"shop-{number:06}", activity="Active")
    expect(seen.row("shop-000199")).to_contain_text("$4.00")
    expect(seen.row("shop-000000")).to_contain_text("$4.00")

    assert max(seen.run("() => window.slow"), default=0) < 400
    lists = [path for _, path, _ in api.asked if path == "/sessions"]
    assert 1 <= len(lists) < 50  # many changes are one look


def test_when_the_focused_row_goes_the_next_one_has_the_focus(seen: Look, api: Pretended) -> None:
    names = seen.page.locator(".row .id").all_inner_texts()
    seen.row(names[5]).get_by_role("link").focus()
    api.sessions[names[5]] |= {"status": "Killed", "activity": "Exited", "pid": None}
    api.tell("SessionKilled", names[5])

    expect(seen.row(names[5])).to_have_count(0)
    expect(seen.page.locator(":focus .id")).to_have_text(names[6])
    api.sessions[names[5]] |= {"status": "Working", "activity": "Active", "pid": 4242}
    api.tell("SessionRestored", names[5])
    expect(seen.row(names[5])).to_have_count(1)


def test_search_and_filters_narrow_the_list_while_it_is_typed(seen: Look, api: Pretended) -> None:
    page = seen.page
    seen.press("/")
    page.keyboard.type("task 19")
    expect(page.locator(".row")).to_have_count(12)
    page.locator("#by-status").select_option("CiFailed")
    expect(page.locator(".row")).to_have_count(2)
    failed = sum(one["status"] == "CiFailed" for one in api.sessions.values())
    expect(page.locator("#by-status option:checked")).to_have_text(f"CI failed ({failed})")
    page.locator("#search").focus()
    seen.press("Escape")
    expect(page.locator(".row")).to_have_count(MANY)
    assert max(seen.run("() => window.slow"), default=0) < 400


def test_keys_go_through_the_list_and_back(seen: Look) -> None:
    names = seen.page.locator(".row .id").all_inner_texts()
    seen.press("j")
    first = names.index(seen.page.locator(":focus .id").inner_text())
    seen.press("j", "j", "k", "Enter")
    second = names[first + 1]
    expect(seen.page.locator("#session-title")).to_have_text(second)
    expect(seen.page.locator("#session-title")).to_be_focused()
    seen.press("j")
    expect(seen.page.locator(":focus .id")).to_have_text(second)
    seen.press("ArrowDown", "Enter")
    expect(seen.page.locator("#session-title")).to_have_text(names[first + 2])
    seen.press("Escape")
    expect(seen.page.locator("#session")).to_be_hidden()
    expect(seen.page.locator(":focus .id")).to_have_text(names[first + 2])
    seen.press("?")
    expect(seen.page.get_by_role("dialog")).to_contain_text("the next session")
    seen.press("j", "Escape")
    expect(seen.page.get_by_role("dialog")).to_have_count(0)
