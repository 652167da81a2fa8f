"""First tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, and the counter that changes are numbered by."""
    _api_key()
    _change_counter()
    _entity()
    _project()
    _session()
    _blob()
    _deleted_run()
    _deleted_stream()
    _run()
    _run_alert()
    _run_file()
    _run_process()
    op.execute("INSERT INTO change_counter (id, value) VALUES (1, 0)")


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )


def _change_counter() -> None:
    op.create_table(
        "change_counter",
        sa.Column("id", _id(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_counter")),
    )


def _entity() -> None:
    op.create_table(
        "entity",
        sa.Column("id", _id(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity")),
        sa.UniqueConstraint("name", name=op.f("uq_entity_name")),
    )


def _project() -> None:
    op.create_table(
        "project",
        sa.Column("id", _id(), nullable=False),
        sa.Column("entity_id", _id(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entity.id"], name=op.f("fk_project_entity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("entity_id", "name", name=op.f("uq_project_entity_id_name")),
    )


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("api_key_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_key.id"], name=op.f("fk_session_api_key_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )


def _blob() -> None:
    op.create_table(
        "blob",
        sa.Column("project_id", _id(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_blob_project_id")),
        sa.PrimaryKeyConstraint("project_id", "digest", name=op.f("pk_blob")),
    )


def _deleted_run() -> None:
    op.create_table(
        "deleted_run",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("project_id", _id(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_deleted_run_project_id")
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_deleted_run")),
    )
    op.create_index(
        op.f("ix_deleted_run_project_id_change"),
        "deleted_run",
        ["project_id", "change"],
        unique=False,
    )


def _deleted_stream() -> None:
    op.create_table(
        "deleted_stream",
        sa.Column("project_id", _id(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_deleted_stream_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "run_id", "stream", name=op.f("pk_deleted_stream")),
    )


def _run() -> None:
    op.create_table(
        "run",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("project_id", _id(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("heartbeat_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("group", sa.String(), nullable=True),
        sa.Column("job_type", sa.String(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("host", sa.String(), nullable=True),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("metric_definitions", sa.JSON(), nullable=False),
        sa.Column("last_step", sa.Double(), nullable=True),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("exit_reason", sa.String(), nullable=True),
        sa.Column("traceback", sa.String(), nullable=True),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_run_project_id")),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_run")),
        sa.UniqueConstraint("project_id", "run_id", name=op.f("uq_run_project_id_run_id")),
    )
    op.create_index(op.f("ix_run_project_id_change"), "run", ["project_id", "change"], unique=False)
    op.create_index(op.f("ix_run_state"), "run", ["state"], unique=False)


def _run_alert() -> None:
    op.create_table(
        "run_alert",
        sa.Column("id", _id(), nullable=False),
        sa.Column("run_uid", sa.String(), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_uid"], ["run.uid"], name=op.f("fk_run_alert_run_uid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_alert")),
    )
    op.create_index(op.f("ix_run_alert_run_uid"), "run_alert", ["run_uid"], unique=False)


def _run_file() -> None:
    op.create_table(
        "run_file",
        sa.Column("run_uid", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_uid"], ["run.uid"], name=op.f("fk_run_file_run_uid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_uid", "path", name=op.f("pk_run_file")),
    )


def _run_process() -> None:
    op.create_table(
        "run_process",
        sa.Column("run_uid", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.String(), nullable=True),
        sa.Column("pid", sa.BigInteger(), nullable=True),
        sa.Column("program", sa.String(), nullable=True),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("cwd", sa.String(), nullable=True),
        sa.Column("python", sa.String(), nullable=True),
        sa.Column("os", sa.String(), nullable=True),
        sa.Column("cpu_count", sa.BigInteger(), nullable=True),
        sa.Column("sdk_version", sa.String(), nullable=True),
        sa.Column("git_commit", sa.String(), nullable=True),
        sa.Column("git_remote", sa.String(), nullable=True),
        sa.Column("exit_state", sa.String(), nullable=True),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("exit_reason", sa.String(), nullable=True),
        sa.Column("traceback", sa.String(), nullable=True),
        sa.Column("damaged_bytes", sa.BigInteger(), nullable=False),
        sa.Column("console", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_uid"], ["run.uid"], name=op.f("fk_run_process_run_uid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_uid", "stream", name=op.f("pk_run_process")),
    )
