"""What comes of what an agent shows: from an observation to events, without any I/O."""

from collections.abc import Sequence
from datetime import timedelta
from functools import singledispatch

from . import events as e
from . import observations as o
from .accounts import LONGEST, UNKNOWN
from .dollars import rounded
from .draft import Draft
from .outbox import Letter
from .project import Project
from .records import Approval, MessageState, Phase

_MOST_ASKED = 64
"""So many permissions may be waited for at once; an agent that asks for more is denied."""


class Facts:
    """What an observation is judged by: the project, and the letters that the agent has not taken up yet."""

    def __init__(self, project: Project, told: Sequence[Letter]) -> None:
        self.project, self.told = project, told

    def first(self) -> Letter | None:
        """Return the oldest letter that the agent has not taken up."""
        return next((one for one in self.told if _given(one)), None)


def _given(letter: Letter) -> bool:
    """Whether the agent has some of a letter, and has not taken it up."""
    message = letter.message
    return message is not None and message.open and (letter.begun or message.state is MessageState.WRITTEN)


@singledispatch
def follow(seen: o.Observation, draft: Draft, facts: Facts) -> None:
    """Let happen what comes of an observation; of most, nothing does."""


@follow.register
def _started(seen: o.Started, draft: Draft, facts: Facts) -> None:
    before = draft.record.conversation
    if before and seen.conversation and seen.conversation != before and draft.record.turns == 0:
        draft.let(e.ConversationLost, words=f"it has begun another one than {before}")
    known = (seen.conversation or draft.record.conversation, seen.model or draft.record.model)
    if known != (draft.record.conversation, draft.record.model):
        draft.let(e.ConversationKnown, conversation=seen.conversation, model=seen.model)


@follow.register
def _turn_started(seen: o.TurnStarted, draft: Draft, facts: Facts) -> None:
    if not draft.record.in_turn:  # else something was taken up within the turn
        draft.let(e.TurnBegan, turns=draft.record.turns + 1)
    if letter := facts.first():
        draft.move(letter, MessageState.ACCEPTED)


@follow.register
def _turn_ended(seen: o.TurnEnded, draft: Draft, facts: Facts) -> None:
    letter = facts.first()
    if letter and not draft.record.in_turn:  # it was not even begun
        failed = seen.outcome is o.Outcome.FAILED
        draft.move(letter, MessageState.FAILED if failed else MessageState.ACCEPTED, seen.words)
    draft.let(e.TurnOver, outcome=seen.outcome, words=seen.words)
    for approval in draft.record.approvals:
        resolve(draft, approval, "withdrawn", "the end of its turn")


@follow.register
def _refused(seen: o.Refused, draft: Draft, facts: Facts) -> None:
    if seen.forgotten and draft.record.conversation is not None:
        draft.let(e.ConversationLost, words=seen.words)


@follow.register
def _spent(seen: o.Spent, draft: Draft, facts: Facts) -> None:
    record, cost = draft.record, seen.cost and rounded(seen.cost)
    if cost is None:
        cost = facts.project.prices.cost(seen.model or record.model, seen.tokens)
    draft.let(
        e.UsageCounted,
        tokens=seen.tokens,
        cost=cost,
        estimated=seen.cost is None and cost is not None,
        totals=record.tokens + seen.tokens,
        total_cost=record.cost_usd + (cost or 0),
    )


@follow.register
def _asked(seen: o.Asked, draft: Draft, facts: Facts) -> None:
    record, now = draft.record, e.now()
    if len(record.approvals) >= _MOST_ASKED or record.phase is not Phase.RUNNING:
        return
    if any(approval.ask == seen.ask for approval in record.approvals):
        return
    deadline = now + timedelta(seconds=facts.project.config.approvals.deadline)
    number = record.asked + 1
    approval = Approval(f"a{number}", seen.ask, seen.tool, seen.summary, seen.input, now, deadline)
    draft.let(
        e.ApprovalRequested,
        approval_id=approval.id,
        tool=seen.tool,
        summary=seen.summary,
        deadline=deadline,
        number=number,
        approvals=(*record.approvals, approval),
    )


@follow.register
def _ask_withdrawn(seen: o.AskWithdrawn, draft: Draft, facts: Facts) -> None:
    for approval in draft.record.approvals:
        if approval.ask == seen.ask:
            resolve(draft, approval, "withdrawn", "its agent")


@follow.register
def _usage_limited(seen: o.UsageLimited, draft: Draft, facts: Facts) -> None:
    now = e.now()
    until = seen.until or now + timedelta(seconds=UNKNOWN)
    until = min(max(until, now), now + timedelta(seconds=LONGEST))
    draft.let(e.UsageLimitReached, until=until, words=seen.words)


def resolve(draft: Draft, approval: Approval, decision: str, by: str) -> None:
    """Let a permission be given or not: nobody waits for it any more."""
    draft.let(
        e.ApprovalResolved,
        approval_id=approval.id,
        tool=approval.tool,
        decision=decision,
        by=by,
        approvals=tuple(one for one in draft.record.approvals if one.id != approval.id),
    )
