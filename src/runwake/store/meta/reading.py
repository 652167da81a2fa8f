"""What can be asked of the metadata database within one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Executable, Select, case, func, select

from runwake.model.run import RunState
from runwake.store.meta.records import process_record, run_record
from runwake.store.meta.tables import (
    API_KEY,
    BLOB,
    CHANGE_COUNTER,
    DELETED_RUN,
    DELETED_STREAM,
    ENTITY,
    PROJECT,
    RUN,
    RUN_ALERT,
    RUN_FILE,
    RUN_PROCESS,
    SESSION,
)
from runwake.store.ports import (
    AlertRecord,
    ApiKeyRecord,
    BlobRecord,
    ChangeSet,
    FileRecord,
    ProcessRecord,
    ProjectRecord,
    RunRecord,
    RunUid,
    SessionRecord,
)

RUN_SELECT: Final[Select[Any]] = (
    select(
        RUN,
        PROJECT.c.name.label("project_name"),
        ENTITY.c.name.label("entity_name"),
    )
    .join(PROJECT, RUN.c.project_id == PROJECT.c.id)
    .join(ENTITY, PROJECT.c.entity_id == ENTITY.c.id)
)
# Databases limit the parameters of a statement.
_MAX_PARAMETERS: Final = 500


class SqlMetaRead:
    """`MetaRead` on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def projects(self) -> Sequence[ProjectRecord]:
        """See `MetaRead.projects`."""
        records = [_project_record(row) for row in self._connection.execute(_project_select())]
        return sorted(
            records,
            key=lambda project: project.last_activity_at or project.created_at,
            reverse=True,
        )

    def project(self, entity: str, name: str) -> ProjectRecord | None:
        """See `MetaRead.project`."""
        query = _project_select(ENTITY.c.name == entity, PROJECT.c.name == name)
        row = self._connection.execute(query).first()
        return _project_record(row) if row else None

    def run(self, entity: str, project: str, run_id: str) -> RunRecord | None:
        """See `MetaRead.run`."""
        query = RUN_SELECT.where(
            ENTITY.c.name == entity, PROJECT.c.name == project, RUN.c.run_id == run_id
        )
        row = self._connection.execute(query).mappings().first()
        return run_record(row) if row else None

    def runs(
        self, entity: str, project: str, run_ids: Sequence[str] | None = None
    ) -> Sequence[RunRecord]:
        """See `MetaRead.runs`."""
        query = RUN_SELECT.where(ENTITY.c.name == entity, PROJECT.c.name == project)
        if run_ids is None:
            return self._runs(query)
        return [
            run
            for ids in _slices(run_ids)
            for run in self._runs(query.where(RUN.c.run_id.in_(ids)))
        ]

    def running(self) -> Sequence[RunRecord]:
        """See `MetaRead.running`."""
        return self._runs(RUN_SELECT.where(RUN.c.state == RunState.RUNNING.value))

    def changes(self, entity: str, project: str, after: int) -> ChangeSet:
        """See `MetaRead.changes`."""
        position = self.position()
        runs = self._runs(
            RUN_SELECT.where(
                ENTITY.c.name == entity, PROJECT.c.name == project, RUN.c.change > after
            ).order_by(RUN.c.change)
        )
        deleted = self._connection.scalars(
            select(DELETED_RUN.c.run_id)
            .join(PROJECT, DELETED_RUN.c.project_id == PROJECT.c.id)
            .join(ENTITY, PROJECT.c.entity_id == ENTITY.c.id)
            .where(ENTITY.c.name == entity, PROJECT.c.name == project, DELETED_RUN.c.change > after)
            .order_by(DELETED_RUN.c.change)
        ).all()
        # A run of the same id that was made since is there, not gone.
        alive = {run.id for run in runs}
        gone = [run_id for run_id in dict.fromkeys(deleted) if run_id not in alive]
        return ChangeSet(runs, gone, position)

    def position(self) -> int:
        """See `MetaRead.position`."""
        return int(self._connection.scalars(select(CHANGE_COUNTER.c.value)).one())

    def process(self, run: RunUid, stream: str) -> ProcessRecord | None:
        """See `MetaRead.process`."""
        query = select(RUN_PROCESS).where(
            RUN_PROCESS.c.run_uid == run, RUN_PROCESS.c.stream == stream
        )
        row = self._connection.execute(query).mappings().first()
        return process_record(row) if row else None

    def processes(self, run: RunUid) -> Sequence[ProcessRecord]:
        """See `MetaRead.processes`."""
        query = (
            select(RUN_PROCESS)
            .where(RUN_PROCESS.c.run_uid == run)
            .order_by(RUN_PROCESS.c.started_at, RUN_PROCESS.c.stream)
        )
        return [process_record(row) for row in self._connection.execute(query).mappings()]

    def is_deleted_stream(self, entity: str, project: str, run_id: str, stream: str) -> bool:
        """See `MetaRead.is_deleted_stream`."""
        query = (
            select(DELETED_STREAM.c.stream)
            .join(PROJECT, DELETED_STREAM.c.project_id == PROJECT.c.id)
            .join(ENTITY, PROJECT.c.entity_id == ENTITY.c.id)
            .where(
                ENTITY.c.name == entity,
                PROJECT.c.name == project,
                DELETED_STREAM.c.run_id == run_id,
                DELETED_STREAM.c.stream == stream,
            )
        )
        return self._connection.execute(query).first() is not None

    def is_deleted_run(self, entity: str, project: str, run_id: str) -> bool:
        """See `MetaRead.is_deleted_run`."""
        query = (
            select(DELETED_RUN.c.uid)
            .join(PROJECT, DELETED_RUN.c.project_id == PROJECT.c.id)
            .join(ENTITY, PROJECT.c.entity_id == ENTITY.c.id)
            .where(
                ENTITY.c.name == entity, PROJECT.c.name == project, DELETED_RUN.c.run_id == run_id
            )
        )
        return self._connection.execute(query).first() is not None

    def files(self, run: RunUid) -> Sequence[FileRecord]:
        """See `MetaRead.files`."""
        query = select(RUN_FILE).where(RUN_FILE.c.run_uid == run).order_by(RUN_FILE.c.path)
        return [
            FileRecord(row.path, row.digest, row.size, row.media_type, row.role, row.created_at)
            for row in self._connection.execute(query)
        ]

    def alerts(self, run: RunUid) -> Sequence[AlertRecord]:
        """See `MetaRead.alerts`."""
        query = select(RUN_ALERT).where(RUN_ALERT.c.run_uid == run).order_by(RUN_ALERT.c.id)
        return [
            AlertRecord(row.time, row.title, row.text, row.level)
            for row in self._connection.execute(query)
        ]

    def blob(self, entity: str, project: str, digest: str) -> BlobRecord | None:
        """See `MetaRead.blob`."""
        query = (
            select(BLOB.c.size, BLOB.c.media_type)
            .join(PROJECT, BLOB.c.project_id == PROJECT.c.id)
            .join(ENTITY, PROJECT.c.entity_id == ENTITY.c.id)
            .where(ENTITY.c.name == entity, PROJECT.c.name == project, BLOB.c.digest == digest)
        )
        row = self._connection.execute(query).first()
        return BlobRecord(digest, row.size, row.media_type) if row else None

    def api_key(self, key_id: str) -> ApiKeyRecord | None:
        """See `MetaRead.api_key`."""
        query = select(API_KEY).where(API_KEY.c.id == key_id)
        row = self._connection.execute(query).first()
        return ApiKeyRecord(row.id, row.key_hash, row.name, row.created_at) if row else None

    def has_api_keys(self) -> bool:
        """See `MetaRead.has_api_keys`."""
        return self._connection.execute(select(API_KEY.c.id).limit(1)).first() is not None

    def session(self, token_hash: str) -> SessionRecord | None:
        """See `MetaRead.session`."""
        query = select(SESSION).where(SESSION.c.token_hash == token_hash)
        row = self._connection.execute(query).first()
        return SessionRecord(row.token_hash, row.api_key_id, row.expires_at) if row else None

    def _runs(self, query: Select[Any]) -> Sequence[RunRecord]:
        return [run_record(row) for row in self._connection.execute(query).mappings()]


def _project_select(*conditions: ColumnElement[bool]) -> Executable:
    is_running = case((RUN.c.state == RunState.RUNNING.value, 1))
    return (
        select(
            ENTITY.c.name.label("entity"),
            PROJECT.c.name,
            PROJECT.c.created_at,
            func.max(RUN.c.updated_at).label("last_activity_at"),
            func.count(RUN.c.uid).label("num_runs"),
            func.count(is_running).label("num_running"),
        )
        .join(ENTITY, PROJECT.c.entity_id == ENTITY.c.id)
        .outerjoin(RUN, RUN.c.project_id == PROJECT.c.id)
        .where(*conditions)
        .group_by(PROJECT.c.id, ENTITY.c.name, PROJECT.c.name, PROJECT.c.created_at)
    )


def _project_record(row: Any) -> ProjectRecord:
    return ProjectRecord(
        row.entity,
        row.name,
        row.created_at,
        row.last_activity_at,
        row.num_runs,
        row.num_running,
    )


def _slices(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _MAX_PARAMETERS):
        yield items[start : start + _MAX_PARAMETERS]
