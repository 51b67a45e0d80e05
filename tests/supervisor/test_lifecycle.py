from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor import events as e
from ennio.supervisor.errors import IllegalTransition
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import ENDED, STARTABLE, TRANSITIONS, advance, status
from ennio.supervisor.observations import Outcome
from ennio.supervisor.records import Activity, Handle, MessageState, Phase, SessionRecord, Tokens, Tree

WHO = {"session_id": SessionId("s-1"), "project_id": ProjectId("p")}
NOW = datetime(2030, 1, 1, tzinfo=UTC)
TREE = Tree("/w", "feat", "c0ffee", branch_made=True)
HANDLE = Handle(7, 8, "boot", 1)

EVENTS = [
    e.SessionSpawned(**WHO, agent_name="demo"),
    e.SessionWorking(**WHO, tree=TREE, handle=HANDLE, incarnation=1),
    e.SessionRestored(**WHO, tree=TREE, handle=HANDLE, incarnation=2),
    e.SpawnUndone(**WHO, reason="no"),
    e.SessionExited(**WHO, exit_code=3, reason="it ended with exit code 3"),
    e.SessionFinished(**WHO),
    e.SessionCrashed(**WHO, reason="a bug"),
    e.StopRequested(**WHO, reason="shutdown"),
    e.KillRequested(**WHO),
    e.RestoreRequested(**WHO),
    e.LimitNear(**WHO, limit="idle", used=48.0, most=60.0),
    e.LimitExceeded(**WHO, limit="idle", used=61.0, most=60.0),
    e.SessionKilled(**WHO),
    e.SessionCleaned(**WHO, branch_kept=True),
    e.ActivityChanged(**WHO, activity=Activity.IDLE),
    e.MessageTaken(**WHO, number=1),
    e.MessageMoved(**WHO, number=1, state=MessageState.WRITTEN),
    e.ConversationKnown(**WHO, conversation="c-1", model="m"),
    e.ConversationLost(**WHO, words="no such conversation"),
    e.TurnBegan(**WHO, turns=1),
    e.TurnOver(**WHO, outcome=Outcome.OK),
    e.ApprovalRequested(
        **WHO, approval_id="a1", tool="Bash", summary="ls", deadline=NOW, number=1, approvals=()
    ),
    e.ApprovalResolved(**WHO, approval_id="a1", tool="Bash", decision="deny", by="policy", approvals=()),
    e.UsageCounted(
        **WHO, tokens=Tokens(1), cost=None, estimated=False, totals=Tokens(1), total_cost=Decimal(0)
    ),
    e.UsageLimitReached(**WHO, until=NOW, words="come back later"),
    e.UsageLimitOver(**WHO),
    e.BudgetNear(**WHO, words="80 % are spent"),
    e.BudgetExceeded(**WHO, words="all is spent"),
]
CELLS = [(phase, event) for phase in Phase for event in EVENTS]


def record(phase: Phase = Phase.SPAWNING, **known: object) -> SessionRecord:
    return SessionRecord(
        id=SessionId("s-1"),
        project_id=ProjectId("p"),
        agent_name="demo",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        phase=phase,
        **known,
    )


def test_every_phase_has_a_row() -> None:
    assert set(TRANSITIONS) == set(Phase)


def test_every_event_of_the_house_is_tried_below() -> None:
    kinds = {kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, e.Event)}
    assert {type(event) for event in EVENTS} == kinds - {e.Event, e.Intent}


@pytest.mark.parametrize(("phase", "event"), CELLS, ids=lambda cell: getattr(cell, "event_type", cell))
def test_a_cell_of_the_table_moves_and_an_empty_one_raises_and_changes_nothing(
    phase: Phase, event: e.Event
) -> None:
    before = record(phase)
    target = TRANSITIONS[phase].get(type(event))
    if target is None:
        with pytest.raises(IllegalTransition, match="s-1"):
            advance(before, event)
    else:
        assert advance(before, event).phase is target
    assert before == record(phase)


def test_nothing_happens_to_the_killed_but_that_their_workspace_goes_and_their_messages_fail() -> None:
    kinds = {e.SessionCleaned, e.MessageMoved}
    assert TRANSITIONS[Phase.KILLED] == dict.fromkeys(kinds, Phase.KILLED)


def test_an_agent_can_be_started_again_exactly_where_the_table_says_so() -> None:
    assert {phase for phase, row in TRANSITIONS.items() if e.RestoreRequested in row} == STARTABLE


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_whatever_happens_a_session_without_an_agent_has_no_handle(history: list[e.Event]) -> None:
    now = record()
    for event in history:
        if type(event) in TRANSITIONS[now.phase]:
            now = advance(now, event)
        if now.phase in ENDED | STARTABLE:
            assert now.handle is None
        if now.phase is Phase.RUNNING:
            assert now.handle is not None
            assert status(now) == "Working"


@given(st.sampled_from(EVENTS))
def test_every_event_speaks_and_its_particulars_are_plain_json(event: e.Event) -> None:
    assert "s-1" in event.message()
    assert event.event_type
    assert all(isinstance(value, str | int | float | None) for value in event.data().values())


def test_the_word_that_callers_see_stays_while_a_session_is_being_ended() -> None:
    assert status(record(Phase.STOPPING)) == "Spawning"
    assert status(record(Phase.STOPPING, handle=HANDLE, incarnation=1)) == "Working"
    assert status(record(Phase.STOPPING, incarnation=1)) == "Exited"
    words = {status(record(phase)) for phase in Phase if phase is not Phase.STOPPING}
    assert words == {"Spawning", "Working", "Exited", "Done", "Killed"}


def test_a_killed_session_keeps_how_it_ended() -> None:
    stopping = record(Phase.STOPPING, handle=HANDLE, incarnation=1, tree=TREE)
    killed = advance(stopping, e.SessionKilled(**WHO, exit_code=-15))
    assert (killed.exit_code, killed.activity, killed.tree) == (-15, Activity.EXITED, TREE)
