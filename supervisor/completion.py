"""When nothing of a project is at work any more: that is told once, with what has come of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

import trio

from .ids import ProjectId
from .lifecycle import AT_WORK, ended, status
from .messages import Complete
from .protocols import Step
from .records import Phase, SessionRecord
from .session import Session

_NAME = "all-complete"
_SETTLES = 0.5
"""Seconds that pass before a project counts as complete: a next session may be about to begin."""


class Completion:
    """Look for projects that are complete whenever a session has come to its end."""

    def __init__(self, sessions: Callable[[], Iterable[Session]]) -> None:
        self._sessions = sessions
        self._stirred = trio.Event()

    def heard(self, step: Step) -> None:
        """Take note of what was stored; the session itself has it a moment later."""
        if ended(step.record) and step.events:
            self._stirred.set()

    async def run_forever(self) -> None:
        """Tell the last session of each project that is complete."""
        while True:
            for session, lines in self._complete():
                session.mailbox.hint(Complete(lines))
            await self._stirred.wait()
            self._stirred = trio.Event()
            await trio.sleep(_SETTLES)

    def _complete(self) -> list[tuple[Session, tuple[str, ...]]]:
        """Return who is to know of it: the last with a line for each, the others that they are counted."""
        by_project = defaultdict[ProjectId, list[Session]](list)
        for session in self._sessions():
            if not session.vanished:
                by_project[session.record.project_id].append(session)
        found = list[tuple[Session, tuple[str, ...]]]()
        for sessions in by_project.values():
            records = [session.record for session in sessions]
            news = since_last(records)
            if news and not any(session.active or session.record.phase in AT_WORK for session in sessions):
                last, counted = max(news, key=_end).id, {record.id for record in news}
                lines = tuple(_line(record) for record in news)
                of = {one.record.id: one for one in sessions if one.record.id in counted}
                found += [(one, lines if name == last else ()) for name, one in of.items()]
        return found


def since_last(records: Iterable[SessionRecord]) -> list[SessionRecord]:
    """Return the sessions of a project that were done or merged since it was complete last, oldest first."""
    records = list(records)
    told = [record.reacted[_NAME].at for record in records if _NAME in record.reacted]
    last = max(told, default=None)
    over = [one for one in records if one.phase is Phase.DONE and ended(one) and one.incarnation]
    return sorted((one for one in over if last is None or _end(one) > last), key=_end)


def _end(record: SessionRecord) -> datetime:
    return record.ended_at or record.created_at


def _line(record: SessionRecord) -> str:
    what = record.issue_title or (record.prompt or "").strip().partition("\n")[0][:80] or record.branch
    url = f" {record.pull.url}" if record.pull else ""
    return f"{record.id} is {status(record)}: {what}{url}"
