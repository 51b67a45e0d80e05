"""A morning at work, for pictures: what a server with some forty agents may have to show."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from .pretended import NOW, Pretended, ago, happened, pull, session

TASKS = (
    ("shop", "Cart totals are wrong with two discounts"), ("shop", "Checkout is slow on phones"),
    ("shop", "Search ignores accents"), ("shop", "Order mails go out twice"),
    ("shop", "Dark mode for the shop"),
    ("billing", "Invoices miss the VAT id"), ("billing", "Retry failed card payments"),
    ("billing", "Export to DATEV"), ("billing", "Round per line, not per invoice"),
    ("infra", "Move the nightly backup off the web host"), ("infra", "Renew certificates earlier"),
    ("infra", "Drop Python 3.10"), ("infra", "Alert when the queue grows"),
)  # fmt: skip


def fill(api: Pretended) -> None:
    """Give a server all that the pictures show."""
    api.projects = [
        {"id": name, "name": name, "tracker": tracker, "max_sessions": 20, "runtime": "process"}
        for name, tracker in (("shop", "github"), ("billing", "github"), ("infra", None))
    ]
    _need_somebody(api)
    _work(api)
    _cost(api)
    api.issues = [{"id": "131", "title": "Gift cards", "url": None, "labels": [], "open": True}]


def _need_somebody(api: Pretended) -> None:
    api.put(
        session(
            "shop-k3v9x2ab", approvals=1, activity="WaitingInput", issue_id="118",
            issue_title="Publish the price feed", issue_url="https://github.com/acme/shop/issues/118",
            branch="issue-118-publish-the-price-feed", cost_usd="0.84", created_at=ago(minutes=31),
        ),
        session(
            "billing-q8m1t0fz", "billing", status="CiFixFailed", activity="Ready", cost_usd="2.31",
            pull_request=pull(84, "Round per line", ci="failing", failing=["lint", "test (3.11)"]),
        ),
        session(
            "infra-w5c7y4nd", "infra", status="Exited", activity="Exited", pid=None, exit_code=137,
            issue_title="Move the nightly backup off the web host", cost_usd="0.42",
            reason="it went past its limit memory_mb: 4213 of 4096", ended_at=ago(minutes=7),
        ),
        session(
            "shop-r2d6h9pl", status="Approved", activity="Ready", cost_usd="1.05",
            pull_request=pull(121, "Search ignores accents", ci="passing", review="approved"),
        ),
    )  # fmt: skip
    api.approvals = [
        {
            "id": "a1", "session_id": "shop-k3v9x2ab", "project_id": "shop", "tool": "Bash",
            "summary": "npm publish --access public", "asked_at": ago(seconds=40),
            "input": {"command": "npm publish --access public", "description": "Publish the price feed"},
            "deadline": (NOW + timedelta(minutes=9)).isoformat(),
        }
    ]  # fmt: skip
    api.output["shop-k3v9x2ab"] = SAID
    words = ("was spawned with the agent claude-code", "is working on issue-118-publish-the-price-feed")
    kinds = ("SessionSpawned", "SessionWorking")
    api.events["shop-k3v9x2ab"] = [
        happened(number, kind, "shop-k3v9x2ab", f"shop-k3v9x2ab {text}")
        for number, (kind, text) in enumerate(zip(kinds, words, strict=True))
    ]


def _work(api: Pretended) -> None:
    for number, (project, title) in enumerate(TASKS * 3):
        more: dict[str, Any] = {"issue_title": title, "created_at": ago(minutes=20 + 11 * number)}
        more |= {"last_activity_at": ago(seconds=3 + number * number), "cost_usd": str(0.07 * number)}
        match number % 6:
            case 1:
                more |= {"status": "CiPassing", "pull_request": pull(100 + number, title, ci="passing")}
            case 3:
                more |= {"status": "ReviewPending", "activity": "Idle"}
                more |= {"pull_request": pull(100 + number, title, ci="passing", review_asked=True)}
            case 5:
                more |= {"status": "PrDraft", "pull_request": pull(100 + number, title, draft=True)}
        api.put(session(f"{project}-{hash_of(number)}", project, **more))


def hash_of(number: int) -> str:
    """Return eight letters and digits that look random, and are the same each time."""
    letters, value = "abcdefghjkmnpqrstuvwxyz23456789", (number + 7) * 2_654_435_761 % 2**40
    return "".join(letters[value // 31**place % 31] for place in range(8))


def _cost(api: Pretended) -> None:
    for back in range(30):
        day = (NOW - timedelta(days=back)).date().isoformat()
        for number, project in enumerate(("billing", "infra", "shop")):
            cost = Decimal((back * 7 + number * 5) % 11 + number) * Decimal("0.61")
            api.spend.append({"day": day, "project_id": project, "cost_usd": str(cost)})
    period = {"period_start": ago(hours=9), "period_end": (NOW + timedelta(hours=15)).isoformat()}
    api.budgets = [
        {"scope": "global", "project_id": None, "period": "daily", "limit_usd": "40", "spent_usd": "12.40",
         "held_usd": "3", "remaining_usd": "27.60", **period},
        {"scope": "project", "project_id": "billing", "period": "daily", "limit_usd": "8",
         "spent_usd": "6.90", "held_usd": "1", "remaining_usd": "1.10", **period},
    ]  # fmt: skip


SAID = """\
I read the price feed's generator and its tests.

$ npm test
 12 passing (840 ms)

The feed is complete: all 1,204 articles have a price and a currency. I set the version to 1.4.0 and
committed that.

$ git log --oneline -2
9b1d4c7 Version 1.4.0 of the price feed
41aa0f2 Write the currency of each price

Now I publish it.
"""
