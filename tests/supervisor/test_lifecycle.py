import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ennio.supervisor import events as e
from ennio.supervisor.errors import IllegalTransition
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.lifecycle import OVER, STARTABLE, TRANSITIONS, advance, ended, status
from ennio.supervisor.observations import Outcome
from ennio.supervisor.records import (
    Activity,
    Handle,
    MessageState,
    Phase,
    Pull,
    PullState,
    SessionRecord,
    Tokens,
    Tree,
)

WHO = {"session_id": SessionId("s-1"), "project_id": ProjectId("p")}
NOW = datetime(2030, 1, 1, tzinfo=UTC)
TREE = Tree("/w", "feat", "c0ffee", branch_made=True)
HANDLE = Handle(7, 8, "boot", 1)
PULL = Pull(7, "https://x/7", "Fix it", PullState.OPEN, draft=False, head="abc", head_since=NOW)
CLOSED, MERGED = (replace(PULL, state=state) for state in (PullState.CLOSED, PullState.MERGED))

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
    e.SessionConcluded(**WHO, exit_code=0, reason="its pull request 7 was merged"),
    e.PrCreated(**WHO, pull=PULL),
    e.PrUpdated(**WHO, pull=PULL),
    e.PrMerged(**WHO, pull=MERGED),
    e.PrClosed(**WHO, pull=CLOSED),
    e.CiPassing(**WHO, pull=PULL),
    e.CiFailing(**WHO, pull=PULL),
    e.CiFixFailed(**WHO, pull=PULL),
    e.CiFixSent(**WHO, pull=PULL),
    e.ReviewPending(**WHO, pull=PULL),
    e.ReviewApproved(**WHO, pull=PULL),
    e.ReviewChangesRequested(**WHO, pull=PULL),
    e.ReviewCommentsSent(**WHO, reaction="changes-requested"),
    e.MergeConflicts(**WHO, pull=PULL),
    e.MergeReady(**WHO, pull=PULL),
    e.MergeCompleted(**WHO, number=7, head="abc"),
    e.StatusChanged(**WHO, before="Working", after="PrOpen"),
    e.CodeHostLost(**WHO, words="it does not answer"),
    e.CodeHostBack(**WHO),
    e.TrackerFailed(**WHO, words="it does not answer"),
    e.BaseStale(**WHO, words="origin does not answer"),
    e.ReactionTriggered(**WHO, reaction="ci-failed", action="send_to_agent", cause="abc", times=2),
    e.ReactionEscalated(**WHO, reaction="ci-failed", cause="abc", words="it did not help"),
    e.AllComplete(**WHO, complete=3),
    e.NoticeGiven(**WHO, notifier="ops", reaction="ci-failed"),
    e.NotificationFailed(**WHO, notifier="ops", reaction="ci-failed", words="it does not answer"),
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
    assert {type(event) for event in EVENTS} == kinds - {e.Event, e.Intent, e.PullEvent}
    assert len(EVENTS) == len({type(event) for event in EVENTS})


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


def test_nothing_happens_to_the_killed_but_that_their_workspace_goes_and_what_was_under_way_ends() -> None:
    kinds = {e.SessionCleaned, e.MessageMoved, e.NoticeGiven, e.NotificationFailed}
    assert TRANSITIONS[Phase.KILLED] == dict.fromkeys(kinds, Phase.KILLED)


def test_an_agent_can_be_started_again_exactly_where_the_table_says_so() -> None:
    assert {phase for phase, row in TRANSITIONS.items() if e.RestoreRequested in row} == STARTABLE


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_whatever_happens_a_session_without_an_agent_has_no_handle(history: list[e.Event]) -> None:
    now = record()
    for event in history:
        if type(event) in TRANSITIONS[now.phase]:
            now = advance(now, event)
        if now.phase in OVER | STARTABLE:
            assert now.handle is None
        if now.phase is Phase.RUNNING:
            assert now.handle is not None
            assert now.pull is not None or status(now) == "Working"
        assert ended(now) == (status(now) in {"Merged", "Done", "Killed"})


@given(st.sampled_from(EVENTS))
def test_every_event_speaks_and_its_particulars_are_plain_json(event: e.Event) -> None:
    about = event.project_id if isinstance(event, e.AllComplete) else event.session_id
    assert about in event.message()
    assert event.event_type
    assert json.loads(json.dumps(event.data())) == event.data()


def test_the_word_that_callers_see_stays_while_a_session_is_being_ended() -> None:
    assert status(record(Phase.STOPPING)) == "Spawning"
    assert status(record(Phase.STOPPING, handle=HANDLE, incarnation=1)) == "Working"
    assert status(record(Phase.STOPPING, incarnation=1)) == "Exited"
    words = {status(record(phase)) for phase in Phase if phase is not Phase.STOPPING}
    assert words == {"Spawning", "Working", "Exited", "Done", "Killed"}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(("pull", "word"), [(PULL, "PrOpen"), (CLOSED, "Done"), (MERGED, "Merged")])
def test_the_word_of_the_pull_request_outranks_that_of_the_session_unless_it_was_killed(
    phase: Phase, pull: Pull, word: str
) -> None:
    known = record(phase, pull=pull, incarnation=1)
    killed = phase is Phase.KILLED
    assert status(known) == ("Killed" if killed else word)
    assert ended(known) == (killed or not pull.open)


def test_a_pull_request_that_is_found_later_moves_what_was_done_on() -> None:
    done = record(Phase.DONE)
    assert ended(done)
    found = advance(done, e.PrCreated(**WHO, pull=PULL))
    assert (found.phase, status(found), ended(found)) == (Phase.DONE, "PrOpen", False)
    merged = advance(found, e.PrMerged(**WHO, pull=MERGED))
    assert (status(merged), ended(merged)) == ("Merged", True)


def test_a_killed_session_keeps_how_it_ended() -> None:
    stopping = record(Phase.STOPPING, handle=HANDLE, incarnation=1, tree=TREE)
    killed = advance(stopping, e.SessionKilled(**WHO, exit_code=-15))
    assert (killed.exit_code, killed.activity, killed.tree) == (-15, Activity.EXITED, TREE)
