"""Draw what `ennio top` shows. python tests/picture_of_top.py docs/terminal.svg"""

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ennio_in_memory import EnnioInMemory

from ennio.http.tui.app import Top

PULL: dict[str, Any] = {
    "url": "https://github.com/me/web-app/pull/",
    "state": "open",
    "draft": False,
    "head": "9b1d4c7e2f3a",
    "conflicts": False,
    "ci": "passing",
    "failing": [],
    "review": None,
    "review_asked": False,
}
SIZE = (140, 30)


def pull(number: int, title: str, **how: Any) -> dict[str, Any]:
    return {**PULL, "number": number, "title": title, "url": f"{PULL['url']}{number}", **how}


def server() -> EnnioInMemory:
    """A server with some sessions of every kind."""
    ennio, now = EnnioInMemory(), datetime.now(UTC)

    def session(id: str, minutes: float, **fields: Any) -> None:
        moments = {"created_at": (now - timedelta(minutes=minutes + 30)).isoformat()}
        moments |= {"last_activity_at": (now - timedelta(minutes=minutes)).isoformat()}
        about = {"agent_name": "claude-code", "model": "opus", "tokens_in": 48210, "tokens_out": 1893}
        ennio.put(id, **{**moments, **about, **fields})

    session(
        "web-4kq7z1mc",
        2,
        issue_id="42",
        issue_title="Publish the package",
        cost_usd="1.94",
        branch="issue-42-publish-the-package",
    )
    deadline = (now + timedelta(minutes=4)).isoformat()
    ennio.ask("web-4kq7z1mc", summary="npm publish --access public", deadline=deadline)
    session(
        "web-p02xw9ra",
        9,
        status="CiFixFailed",
        cost_usd="3.10",
        pull_request=pull(118, "Retry failed uploads", ci="failing", failing=["unit", "lint"]),
    )
    session(
        "api-7dd1kq0e",
        14,
        status="Approved",
        activity="Idle",
        cost_usd="0.87",
        pull_request=pull(97, "Cache the exchange rates", review="approved"),
    )
    session(
        "api-m3v8t5yn",
        31,
        status="Exited",
        activity="Exited",
        pid=None,
        cost_usd="0.42",
        reason="past its limit of 4 h",
        issue_title="Move to the new mailer",
    )
    session("web-zz81hh2p", 0.2, issue_title="Dark mode for the settings page", cost_usd="0.21")
    session(
        "web-c5n0b7fd",
        0.5,
        status="CiFixSent",
        cost_usd="2.05",
        pull_request=pull(121, "Search as you type", ci="failing", failing=["e2e"]),
    )
    session(
        "api-y6j2s4wl",
        1,
        status="ChangesRequested",
        cost_usd="1.33",
        pull_request=pull(99, "Page through the audit log", review="changes_requested"),
    )
    session(
        "api-e1r5u8gk",
        3,
        status="PrDraft",
        cost_usd="0.66",
        pull_request=pull(101, "Rate limits by tenant", draft=True, ci="pending"),
    )
    session(
        "web-b9a4o6iv",
        6,
        status="ReviewPending",
        activity="Ready",
        cost_usd="0.95",
        pull_request=pull(119, "Keyboard shortcuts", review_asked=True),
    )
    return ennio


async def draw() -> str:
    """Return the picture as SVG, with nothing from an outside host in it."""
    ennio = server()
    async with ennio.client() as client:
        app = Top(client)
        async with app.run_test(size=SIZE) as pilot:
            for _ in range(50):
                await pilot.pause(0.02)
            svg = app.export_screenshot(title="ennio top")
    return re.sub(r"\s*(@font-face \{.*?\}|<!--.*?-->)", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(draw()))
