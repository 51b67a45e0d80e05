"""From what is known of a session to what is to be done about it: a table, and no I/O.

A reaction fires once for each cause. What it did last is in the session's record, so that a restart of the
server changes nothing about that.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from .config.reactions import Reaction
from .records import Ci, Pull, Reacted, SessionRecord, Verdict
from .review import ready


@dataclass(frozen=True, slots=True)
class Due:
    """A reaction to be done now, on a cause, for the `times`th time in a row. `since` is its last cause."""

    name: str
    cause: str
    times: int
    reaction: Reaction
    since: str | None = None

    @property
    def used_up(self) -> bool:
        """Whether the agent was told as often as it may be; then it is the operator's turn."""
        retries = self.reaction.retries
        return retries is not None and self.times > retries + 1

    @property
    def told(self) -> str:
        """How often the agent was told, in words."""
        times = min(self.times - 1, (self.reaction.retries or 0) + 1)
        return f"{times} times in a row" if times > 1 else "once"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a reaction on a pull request is due: what makes it so, and when it is over and counts anew.

    `is_new` compares a cause with the one before.
    """

    name: str
    cause: Callable[[Pull], str | None]
    over: Callable[[Pull], bool] = lambda pull: False
    is_new: Callable[[str, str], bool] = lambda cause, before: cause != before


def _adds(cause: str, before: str) -> bool:
    return bool(set(cause.split()) - set(before.split()))


RULES = (
    Rule(
        "ci-failed",
        lambda pull: pull.head if pull.ci is Ci.FAILING else None,
        over=lambda pull: pull.ci is Ci.PASSING,
    ),
    Rule(
        "changes-requested",
        lambda pull: " ".join(pull.requests) or None,
        over=lambda pull: pull.decision is not Verdict.CHANGES_REQUESTED,
        is_new=_adds,
    ),
    Rule("bugbot-comments", lambda pull: pull.remark, is_new=lambda cause, before: cause > before),
    Rule(
        "merge-conflicts",
        lambda pull: pull.head if pull.conflicts else None,
        over=lambda pull: pull.conflicts is False,
    ),
    Rule("approved-and-green", lambda pull: pull.head if ready(pull) else None),
)
"""The reactions on pull requests. A commit fails once, a review is one review, and a conflict is one for each
commit that has it."""

_BY_NAME = {rule.name: rule for rule in RULES}


def due(record: SessionRecord, reactions: Mapping[str, Reaction]) -> Iterator[Due]:
    """Yield what is to be done about a session's pull request, as far as that was not done yet."""
    for rule in RULES:
        cause = cause_of(rule.name, record)
        last = record.reacted.get(rule.name)
        if cause is None or not reactions[rule.name].enabled or (last and not rule.is_new(cause, last.cause)):
            continue
        times = last.times + 1 if last else 1
        yield Due(rule.name, cause, times, reactions[rule.name], last.cause if last else None)


def cause_of(name: str, record: SessionRecord) -> str | None:
    """Return why a reaction on a pull request would be due now, or None."""
    pull = record.pull
    rule = _BY_NAME.get(name)
    return rule.cause(pull) if rule and pull is not None and pull.open else None


def still_to_do(record: SessionRecord, before: Pull | None) -> dict[str, Reacted]:
    """Return what was done, without what is over by now: if that comes again it is a new cause.

    `before` is the pull request as it was known, None for none: what was done about another one is over.
    """
    pull = record.pull
    if pull is None:
        return record.reacted
    another = before is None or before.number != pull.number
    over = {rule.name for rule in RULES if another or rule.over(pull)}
    if not over & record.reacted.keys():
        return record.reacted
    return {name: reacted for name, reacted in record.reacted.items() if name not in over}


def was_done(record: SessionRecord, name: str, cause: str) -> bool:
    """Whether this cause was what a reaction did last."""
    last = record.reacted.get(name)
    return last is not None and last.cause == cause


def done(
    record: SessionRecord, what: Due, at: datetime, *, escalated: bool = False, message: int | None = None
) -> dict[str, Reacted]:
    """Return what was done, with this; `message` is the number of what the agent is told."""
    return {**record.reacted, what.name: Reacted(what.cause, at, what.times, escalated, message)}


def undone(record: SessionRecord, message: int) -> dict[str, Reacted]:
    """Return what was done, without that of which the agent was to be told by a message that it never got."""
    return {name: reacted for name, reacted in record.reacted.items() if reacted.message != message}
