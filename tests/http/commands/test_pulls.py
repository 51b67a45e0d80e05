"""A pull request in few words, and the way to its page."""

from pathlib import Path
from typing import Any, cast

import pytest
from canned import SESSION, Canned, Prompt, S, on_a_terminal

from ennio.http.commands.pages import _is_page
from ennio.http.commands.pulls import in_full, in_short
from ennio.http.shapes import PullRequest, Session

URL = "https://host/me/app/pull/12"
PULL: dict[str, Any] = {
    "number": 12,
    "url": URL,
    "title": "Fix it",
    "state": "open",
    "draft": False,
    "head": "9b1d4c7e2f3a5b6c8d0e1f2a3b4c5d6e7f8a9b0c",
    "conflicts": None,
    "ci": "none",
    "failing": [],
    "review": None,
    "review_asked": False,
}
WITH = {**SESSION, "pr_url": URL, "pr_number": 12, "pull_request": PULL, "notices_waiting": 0}


@pytest.mark.parametrize(
    ("more", "short"),
    [
        ({}, "#12"),
        ({"ci": "failing", "review": "changes_requested"}, "#12 CI failing, changes requested"),
        ({"ci": "passing", "review": "approved", "review_asked": True}, "#12 CI passing, approved"),
        ({"draft": True, "conflicts": True, "ci": "pending"}, "#12 draft, conflicts, CI running"),
        ({"conflicts": False, "review_asked": True}, "#12 review asked"),
        ({"state": "merged", "ci": "passing", "review": "approved"}, "#12 merged"),
        ({"state": "closed"}, "#12 closed"),
    ],
)
def test_a_cell_says_what_is_in_the_way_of_a_merge(more: dict[str, Any], short: str) -> None:
    assert in_short(cast(Session, {**WITH, "pull_request": {**PULL, **more}})) == short


def test_a_session_without_one_has_a_dash() -> None:
    assert in_short(cast(Session, SESSION)) == "-"


def test_a_line_names_some_of_the_failing_checks() -> None:
    failing = ["lint", "test", "docs", "e2e", "types"]
    line = in_full(cast(PullRequest, {**PULL, "ci": "failing", "failing": failing}))
    assert line == ("#12 Fix it (open; CI failing; failing: lint, test, docs, and 2 more; at 9b1d4c7e2f3a)")


def test_status_has_a_narrow_column_for_it(ennio: Prompt, server: Canned) -> None:
    server.answer("GET /api/v1/system", {})
    server.answer(f"GET {S}", [{**WITH, "pull_request": {**PULL, "ci": "passing"}}, SESSION])
    _, headers, first, second = ennio("status")[1].splitlines()
    assert headers.endswith("  PULL REQUEST")
    assert first.endswith("  #12 CI passing")
    assert second.endswith("  -")


def test_info_shows_it_where_it_is_and_what_is_in_trouble(ennio: Prompt, server: Canned) -> None:
    more = {
        "host_trouble": "github me/app is away",
        "notices_waiting": 2,
        "issue_title": "It is\x1b[2J broken",
    }
    server.answer(f"GET {S}/app-1", {**WITH, **more})
    server.answer(f"GET {S}/app-1/events", [])
    lines = dict(line.split(None, 1) for line in ennio("session", "info", "app-1")[1].splitlines())
    assert lines["pr_url"] == URL
    assert lines["pull_request"] == "#12 Fix it (open; at 9b1d4c7e2f3a)"
    assert lines["host_trouble"] == "github me/app is away"
    assert lines["notices"] == "2 still to be given to notifiers"
    assert lines["issue_title"] == r"It is\x1b[2J broken"
    assert not {"pr_number", "notices_waiting"} & lines.keys()


def test_the_page_is_printed_for_programs(ennio: Prompt, server: Canned) -> None:
    server.answer(f"GET {S}/app-1", WITH)
    assert ennio("open", "app-1", "--pr") == (0, f"{URL}\n", "")
    assert ennio("--format", "json", "open", "--pr", "app-1") == (0, f'"{URL}"\n', "")


def test_a_session_without_a_pull_request_has_no_page(ennio: Prompt, server: Canned) -> None:
    away = {**SESSION, "host_trouble": "github me/app is away"}
    server.answer(f"GET {S}/app-1", SESSION, away)
    first, second = (ennio("open", "app-1", "--pr") for _ in range(2))
    assert first == (1, "", "ennio: no pull request of app-1 is known: none was found on its branch\n")
    assert second == (1, "", "ennio: no pull request of app-1 is known: github me/app is away\n")


@pytest.mark.usefixtures("ennio")
def test_at_a_terminal_a_browser_gets_it(server: Canned, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "the browser was given: $*"\n')
    browser.chmod(0o755)
    server.answer(f"GET {S}/app-1", WITH)
    code, said = on_a_terminal(["open", "app-1", "--pr"], tmp_path, BROWSER=f"{browser} %s")
    assert code == 0
    assert said.startswith(URL)
    assert f"the browser was given: {URL}" in said


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "--help",
        "https://",
        "https://host/a b",
        "https://host/\x1b[2J",
        "https://host/'x",
        "https://[host/",
        "https://hösť/",
    ],
)
def test_what_is_no_page_is_given_to_no_browser(ennio: Prompt, server: Canned, url: str) -> None:
    assert not _is_page(url)
    server.answer(f"GET {S}/app-1", {**WITH, "pr_url": url})
    code, out, err = ennio("open", "app-1", "--pr")
    assert (code, out) == (1, "")
    assert "refused" in err
