import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from typing import cast

import pytest

from ennio.http.commands.tables import age, as_json, session_page, sessions_table, table
from ennio.http.commands.terminal import harmless, hint, one_line, progress, say
from ennio.http.shapes import Event, Session

EVIL = "\x1b]0;owned\x07\x9b31m\x7f\u202egpj.exe\x00"
SESSION = cast(
    Session,
    {
        "id": "app-1",
        "project_id": "app",
        "status": "Working",
        "activity": None,
        "branch": "feat",
        "pr_url": None,
        "agent_name": "demo",
    },
)


class Screen(io.StringIO):
    """Takes what a terminal would."""

    def isatty(self) -> bool:
        return True


@contextmanager
def screen() -> Iterator[Screen]:
    shown = Screen()
    with redirect_stdout(shown), redirect_stderr(shown):
        yield shown


def test_control_characters_become_visible() -> None:
    assert harmless(EVIL) == r"\x1b]0;owned\x07\x9b31m\x7f\u202egpj.exe\x00"


def test_tabs_newlines_and_other_scripts_stay() -> None:
    assert harmless("a\tb\r\nc\rd\né 漢") == "a\tb\nc\nd\né 漢"


def test_one_line_is_one_line() -> None:
    assert one_line(" a\n\n b\u2028c\x1b") == r"a b c\x1b"


def test_a_terminal_gets_no_control_characters() -> None:
    with screen() as shown:
        say(EVIL)
    assert shown.getvalue() == harmless(EVIL) + "\n"


def test_a_pipe_gets_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL)
    assert capsys.readouterr().out == EVIL + "\n"


def test_hints_are_for_people_alone(capsys: pytest.CaptureFixture[str]) -> None:
    hint("try this")
    assert capsys.readouterr().err == ""


def test_progress_is_told_after_a_second_and_wiped() -> None:
    with screen() as shown, progress("killing app-1\x1b"):
        time.sleep(1.2)
    assert shown.getvalue() == "\r\x1b[Kkilling app-1\\x1b (1 s)\r\x1b[K"


def test_what_is_quick_shows_no_progress() -> None:
    with screen() as shown, progress("asking"):
        pass
    assert shown.getvalue() == ""


def test_without_a_terminal_there_is_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("asking"):
        time.sleep(1.1)
    assert capsys.readouterr().err == ""


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(["A", "LONG"], [["one", "x"], ["2", "y\nz"]]) == "A    LONG\none  x\n2    y z"


def test_a_cell_cannot_break_its_table() -> None:
    assert len(table(["A"], [["x\n\x1b[2J\u2028y"]]).splitlines()) == 2


def test_a_pull_request_has_a_column_where_there_is_one() -> None:
    with_one = cast(Session, {**SESSION, "pr_url": "https://host/pr/1"})
    assert "PULL REQUEST" not in sessions_table([SESSION])
    assert sessions_table([SESSION, with_one]).splitlines()[-1].endswith("https://host/pr/1")


def test_a_page_shows_what_is_known_and_what_happened() -> None:
    event = cast(Event, {"timestamp": "2026-01-02T03:04:05Z", "message": "app-1 is working\n\x1b[2J"})
    page = session_page(SESSION, [event])
    assert "status      Working" in page
    assert "activity" not in page
    assert page.endswith(r"  2026-01-02T03:04:05Z  app-1 is working \x1b[2J")


def test_json_is_plain_ascii_and_means_the_same() -> None:
    written = as_json({"text": EVIL + "é"})
    assert written.isascii()
    assert written.isprintable() or "\n" in written
    assert json.loads(written) == {"text": EVIL + "é"}


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-5, "0s"), (0, "0s"), (59, "59s"), (61, "1m"), (7200, "2h"), (172800, "2d")]
)
def test_ages_are_told_in_one_unit(seconds: int, shown: str) -> None:
    start = datetime(2026, 1, 2, tzinfo=UTC)
    then = datetime.fromtimestamp(start.timestamp() + seconds, UTC)
    assert age("2026-01-02T00:00:00Z", then) == shown


def test_an_age_that_is_not_known_is_a_dash() -> None:
    assert age(None) == "-"
