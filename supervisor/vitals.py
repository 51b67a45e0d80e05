"""How a supervisor is doing just now, in figures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .ids import ProjectId
from .lifecycle import status
from .session import Session


@dataclass(frozen=True, slots=True)
class Vitals:
    """Figures about all sessions.

    `active` counts those that are not ended, by project and status; `mail` is what waits to be read by all
    of them together, `most_mail` by one; `notices` is what operators are still to be told.
    """

    active: Mapping[tuple[ProjectId, str], int]
    mail: int
    most_mail: int
    notices: int


def vitals(sessions: Iterable[Session]) -> Vitals:
    """Count, in one pass over the sessions; none of them is asked."""
    active = Counter[tuple[ProjectId, str]]()
    mail = most = notices = 0
    for session in sessions:
        record, waiting = session.record, session.mailbox.waiting
        mail, most = mail + waiting, max(most, waiting)
        notices += len(record.notices)
        if session.active:
            active[record.project_id, status(record)] += 1
    return Vitals(active, mail, most, notices)
