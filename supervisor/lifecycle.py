"""The life of a session, as a table. An illegal move raises and changes nothing."""

from dataclasses import replace

from . import events as e
from .errors import IllegalTransition
from .records import Phase, SessionRecord
from .review import stage

_TALK = (
    e.MessageMoved,
    e.ConversationKnown,
    e.ConversationLost,
    e.TurnBegan,
    e.TurnOver,
    e.ApprovalResolved,
    e.UsageCounted,
    e.UsageLimitReached,
)
"""What may come of an agent that runs, also while it is being stopped: the session stays where it is."""

_REVIEW = (
    e.PrCreated,
    e.PrUpdated,
    e.PrMerged,
    e.PrClosed,
    e.CiPassing,
    e.CiFailing,
    e.CiFixFailed,
    e.CiFixSent,
    e.ReviewPending,
    e.ReviewApproved,
    e.ReviewChangesRequested,
    e.ReviewCommentsSent,
    e.MergeConflicts,
    e.MergeReady,
    e.MergeCompleted,
    e.StatusChanged,
    e.CodeHostLost,
    e.CodeHostBack,
    e.TrackerFailed,
    e.ReactionTriggered,
    e.ReactionEscalated,
)
"""What may come of a pull request, whether an agent runs or not: the session stays where it is."""

_NOTICES = (e.NoticeGiven, e.NotificationFailed)
"""What becomes of words to operators, at any time."""

TRANSITIONS: dict[Phase, dict[type[e.Event], Phase]] = {
    Phase.SPAWNING: {
        **dict.fromkeys((*_REVIEW, *_NOTICES), Phase.SPAWNING),
        e.MessageMoved: Phase.SPAWNING,
        e.MessageTaken: Phase.SPAWNING,
        e.SessionSpawned: Phase.SPAWNING,
        e.SessionWorking: Phase.RUNNING,
        e.SessionRestored: Phase.RUNNING,
        e.SpawnUndone: Phase.FAILED,
        e.SessionExited: Phase.EXITED,
        e.SessionCrashed: Phase.FAILED,
        e.KillRequested: Phase.STOPPING,
    },
    Phase.RUNNING: {
        **dict.fromkeys((*_REVIEW, *_NOTICES), Phase.RUNNING),
        **dict.fromkeys(_TALK, Phase.RUNNING),
        e.ActivityChanged: Phase.RUNNING,
        e.MessageTaken: Phase.RUNNING,
        e.ApprovalRequested: Phase.RUNNING,
        e.UsageLimitOver: Phase.RUNNING,
        e.BudgetNear: Phase.RUNNING,
        e.BudgetExceeded: Phase.STOPPING,
        e.LimitNear: Phase.RUNNING,
        e.BaseStale: Phase.RUNNING,
        e.LimitExceeded: Phase.STOPPING,
        e.SessionFinished: Phase.DONE,
        e.SessionExited: Phase.EXITED,
        e.SessionCrashed: Phase.FAILED,
        e.StopRequested: Phase.STOPPING,
        e.KillRequested: Phase.STOPPING,
    },
    Phase.STOPPING: {
        **dict.fromkeys((*_REVIEW, *_NOTICES), Phase.STOPPING),
        **dict.fromkeys(_TALK, Phase.STOPPING),
        e.KillRequested: Phase.STOPPING,
        e.SpawnUndone: Phase.KILLED,
        e.SessionExited: Phase.EXITED,
        e.SessionConcluded: Phase.DONE,
        e.SessionCrashed: Phase.FAILED,
        e.SessionKilled: Phase.KILLED,
    },
    Phase.EXITED: {
        **dict.fromkeys((*_REVIEW, *_NOTICES), Phase.EXITED),
        e.MessageMoved: Phase.EXITED,
        e.MessageTaken: Phase.EXITED,
        e.SessionConcluded: Phase.DONE,
        e.RestoreRequested: Phase.SPAWNING,
        e.KillRequested: Phase.STOPPING,
    },
    Phase.FAILED: {
        **dict.fromkeys((*_REVIEW, *_NOTICES), Phase.FAILED),
        e.MessageMoved: Phase.FAILED,
        e.MessageTaken: Phase.FAILED,
        e.SessionConcluded: Phase.DONE,
        e.RestoreRequested: Phase.SPAWNING,
        e.KillRequested: Phase.STOPPING,
    },
    Phase.DONE: {
        **dict.fromkeys((*_REVIEW, *_NOTICES), Phase.DONE),
        e.MessageMoved: Phase.DONE,
        e.MessageTaken: Phase.DONE,
        e.AllComplete: Phase.DONE,
        e.KillRequested: Phase.STOPPING,
        e.RestoreRequested: Phase.SPAWNING,
        e.SessionCleaned: Phase.DONE,
    },
    Phase.KILLED: {
        **dict.fromkeys(_NOTICES, Phase.KILLED),
        e.MessageMoved: Phase.KILLED,
        e.SessionCleaned: Phase.KILLED,
    },
}

_STATUS = {
    Phase.SPAWNING: "Spawning",
    Phase.RUNNING: "Working",
    Phase.EXITED: "Exited",
    Phase.FAILED: "Exited",
    Phase.DONE: "Done",
    Phase.KILLED: "Killed",
}

STARTABLE = {Phase.EXITED, Phase.FAILED, Phase.DONE}
"""Where no agent runs, and one may be started again."""

AT_WORK = {Phase.SPAWNING, Phase.RUNNING, Phase.STOPPING}
"""Where there is an agent, or is to be one."""

OVER = {Phase.DONE, Phase.KILLED}
"""Where no agent runs and none is missed."""


def ended(record: SessionRecord) -> bool:
    """Whether it is Merged, Done or Killed: not listed by default, and not counted against `max_sessions`."""
    if record.pull is not None and record.phase is not Phase.KILLED:
        return not record.pull.open
    return record.phase in OVER


def advance(record: SessionRecord, event: e.Event) -> SessionRecord:
    """Return the record as it is after the event, or raise `IllegalTransition`."""
    try:
        phase = TRANSITIONS[record.phase][type(event)]
    except KeyError:
        move = f"{type(event).__name__} cannot happen to {record.id} while it is {record.phase}"
        raise IllegalTransition(move) from None
    return replace(record, phase=phase, **event.changes())


def status(record: SessionRecord) -> str:
    """Return the one word that callers see: of the pull request if there is one, else of the session itself.

    A session that is being stopped keeps the word it had.
    """
    if record.pull is not None and record.phase is not Phase.KILLED:
        return stage(record.pull, record.ci_told)
    if record.phase is Phase.STOPPING:
        if record.handle:
            return "Working"
        return "Exited" if record.incarnation else "Spawning"
    return _STATUS[record.phase]
