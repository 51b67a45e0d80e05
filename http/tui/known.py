"""What is known of the server's sessions, and in which order it is shown."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from ..shapes import Approval, Event, Session
from .alerts import Alerts, of_history
from .groups import Place, has_ended, place
from .plain import line
from .words import GROUPS, doing, look

_ORDER = {name: number for number, name in enumerate(GROUPS)}


class Row(NamedTuple):
    """A session, where it stands, and what it is about."""

    session: Session
    place: Place
    title: str


class Known:
    """Everything known, by the sessions' ids; changed by its methods alone."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self._approvals: dict[str, list[Approval]] = {}
        self._alerts: dict[str, Alerts] = {}
        self._topics: dict[str, str] = {}

    def put(self, session: Session, approvals: list[Approval] | None = None) -> None:
        """Keep a session as it is now, and what it asks for."""
        self.sessions[session["id"]] = session
        if approvals is not None:
            self._approvals[session["id"]] = approvals

    def put_active(self, sessions: Iterable[Session], approvals: Iterable[Approval]) -> list[str]:
        """Keep all that have not ended and all they ask for; return the ids of those that are missing."""
        asked: dict[str, list[Approval]] = {}
        for approval in approvals:
            asked.setdefault(approval["session_id"], []).append(approval)
        self._approvals = asked
        there = {session["id"]: session for session in sessions}
        self.sessions.update(there)
        return [id for id, one in self.sessions.items() if id not in there and not has_ended(one)]

    def remove(self, session_id: str) -> None:
        """Forget a session that is not there any more."""
        for kept in (self.sessions, self._approvals, self._alerts, self._topics):
            kept.pop(session_id, None)

    def forget_ended(self, most: int) -> None:
        """Forget the sessions that have ended, if there are more than so many of them."""
        ended = [id for id, session in self.sessions.items() if has_ended(session)]
        if len(ended) > most:
            for id in ended:
                self.remove(id)
        for id in self._alerts.keys() - self.sessions.keys():
            del self._alerts[id]

    def hear(self, event: Event) -> None:
        """Take an event into account for what operators are called for."""
        session_id = event["session_id"]
        self._alerts[session_id] = self._alerts.get(session_id, Alerts()).after(event)

    def put_history(self, session_id: str, events: Iterable[Event]) -> None:
        """Take a whole history into account, oldest event first."""
        if session_id in self.sessions:
            self._alerts[session_id] = of_history(events)

    def put_topic(self, session_id: str, words: str) -> None:
        """Keep what a session was told first, for those without a title."""
        if session_id in self.sessions:
            self._topics[session_id] = words

    def decided(self, session_id: str, approval_id: str) -> None:
        """Leave out a permission that was answered."""
        left = [each for each in self.approvals(session_id) if each["id"] != approval_id]
        self._approvals[session_id] = left
        if session := self.sessions.get(session_id):
            self.sessions[session_id] = {**session, "approvals": len(left)}

    def approvals(self, session_id: str) -> list[Approval]:
        """Return the permissions that a session's agent waits for, as far as they are known."""
        return self._approvals.get(session_id, [])

    def row(self, session_id: str) -> Row | None:
        """Return one session as it is shown; None when it is not known."""
        session = self.sessions.get(session_id)
        if session is None:
            return None
        where = place(session, self.approvals(session_id), self._alerts.get(session_id))
        return Row(session, Place(where.group, where.rank, line(where.why)), self._title(session))

    def _title(self, session: Session) -> str:
        pull, branch, id = session.get("pull_request"), session["branch"] or "", session["id"]
        told = (pull and pull["title"]) or session.get("issue_title") or self._topics.get(id)
        named = "" if branch.endswith(f"/{id}") else branch
        return line(told or named or session.get("role") or "")

    def rows(self, words: str = "", *, ended: bool = False) -> list[Row]:
        """Return the sessions in which all these words are found, in the order in which they need a human."""
        rows = (row for id in self.sessions if (row := self.row(id)))
        shown = [row for row in rows if (ended or row.place.group != "ended") and _has(row, words)]
        return sorted(shown, key=_key)


def _key(row: Row) -> tuple[int, int, float, str]:
    """The group, the rank, and then the newest first."""
    created = row.session.get("created_at")
    age = -datetime.fromisoformat(created).timestamp() if created else 0.0
    return _ORDER[row.place.group], row.place.rank, age, row.session["id"]


def _has(row: Row, words: str) -> bool:
    wanted = words.lower().split()
    text = " ".join(filter(None, _searched(row))).lower() if wanted else ""
    return all(word in text for word in wanted)


def _searched(row: Row) -> Iterator[str | None]:
    session = row.session
    yield from (session["id"], session["project_id"], session["branch"], session["agent_name"])
    yield from (session.get("role"), row.title, row.place.why)
    yield from (session["status"], look(session["status"]).word, doing(session["activity"]))
    if issue := session.get("issue_id"):
        yield f"#{issue}"
