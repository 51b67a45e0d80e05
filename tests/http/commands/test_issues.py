"""`ennio issues`: what there is to be done."""

import json
from pathlib import Path

import pytest
from canned import Canned, Prompt, on_a_terminal

ROUTE = "GET /api/v1/projects/app/issues"
ISSUE = {
    "id": "42",
    "title": "The login page\nis broken \x1b[2J",
    "url": "https://host/issues/42",
    "labels": ["bug", "ui"],
    "open": True,
}


def test_each_has_a_line(ennio: Prompt, server: Canned) -> None:
    server.answer(ROUTE, [ISSUE, {**ISSUE, "id": "ENG-7", "labels": []}], [])
    code, out, _ = ennio("issues", "app")
    headers, first, second = out.splitlines()
    assert code == 0
    assert headers.split() == ["ISSUE", "LABELS", "TITLE"]
    assert first == r"42     bug, ui  The login page is broken \x1b[2J"
    assert second.split()[:3] == ["ENG-7", "-", "The"]
    assert ennio("issues", "app")[1] == "app has no open issue\n"


def test_their_number_can_be_bounded(ennio: Prompt, server: Canned) -> None:
    server.answer(f"{ROUTE}?limit=3", [ISSUE])
    code, out, _ = ennio("--format", "json", "issues", "app", "-n", "3")
    assert (code, json.loads(out)) == (0, [ISSUE])


def test_a_tracker_that_fails_is_a_refusal_in_its_words(ennio: Prompt, server: Canned) -> None:
    server.answer(ROUTE, "github me/app does not accept our token", status=502)
    assert ennio("issues", "app") == (1, "", "ennio: github me/app does not accept our token\n")


@pytest.mark.usefixtures("ennio")
def test_a_person_is_told_how_to_begin(server: Canned, tmp_path: Path) -> None:
    server.answer(ROUTE, [ISSUE])
    assert (
        "`ennio spawn app -i ISSUE` starts an agent on one" in on_a_terminal(["issues", "app"], tmp_path)[1]
    )
