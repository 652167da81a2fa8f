"""Tables of the metadata database, typed. Migrations bring a database to this shape.

Portable to PostgreSQL: names compare by their bytes (SQLite's own way; `C` there), values of
config and summary are JSON, times are Unix seconds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = JSON().with_variant(JSONB(), "postgresql")
# SQLite counts up only a column that is exactly INTEGER; elsewhere ids have 64 bits.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Root of all tables; constraints have predictable names, so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own way
        dict[str, Any]: Json,
        list[str]: Json,
        int: BigInteger(),
        float: Double(),
    }


class Entity(Base):
    """A user or team that owns projects."""

    __tablename__ = "entity"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[float]


class Project(Base):
    """A project of an entity."""

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("entity_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    entity_id: Mapped[int] = mapped_column(ForeignKey("entity.id"))
    name: Mapped[str]
    created_at: Mapped[float]


class Run(Base):
    """A run; `uid` is its name in all stores, `run_id` the user's name for it."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("project_id", "run_id"),
        Index(None, "project_id", "change"),
        Index(None, "state"),
    )

    uid: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    run_id: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]
    started_at: Mapped[float]
    updated_at: Mapped[float]
    heartbeat_at: Mapped[float]
    finished_at: Mapped[float | None]
    group: Mapped[str | None]
    job_type: Mapped[str | None]
    tags: Mapped[list[str]]
    notes: Mapped[str | None]
    host: Mapped[str | None]
    config: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    metric_definitions: Mapped[dict[str, Any]]
    last_step: Mapped[float | None]
    exit_code: Mapped[int | None]
    exit_reason: Mapped[str | None]
    traceback: Mapped[str | None]
    stop_requested: Mapped[bool]
    change: Mapped[int]


class RunProcess(Base):
    """One stream of a run, with the offset that the metadata reflects (its watermark)."""

    __tablename__ = "run_process"

    run_uid: Mapped[str] = mapped_column(
        ForeignKey("run.uid", ondelete="CASCADE"), primary_key=True
    )
    stream: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    started_at: Mapped[float]
    watermark: Mapped[int]
    host: Mapped[str | None]
    pid: Mapped[int | None]
    program: Mapped[str | None]
    args: Mapped[list[str]]
    cwd: Mapped[str | None]
    python: Mapped[str | None]
    os: Mapped[str | None]
    cpu_count: Mapped[int | None]
    sdk_version: Mapped[str | None]
    git_commit: Mapped[str | None]
    git_remote: Mapped[str | None]
    exit_state: Mapped[str | None]
    exit_code: Mapped[int | None]
    exit_reason: Mapped[str | None]
    traceback: Mapped[str | None]
    damaged_bytes: Mapped[int]
    console: Mapped[dict[str, Any]]


class RunFile(Base):
    """A file of a run, by the name that the user gave it."""

    __tablename__ = "run_file"

    run_uid: Mapped[str] = mapped_column(
        ForeignKey("run.uid", ondelete="CASCADE"), primary_key=True
    )
    path: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    size: Mapped[int]
    media_type: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[float]


class RunAlert(Base):
    """One `alert` call of a run."""

    __tablename__ = "run_alert"
    __table_args__ = (Index(None, "run_uid"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    run_uid: Mapped[str] = mapped_column(ForeignKey("run.uid", ondelete="CASCADE"))
    time: Mapped[float]
    title: Mapped[str]
    text: Mapped[str]
    level: Mapped[str]


class DeletedRun(Base):
    """What is left of a deleted run: that it is gone, for `changes`."""

    __tablename__ = "deleted_run"
    __table_args__ = (Index(None, "project_id", "change"),)

    uid: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    run_id: Mapped[str]
    change: Mapped[int]


class DeletedStream(Base):
    """A stream of a deleted run: what it still sends is dropped."""

    __tablename__ = "deleted_stream"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    run_id: Mapped[str] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)


class Blob(Base):
    """That a project holds a blob."""

    __tablename__ = "blob"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    media_type: Mapped[str]


class ApiKey(Base):
    """An API key; only its hash."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[float]


class Session(Base):
    """A browser that signed in with a key."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    api_key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id", ondelete="CASCADE"))
    expires_at: Mapped[float]


class ChangeCounter(Base):
    """One row: where the sequence of changes stands.

    A writer counts it up first and so holds its lock until the commit: changes become visible in
    the order of their numbers, and a reader that asks for those after n never misses one.
    """

    __tablename__ = "change_counter"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    value: Mapped[int]
