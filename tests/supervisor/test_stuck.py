"""Whether an agent seems to be stuck."""

from dataclasses import replace
from typing import Any

import pytest
from fake_forges import FAILING, NOW, PASSING, PENDING, approval, pull_request, request

from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.limits import Facts
from ennio.supervisor.records import Activity, Approval, Phase, PullState, SessionRecord
from ennio.supervisor.review import digest
from ennio.supervisor.stuck import stuck_for

RECORD = SessionRecord(SessionId("p-1"), ProjectId("p"), "fake", NOW, phase=Phase.RUNNING)
APPROVAL = Approval("a1", "q1", "Bash", "ls", "{}", NOW, NOW)


def silent(now: float = 100.0, began: float = 0.0, since: float | None = 40.0, **known: Any) -> float | None:
    return stuck_for(replace(RECORD, **known), Facts(began, since, None, 0), now)


def test_silence_counts_from_the_last_word_and_from_the_start_at_most() -> None:
    assert silent() == 60.0
    assert silent(began=70.0) == 30.0
    assert silent(since=None) is None, "what it said is being taken in"


@pytest.mark.parametrize(
    ("known", "stuck"),
    [
        ({"turns": 0}, True),
        ({"turns": 2, "in_turn": True}, True),
        ({"turns": 2, "in_turn": False}, False),
        ({"activity": Activity.WAITING_INPUT}, False),
        ({"activity": Activity.BLOCKED}, True),
        ({"activity": Activity.IDLE}, True),
        ({"approvals": (APPROVAL,), "turns": 1, "in_turn": True}, False),
        ({"held_until": NOW}, False),
    ],
)
def test_who_waits_for_an_operator_an_account_or_the_next_message_is_not_stuck(
    known: dict[str, Any], stuck: bool
) -> None:
    assert (silent(**known) is not None) == stuck


@pytest.mark.parametrize(
    ("facts", "told", "stuck"),
    [
        ({}, None, False),
        ({"checks": PENDING}, None, False),
        ({"checks": PASSING}, None, False),
        ({"asked": True}, None, False),
        ({"reviews": approval("c1")}, None, False),
        ({"draft": True}, None, True),
        ({"conflicts": True}, None, True),
        ({"checks": FAILING}, None, True),
        ({"checks": FAILING}, "c1", True),
        ({"checks": FAILING, "head": "c2"}, "c1", True),
        ({"reviews": request("1")}, None, True),
        ({"state": PullState.CLOSED}, None, True),
    ],
)
def test_who_waits_for_a_reviewer_is_not_stuck_and_who_has_something_to_mend_may_be(
    facts: dict[str, Any], told: str | None, stuck: bool
) -> None:
    pull = digest(pull_request(**facts), None, NOW)
    assert (silent(pull=pull, ci_told=told) is not None) == stuck
