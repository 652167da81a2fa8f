"""SQLite as SQLAlchemy needs it for us: durable commits, real transactions, foreign keys."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine, create_engine, event

BUSY_TIMEOUT_S: Final = 5.0


def sqlite_engine(
    path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, max_pages: int | None = None
) -> Engine:
    """Return an engine on the database file, which is made if need be.

    Args:
        path: the file.
        busy_timeout_s: how long to wait for a lock that another program holds.
        max_pages: size at which the file counts as full; None: when the disk is.
    """
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        pool_size=8,
        max_overflow=64,
    )
    pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"]
    pragmas.append(f"busy_timeout={int(busy_timeout_s * 1000)}")
    if max_pages is not None:
        pragmas.append(f"max_page_count={max_pages}")

    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        # Python's driver begins transactions late and only for some statements; we begin them.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_begin(connection: Connection) -> None:
    # A transaction that will write takes the lock at once: one that only turns into a writer
    # later could fail however long it waits.
    is_writer = connection.get_execution_options().get("runwake_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
