"""The tables as this version has them; `migrations/` is how a database gets there."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no time zones, and keeps it without."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What the database is given."""
        return value and value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """What the database gave, as what it was."""
        if value is None:
            return None
        moment: datetime = value
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Dollars(TypeDecorator[Decimal]):
    """An exact amount as text, which no database rounds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """What the database is given."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """What the database gave, as what it was."""
        return None if value is None else Decimal(value)


metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("phase", Text, nullable=False),
    Column("record", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("project_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("timestamp", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("events_by_session", "session_id", "seq"),
    sqlite_autoincrement=True,
)

messages = Table(
    "messages",
    metadata,
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("open", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Index("messages_open", "open"),
)

spends = Table(
    "spends",
    metadata,
    Column("id", Text, primary_key=True),
    Column("session_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("cost_usd", Dollars, nullable=False),
    Index("spends_by_time", "at"),
)
"""Money: it outlives the sessions that spent it."""

answers = Table(
    "answers",
    metadata,
    Column("target", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("given_at", UtcTime, nullable=False),
    Column("content", LargeBinary),
    Index("answers_by_time", "given_at"),
)
