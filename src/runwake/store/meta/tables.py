"""Tables of the metadata database. Migrations bring a database to this shape.

Portable to PostgreSQL: names compare by their bytes (SQLite's own way; `C` there), values of
config and summary are JSON, times are Unix seconds. Core tables and no mapped classes: the
records of the port are our classes, and importing the ORM would cost each start a quarter second.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

# SQLite counts up only a column that is exactly INTEGER; elsewhere ids have 64 bits.
_ID: Final = BigInteger().with_variant(Integer(), "sqlite")

METADATA: Final = MetaData(
    # Predictable names, so that migrations can drop constraints.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Type = TypeEngine[Any] | type[TypeEngine[Any]]


def _key(name: str, kind: _Type, *rest: Any) -> Column[Any]:
    return Column(name, kind, *rest, primary_key=True)


def _must(name: str, kind: _Type, *rest: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *rest, nullable=False, **options)


def _of_run() -> ForeignKey:
    return ForeignKey("run.uid", ondelete="CASCADE")


ENTITY: Final = Table(
    "entity",
    METADATA,
    _key("id", _ID),
    _must("name", String, unique=True),
    _must("created_at", Double),
)
"""A user or team that owns projects."""

PROJECT: Final = Table(
    "project",
    METADATA,
    _key("id", _ID),
    _must("entity_id", _ID, ForeignKey("entity.id")),
    _must("name", String),
    _must("created_at", Double),
    UniqueConstraint("entity_id", "name"),
)
"""A project of an entity."""

RUN: Final = Table(
    "run",
    METADATA,
    _key("uid", String),
    _must("project_id", _ID, ForeignKey("project.id")),
    _must("run_id", String),
    _must("name", String),
    _must("state", String),
    _must("started_at", Double),
    _must("updated_at", Double),
    _must("heartbeat_at", Double),
    Column("finished_at", Double),
    Column("group", String),
    Column("job_type", String),
    _must("tags", JSON),
    Column("notes", String),
    Column("host", String),
    _must("config", JSON),
    _must("summary", JSON),
    _must("metric_definitions", JSON),
    _must("aggregates", JSON, server_default="{}"),
    Column("last_step", Double),
    Column("exit_code", BigInteger),
    Column("exit_reason", String),
    Column("traceback", String),
    _must("stop_requested", Boolean),
    _must("change", BigInteger),
    UniqueConstraint("project_id", "run_id"),
    Index(None, "project_id", "change"),
    Index(None, "state"),
)
"""A run; `uid` is its name in all stores, `run_id` the user's name for it."""

RUN_PROCESS: Final = Table(
    "run_process",
    METADATA,
    _key("run_uid", String, _of_run()),
    _key("stream", String),
    _must("role", String),
    _must("started_at", Double),
    _must("watermark", BigInteger),
    _must("sums_watermark", BigInteger, server_default="0"),
    Column("host", String),
    Column("pid", BigInteger),
    Column("program", String),
    _must("args", JSON),
    Column("cwd", String),
    Column("python", String),
    Column("os", String),
    Column("cpu_count", BigInteger),
    Column("sdk_version", String),
    Column("git_commit", String),
    Column("git_remote", String),
    Column("exit_state", String),
    Column("exit_code", BigInteger),
    Column("exit_reason", String),
    Column("traceback", String),
    _must("damaged_bytes", BigInteger),
    _must("console", JSON),
)
"""One stream of a run, with the offset that the metadata reflects (its watermark)."""

RUN_FILE: Final = Table(
    "run_file",
    METADATA,
    _key("run_uid", String, _of_run()),
    _key("path", String),
    _must("digest", String),
    _must("size", BigInteger),
    _must("media_type", String),
    _must("role", String),
    _must("created_at", Double),
)
"""A file of a run, by the name that the user gave it."""

RUN_ALERT: Final = Table(
    "run_alert",
    METADATA,
    _key("id", _ID),
    _must("run_uid", String, _of_run()),
    _must("time", Double),
    _must("title", String),
    _must("text", String),
    _must("level", String),
    Index(None, "run_uid"),
)
"""One `alert` call of a run."""

DELETED_RUN: Final = Table(
    "deleted_run",
    METADATA,
    _key("uid", String),
    _must("project_id", _ID, ForeignKey("project.id")),
    _must("run_id", String),
    _must("change", BigInteger),
    Index(None, "project_id", "change"),
)
"""What is left of a deleted run: that it is gone, for `changes`."""

DELETED_STREAM: Final = Table(
    "deleted_stream",
    METADATA,
    _key("project_id", _ID, ForeignKey("project.id")),
    _key("run_id", String),
    _key("stream", String),
)
"""A stream of a deleted run: what it still sends is dropped."""

BLOB: Final = Table(
    "blob",
    METADATA,
    _key("project_id", _ID, ForeignKey("project.id")),
    _key("digest", String),
    _must("size", BigInteger),
    _must("media_type", String),
)
"""That a project holds a blob."""

API_KEY: Final = Table(
    "api_key",
    METADATA,
    _key("id", String),
    _must("key_hash", String),
    _must("name", String),
    _must("created_at", Double),
)
"""An API key; only its hash."""

SESSION: Final = Table(
    "session",
    METADATA,
    _key("token_hash", String),
    _must("api_key_id", String, ForeignKey("api_key.id", ondelete="CASCADE")),
    _must("expires_at", Double),
)
"""A browser that signed in with a key."""

CHANGE_COUNTER: Final = Table(
    "change_counter",
    METADATA,
    _key("id", _ID),
    _must("value", BigInteger),
)
"""One row: where the sequence of changes stands.

A writer counts it up first and so holds its lock until the commit: changes become visible in
the order of their numbers, and a reader that asks for those after n never misses one.
"""
