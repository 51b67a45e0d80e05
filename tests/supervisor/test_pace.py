"""How often a session's pull request is looked at."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fake_forges import NOW, pull_request

from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.pace import Pace
from ennio.supervisor.records import Phase, PullState, SessionRecord
from ennio.supervisor.review import digest

PULL = digest(pull_request(), None, NOW)
MERGED, CLOSED = (replace(PULL, state=state) for state in (PullState.MERGED, PullState.CLOSED))
AGO = {name: NOW - timedelta(**{name: 1}) for name in ("minutes", "days", "weeks")}


def record(phase: Phase = Phase.RUNNING, **known: Any) -> SessionRecord:
    return SessionRecord(
        id=SessionId("p-1"),
        project_id=ProjectId("p"),
        agent_name="fake",
        created_at=NOW - timedelta(days=30),
        phase=phase,
        **known,
    )


def rounds(session: SessionRecord, number: int = 60) -> list[int]:
    """Return in which rounds a session is looked at."""
    pace = Pace()
    return [one for one in range(number) if pace.is_due(session, NOW, resting=False)]


@pytest.mark.parametrize("phase", [Phase.SPAWNING, Phase.RUNNING, Phase.STOPPING])
def test_a_session_at_work_is_looked_at_in_every_round(phase: Phase) -> None:
    assert rounds(record(phase)) == list(range(60))
    assert rounds(record(phase, pull=CLOSED)) == list(range(60))


@pytest.mark.parametrize("phase", [Phase.EXITED, Phase.FAILED, Phase.DONE])
def test_one_without_an_agent_is_looked_at_less_the_longer_that_is_so(phase: Phase) -> None:
    assert rounds(record(phase, ended_at=AGO["minutes"])) == list(range(60))
    assert rounds(record(phase, ended_at=AGO["days"])) == [0, 20, 40]
    assert rounds(record(phase, ended_at=AGO["weeks"] - timedelta(seconds=1))) == []
    assert rounds(record(phase)) == [], "which ended when it was created, as far as is known"


def test_an_open_pull_request_is_looked_at_however_long_ago_its_agent_ended() -> None:
    assert rounds(record(Phase.EXITED, ended_at=AGO["weeks"], pull=PULL)) == list(range(60))


def test_a_closed_one_may_be_opened_again_and_a_merged_one_is_at_its_end() -> None:
    assert rounds(record(Phase.DONE, ended_at=AGO["minutes"], pull=CLOSED)) == list(range(60))
    assert rounds(record(Phase.DONE, ended_at=AGO["days"], pull=CLOSED)) == [0, 20, 40]
    assert rounds(record(Phase.DONE, ended_at=AGO["minutes"], pull=MERGED)) == []
    assert rounds(record(Phase.RUNNING, pull=MERGED)) == []


def test_nobody_is_looked_at_while_the_host_is_rested_and_no_round_is_counted() -> None:
    pace, seldom = Pace(), record(Phase.DONE, ended_at=AGO["days"])
    assert not any(pace.is_due(seldom, NOW, resting=True) for _ in range(50))
    assert pace.is_due(seldom, NOW, resting=False)
    assert not any(pace.is_due(seldom, NOW, resting=True) for _ in range(50))
    assert not pace.is_due(seldom, NOW, resting=False)


def test_after_looks_that_failed_all_are_due_whatever_their_pace() -> None:
    pace, seldom = Pace(), record(Phase.DONE, ended_at=AGO["days"])
    assert [pace.is_due(seldom, NOW, resting=False) for _ in range(2)] == [True, False]
    pace.again()
    assert [pace.is_due(seldom, NOW, resting=False) for _ in range(2)] == [True, False]


def test_the_first_look_and_every_fourth_asks_for_everything_and_so_does_one_after_a_hint() -> None:
    pace, session = Pace(), record()
    thorough = []
    for _ in range(9):
        thorough.append(pace.thorough(session))
        pace.looked(session)
    assert thorough == [True, False, False, False, True, False, False, False, True]
    assert not pace.thorough(session)
    pace.hinted(session)
    assert pace.thorough(session)


def test_a_look_that_failed_is_made_up_for_as_it_was_to_be() -> None:
    pace = Pace()
    assert pace.thorough(record())
    assert pace.thorough(record()), "for it was not noted as done"


def test_who_is_watched_no_more_is_forgotten() -> None:
    pace, session = Pace(), record()
    pace.looked(session)
    pace.keep({session.id})
    assert not pace.thorough(session)
    pace.keep(set())
    assert pace.thorough(session)
