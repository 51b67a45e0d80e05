"""The first tables: sessions, events and answers."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Integer, LargeBinary, Text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "sessions",
        Column("id", Text, primary_key=True),
        Column("project_id", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("phase", Text, nullable=False),
        Column("record", Text, nullable=False),
    )
    op.create_table(
        "events",
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("id", Text, nullable=False, unique=True),
        Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
        Column("project_id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("event_type", Text, nullable=False),
        Column("public", Boolean, nullable=False),
        Column("timestamp", DateTime(timezone=True), nullable=False),
        Column("body", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_session", "events", ["session_id", "seq"])
    op.create_table(
        "answers",
        Column("target", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("given_at", DateTime(timezone=True), nullable=False),
        Column("content", LargeBinary),
    )
    op.create_index("answers_by_time", "answers", ["given_at"])
