from datetime import UTC, datetime

import pytest

from ennio.supervisor.agents.dialogues.usage_limits import limited_until, moment, tells_of_limit

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        "Claude AI usage limit reached|1762952400",
        "You've hit your limit · resets 1:30am (Asia/Dhaka)",
        "You've hit your session limit · resets 3pm (Europe/Berlin)",
        "You've hit your weekly limit · resets Nov 30, 3am (Europe/Dublin)",
        "You've reached your Opus limit",
        "Claude usage limit reached. Your limit will reset at 5pm (Europe/Warsaw).",
        "5-hour limit reached ∙ resets 9pm",
        "You're out of extra usage · resets 3am (UTC)",
    ],
)
def test_what_tells_of_a_limit(words: str) -> None:
    assert tells_of_limit(words)


@pytest.mark.parametrize(
    "words", ["Not logged in · Please run /login", "API Error: 500", "", "I hit your limit " + "x" * 3000]
)
def test_what_does_not(words: str) -> None:
    assert not tells_of_limit(words)


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("limit reached|1795527398", datetime(2026, 11, 24, 13, 36, 38, tzinfo=UTC)),
        ("limit reached|1795527398000", datetime(2026, 11, 24, 13, 36, 38, tzinfo=UTC)),
        ("resets 3pm (Europe/Berlin)", datetime(2026, 11, 24, 14, tzinfo=UTC)),
        ("resets 12:30pm (UTC)", datetime(2026, 11, 24, 12, 30, tzinfo=UTC)),
        ("resets 12pm (UTC)", datetime(2026, 11, 25, 12, tzinfo=UTC)),
        ("resets 12am (UTC)", datetime(2026, 11, 25, 0, tzinfo=UTC)),
        ("will reset at 9:05 AM (America/New_York).", datetime(2026, 11, 24, 14, 5, tzinfo=UTC)),
        ("resets 1am (Asia/Tokyo)", datetime(2026, 11, 24, 16, tzinfo=UTC)),
        ("resets Nov 30, 3am (Europe/Dublin)", datetime(2026, 11, 30, 3, tzinfo=UTC)),
        ("resets Feb 3 at 10am (UTC)", datetime(2027, 2, 3, 10, tzinfo=UTC)),
        ("resets Feb 30, 3am (UTC)", None),
        ("resets 3:99pm (UTC)", None),
        ("resets soon", None),
        ("", None),
    ],
)
def test_the_moment_that_words_name(words: str, until: datetime | None) -> None:
    assert limited_until(words, NOON) == until


@pytest.mark.parametrize("zone", ["Atlantis/Capital", "../../etc/passwd", "/etc/passwd", "-"])
def test_a_zone_that_there_is_none_of_is_that_of_this_machine(zone: str) -> None:
    assert limited_until(f"resets 3pm ({zone})", NOON) == limited_until("resets 3pm", NOON)


def test_a_day_on_which_the_clock_is_put_back_has_25_hours() -> None:
    evening = datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert limited_until("resets 8pm (Europe/Berlin)", evening) == datetime(2026, 10, 25, 19, tzinfo=UTC)


@pytest.mark.parametrize("odd", [0, -5, True, "1795527398", None, 1e18, float("nan"), float("inf")])
def test_what_is_no_moment(odd: object) -> None:
    assert moment(odd) is None
