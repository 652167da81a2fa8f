"""Metadata in SQL through SQLAlchemy: SQLite now, PostgreSQL by the same statements."""

from runwake.store.meta.sql_store import SqlMetaStore

__all__ = ["SqlMetaStore"]
