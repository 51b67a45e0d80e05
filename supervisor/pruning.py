"""Sessions that ended long ago, and their end for good."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
import trio

from .errors import Conflict, SessionOver
from .ids import SessionId
from .journal import Journal
from .lifecycle import OVER, ended
from .messages import Leave
from .roster import Roster
from .session import Session

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pruned:
    """Who is gone, and who stays because of uncommitted work in the workspace."""

    gone: tuple[SessionId, ...]
    kept: tuple[SessionId, ...]


async def prune(roster: Roster, journal: Journal, folder: Path, before: datetime) -> Pruned:
    """Drop the sessions that ended before a moment: record, events, output below `folder`, clean workspace.

    A session whose workspace holds work stays, with all that is known of it. Branches stay.
    """
    gone, kept = list[SessionId](), list[SessionId]()
    for session in roster.all():
        if not _is_due(session, before):
            continue
        session_id = session.record.id
        try:
            with suppress(SessionOver):
                await session.mailbox.ask(Leave())
        except Conflict:  # it was restored just now
            continue
        if session.record.tree is not None:
            kept.append(session_id)
            continue
        await journal.forget(session_id)
        session.project.ledger.forget(session_id)
        roster.drop(session)
        await trio.to_thread.run_sync(drop_folder, folder / session_id)
        gone.append(session_id)
    return Pruned(tuple(gone), tuple(kept))


def drop_folder(folder: Path) -> None:
    """Remove what a session has said, and where its agent was held."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        _log.warning("a session's folder cannot be removed", folder=folder.name, error=error.strerror)


def _is_due(session: Session, before: datetime) -> bool:
    record = session.record
    return record.phase in OVER and ended(record) and (record.ended_at or record.created_at) < before
