"""What takes time about a reaction: asking the code host, beside the session, which is told of the end."""

from contextlib import suppress

import structlog
import trio

from .errors import Conflict, EnnioError
from .events import now
from .mailbox import Mailbox
from .messages import Merged, React, Reactable, Seen, Unable
from .project import Project
from .protocols import Scm
from .reactions import Due
from .records import Ci, Failure, PullRequest, PullState, SessionRecord
from .review import digest, ready, sought
from .wording import for_agent

_log = structlog.get_logger()

_LOGS = 30.0
"""Seconds, at most, in which logs of failing checks are fetched."""
_PAUSES = (1.0, 5.0, 15.0, 30.0)
"""Seconds between tries to merge while the code host fails."""
_SETTLES = 60.0
"""Seconds, at most, in which checks of a new commit show; a commit without any after that has no CI."""


async def prepare(
    project: Project, record: SessionRecord, what: Due, facts: PullRequest, mailbox: Mailbox
) -> None:
    """Put together what the agent is to be told. A log that cannot be had is said so in its place."""
    failures: tuple[Failure, ...] = ()
    if what.name == "ci-failed" and project.scm is not None:
        failures = await _logs(project.scm, facts)
    await mailbox.tell(React(what, for_agent(what, facts, failures)))


async def _logs(scm: Scm, facts: PullRequest) -> tuple[Failure, ...]:
    words = f"its log could not be had within {_LOGS:g} s"
    with trio.move_on_after(_LOGS):
        try:
            return tuple(await scm.failures(facts))
        except EnnioError as error:
            words = f"its log could not be had: {error}"
        except Exception as error:
            words = f"its log could not be had: {bug(scm, error)}"
    failing = [check for check in facts.checks if check.state is Ci.FAILING]
    return tuple(Failure(check.name, check.url, words) for check in failing)


def bug(scm: Scm, error: Exception) -> str:
    """Log a bug of a code host's adapter, for which no agent and no server shall end; return words for it."""
    _log.error("what asks a code host has a bug", code_host=scm.name, exc_info=error)
    return f"what asks {scm.name} has a bug ({type(error).__name__}); the server's log has it"


async def merge(
    project: Project, record: SessionRecord, what: Due, facts: PullRequest, mailbox: Mailbox
) -> None:
    """Merge a pull request if its head is still the commit that was approved and is green.

    The host compares the head once more when it merges, so that a commit that comes meanwhile is safe.
    """
    pull, scm = record.pull, project.scm
    assert pull is not None
    assert scm is not None
    if not pull.approved:
        stale = Due(what.name, f"{what.cause} approved before", what.times, what.reaction)
        words = (
            "its approval is of an earlier commit than its head, or a stranger's: look at it, and merge it"
        )
        await mailbox.tell(Unable(stale, words))
        return
    if pull.ci is Ci.NONE:
        await trio.sleep(min(_SETTLES, 2 * project.poll_interval))
    trouble: EnnioError | None = None
    for pause in (*_PAUSES, None):
        try:
            await _merge_now(scm, record, what, mailbox, again=trouble is not None)
        except Conflict as error:
            await mailbox.tell(Unable(what, f"it was not merged: {error}"))
            return
        except EnnioError as error:
            trouble = error
        except Exception as error:
            await mailbox.tell(Unable(what, f"it was not merged: {bug(scm, error)}"))
            return
        else:
            return
        if pause is not None:
            await trio.sleep(pause)
    await mailbox.tell(Unable(what, f"it was not merged: {trouble}"))


async def _merge_now(scm: Scm, record: SessionRecord, what: Due, mailbox: Mailbox, *, again: bool) -> None:
    """Look once more, merge if all is as it was, and tell. `again`: an earlier try may have done it."""
    target = sought(record)
    facts = await scm.look(target, thorough=True) if target else None
    if target is None or facts is None:
        await mailbox.tell(Reactable(what.name))
        return
    pull = digest(facts, record.pull, now())
    done = again and pull.state is PullState.MERGED and pull.head == what.cause
    if not done and (pull.head != what.cause or not ready(pull) or not pull.approved):
        await mailbox.tell(Reactable(what.name))
        await mailbox.tell(Seen(facts))
        return
    if not done:
        await scm.merge(facts)
    await mailbox.tell(Merged(what, facts.number, facts.head))
    with suppress(EnnioError):  # the watcher will see it
        facts = await scm.look(target, thorough=True)
    if facts is not None:
        await mailbox.tell(Seen(facts))
