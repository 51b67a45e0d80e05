"""The sessions there are, by id: reading is from memory and never waits for a session."""

from collections.abc import Collection, Iterable

from .errors import NotFound
from .ids import ProjectId, SessionId
from .lifecycle import ended as is_ended
from .records import SessionRecord
from .session import Session


class Roster:
    """All sessions that anyone was told of, the ended ones too, in the order of their making."""

    def __init__(self) -> None:
        self._sessions: dict[SessionId, Session] = {}

    def put(self, session: Session) -> None:
        """Add a session, or let it take the place of the one with its id."""
        self._sessions[session.record.id] = session

    def drop(self, session: Session) -> None:
        """Forget a session that never was."""
        del self._sessions[session.record.id]

    def all(self) -> list[Session]:
        """Return every session, oldest first."""
        return list(self._sessions.values())

    def ids(self) -> Collection[str]:
        """Return the ids of all sessions, as a view that sees those to come."""
        return self._sessions.keys()

    def find(self, session_id: SessionId) -> Session:
        """Return a session, or raise `NotFound`."""
        session = self._sessions.get(session_id)
        if session is None or session.vanished:
            raise NotFound(f"there is no session {session_id}; the list of all has those that there are")
        return session

    def record_of(self, session_id: SessionId) -> SessionRecord | None:
        """Return what is known of a session, or None when there is none."""
        session = self._sessions.get(session_id)
        return None if session is None or session.vanished else session.record

    def active(self, project_id: ProjectId) -> int:
        """Return how many places of a project are taken."""
        return sum(one.active for one in self._sessions.values() if one.record.project_id == project_id)

    def records(
        self, *, project_id: ProjectId | None, ended: bool, after: SessionId | None
    ) -> Iterable[SessionRecord]:
        """Yield records, newest first; without `ended` only the active ones.

        `after` leaves out everything up to and with that session. Raises `NotFound` if there is none.
        """
        passed = after is None or not self.find(after)
        for session_id in reversed(self._sessions):
            session = self._sessions[session_id]
            record = session.record
            wanted = (ended or not is_ended(record)) and project_id in {None, record.project_id}
            if passed and wanted and not session.vanished:
                yield record
            passed = passed or session_id == after
