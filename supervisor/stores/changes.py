"""What is written, as values: each change knows how a run of its kind gets into the database.

All are idempotent: whether a commit came through is not always known, and then it is made again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any, Protocol, Self

from sqlalchemy import Connection, Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from ..events import Event
from ..ids import SessionId
from ..protocols import Step
from ..records import Answer, Message
from .codec import written
from .tables import answers, events, messages, sessions, spends

ANSWERS_KEPT = timedelta(days=1)
"""How long answers under an Idempotency-Key are kept, as the API promises."""
MOST_ANSWERS = 10_000
"""Past so many the oldest go first."""

Row = dict[str, Any]


class Change(Protocol):
    """Something to be written."""

    def __str__(self) -> str:
        """What it is, for an error."""

    @classmethod
    def write(cls, connection: Connection, run: Sequence[Self]) -> None:
        """Write several, in order."""


def write_all(connection: Connection, changes: Iterable[Change]) -> None:
    """Write changes of all kinds, in order."""
    kind: Any
    for kind, run in groupby(changes, type):
        kind.write(connection, list(run))


@dataclass(frozen=True, slots=True)
class Append:
    """One step of a session, in rows."""

    events: tuple[Row, ...]
    session: Row
    messages: tuple[Row, ...]
    spends: tuple[Row, ...]

    @classmethod
    def of(cls, step: Step) -> Self:
        """Put it into rows. Raises `TypeError` for what has no form in the database."""
        record = step.record
        session = {
            "id": record.id,
            "project_id": record.project_id,
            "created_at": record.created_at,
            "phase": record.phase.value,
            "record": written(record),
        }
        return cls(
            events=tuple(map(_event_row, step.events)),
            session=session,
            messages=tuple(map(_message_row, step.messages)),
            spends=tuple({name: getattr(spend, name) for name in _SPEND} for spend in step.spends),
        )

    def __str__(self) -> str:
        what = ", ".join(event["event_type"] for event in self.events) or "a change"
        return f"{what} of {self.session['id']}"

    @classmethod
    def write(cls, connection: Connection, run: Sequence[Self]) -> None:
        """Write several; of a session's records, and of a message, the last one is what counts."""
        last = {change.session["id"]: change.session for change in run}
        dialect = connection.dialect.name
        connection.execute(_put(dialect, sessions), list(last.values()))
        if happened := [event for change in run for event in change.events]:
            connection.execute(_new(dialect, events, unless_there="id"), happened)
        moved = {(row["session_id"], row["number"]): row for change in run for row in change.messages}
        if moved:
            connection.execute(_put(dialect, messages), list(moved.values()))
        if spent := [spend for change in run for spend in change.spends]:
            connection.execute(_new(dialect, spends, unless_there="id"), spent)


_SPEND = ("id", "session_id", "project_id", "at", "cost_usd")


def _event_row(event: Event) -> Row:
    return {
        "id": event.id,
        "session_id": event.session_id,
        "project_id": event.project_id,
        "kind": type(event).__name__,
        "event_type": event.event_type,
        "public": event.public,
        "timestamp": event.timestamp,
        "body": written(event),
    }


def _message_row(message: Message) -> Row:
    return {
        "session_id": message.session_id,
        "number": message.number,
        "open": message.open,
        "message": written(message),
    }


@dataclass(frozen=True, slots=True)
class Forget:
    """A session is dropped, with its events."""

    session_id: SessionId

    def __str__(self) -> str:
        return f"the removal of {self.session_id}"

    @classmethod
    def write(cls, connection: Connection, run: Sequence[Self]) -> None:
        """Drop several; their events go with them, by the foreign key."""
        gone = [{"gone": change.session_id} for change in run]
        connection.execute(delete(sessions).where(sessions.c.id == bindparam("gone")), gone)


@dataclass(frozen=True, slots=True)
class Remember:
    """An answer, in the place of what was known before."""

    answer: Answer

    def __str__(self) -> str:
        return f"the answer of {self.answer.target}"

    @classmethod
    def write(cls, connection: Connection, run: Sequence[Self]) -> None:
        """Keep several; of the same request the last."""
        last = {(change.answer.target, change.answer.key): change.answer for change in run}
        names = answers.c.keys()
        rows = [{name: getattr(answer, name) for name in names} for answer in last.values()]
        connection.execute(_put(connection.dialect.name, answers), rows)


@dataclass(frozen=True, slots=True)
class Dismiss:
    """An answer is dropped."""

    target: str
    key: str

    def __str__(self) -> str:
        return f"the removal of the answer of {self.target}"

    @classmethod
    def write(cls, connection: Connection, run: Sequence[Self]) -> None:
        """Drop several."""
        its = (answers.c.target == bindparam("its_target")) & (answers.c.key == bindparam("its_key"))
        rows = [{"its_target": change.target, "its_key": change.key} for change in run]
        connection.execute(delete(answers).where(its), rows)


@dataclass(frozen=True, slots=True)
class Trim:
    """Answers that are too old or too many are dropped."""

    def __str__(self) -> str:
        return "the removal of old answers"

    @classmethod
    def write(cls, connection: Connection, run: Sequence[Self]) -> None:
        """Drop them."""
        too_old = datetime.now(UTC) - ANSWERS_KEPT
        newest_first = select(answers.c.given_at).order_by(answers.c.given_at.desc())
        too_many = newest_first.offset(MOST_ANSWERS).limit(1).scalar_subquery()
        connection.execute(delete(answers).where(answers.c.given_at < too_old))
        connection.execute(delete(answers).where(answers.c.given_at <= too_many))


@cache
def _new(dialect: str, table: Table, *, unless_there: str) -> Any:
    """Insert a row, unless there is one already with the same value in that column."""
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    return insert.on_conflict_do_nothing(index_elements=[unless_there])


@cache
def _put(dialect: str, table: Table) -> Any:
    """Insert a row, or replace the one with the same primary key."""
    keys = table.primary_key.columns.keys()
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    others = {name: insert.excluded[name] for name in table.c.keys() if name not in keys}  # noqa: SIM118
    return insert.on_conflict_do_update(index_elements=keys, set_=others)
