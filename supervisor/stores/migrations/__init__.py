"""How a database gets the tables of this version: steps for Alembic, one file each in `versions/`.

A new step is one more file there, and its name goes to the end of `REVISIONS`.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ...errors import ConfigError

REVISIONS = ("0001", "0002")
"""All steps, oldest first. They stand here too because Alembic takes a tenth of a second to be imported."""


def migrate(connection: Connection) -> None:
    """Bring the database to this version's tables, within the caller's transaction.

    Raises `ConfigError` for a database of a newer version, which this one might not read.
    """
    revision = _revision(connection)
    if revision == REVISIONS[-1]:
        return
    if revision is not None and revision not in REVISIONS:
        raise ConfigError(
            f"the database is of a newer version of ennio (its tables are at {revision}, this version knows"
            f" {REVISIONS[-1]}): start that version, or let database_url name another database"
        )
    _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    command.upgrade(config, "head")
