"""SQLite as SQLAlchemy needs it for us: durable commits, real transactions, foreign keys."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, create_engine, event

BUSY_TIMEOUT_MS: Final = 5_000


def sqlite_engine(path: Path) -> Engine:
    """Return an engine on the database file, which is made if need be."""
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        pool_size=8,
        max_overflow=64,
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    # Python's driver begins transactions late and only for some statements; we begin them.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # A transaction that will write takes the lock at once: one that only turns into a writer
    # later could fail however long it waits.
    is_writer = connection.get_execution_options().get("runwake_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
