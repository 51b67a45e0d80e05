"""What sessions are sent, and what they cost."""

from alembic import op
from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of messages and of money."""
    op.create_table(
        "messages",
        Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("open", Boolean, nullable=False),
        Column("message", Text, nullable=False),
    )
    op.create_index("messages_open", "messages", ["open"])
    op.create_table(
        "spends",
        Column("id", Text, primary_key=True),
        Column("session_id", Text, nullable=False),
        Column("project_id", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("cost_usd", Text, nullable=False),
    )
    op.create_index("spends_by_time", "spends", ["at"])
