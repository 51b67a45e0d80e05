"""What is remembered of what was seen, and in which words."""

from collections import deque
from datetime import UTC, datetime, timedelta

from ennio.supervisor import observations as o
from ennio.supervisor.evidence import Evidence, remember, words_for
from ennio.supervisor.records import Activity

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_what_an_agent_seems_to_do_is_told_of_its_output_for_not_every_agent_has_a_screen() -> None:
    assert words_for(o.Seems(Activity.ACTIVE)) == "its output shows that it is Active"


def test_the_same_seen_again_stands_there_once_with_its_last_time() -> None:
    evidence: deque[Evidence] = deque(maxlen=3)
    for second, words in enumerate(["one", "one", "two", "two", "two", "one"]):
        remember(evidence, BEGAN + timedelta(seconds=second), words)
    assert [(seen.what, (seen.at - BEGAN).seconds) for seen in evidence] == [
        ("one", 1),
        ("two", 4),
        ("one", 5),
    ]


def test_the_same_seen_again_pushes_nothing_out() -> None:
    evidence: deque[Evidence] = deque(maxlen=2)
    for words in ("first", "second", "second", "second"):
        remember(evidence, BEGAN, words)
    assert [seen.what for seen in evidence] == ["first", "second"]
