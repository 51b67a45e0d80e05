"""Whether an agent that should be at work seems to be stuck: a pure function of what is known of it."""

from .limits import Facts
from .records import Activity, SessionRecord
from .review import Stage, stage

_OTHERS_TURN = {Stage.APPROVED, Stage.REVIEW_PENDING, Stage.CI_PASSING, Stage.OPEN}
"""Where the pull request waits for somebody else, so that silence is no news."""


def stuck_for(record: SessionRecord, facts: Facts, now: float) -> float | None:
    """Return for how many seconds nothing was heard of a running agent that should be at work; else None.

    One that waits for an operator, for its account, for its next message or for a reviewer is not stuck.
    """
    if facts.silent_since is None or record.approvals or record.held_until is not None:
        return None
    between_turns = record.turns > 0 and not record.in_turn
    if between_turns or record.activity is Activity.WAITING_INPUT:
        return None
    if record.pull is not None and stage(record.pull, record.ci_told) in _OTHERS_TURN:
        return None
    return now - max(facts.began, facts.silent_since)
