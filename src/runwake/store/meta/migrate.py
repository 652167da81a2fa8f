"""Brings a database to the shape of `tables.py`. Runs at each start of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from runwake.errors import StoreError

HEAD: Final = "0002"
"""Newest revision in `migrations/versions`; a test compares."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """Apply the migrations that are missing, within the connection's transaction.

    Raises:
        StoreError: the database was made by a newer Runwake.
    """
    revision = current_revision(connection)
    if revision == HEAD:
        return  # the usual case: Alembic need not even be imported
    if revision is not None and revision > HEAD:
        raise StoreError(
            f"the database has revision {revision}, this Runwake knows up to {HEAD}: "
            "it was used by a newer Runwake. Update with `pip install -U runwake`"
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def current_revision(connection: Connection) -> str | None:
    """Return the revision that a database has, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
