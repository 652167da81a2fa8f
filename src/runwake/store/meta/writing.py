"""What can be done to the metadata database within one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from runwake.errors import ConflictError, NotFoundError
from runwake.store.meta.reading import SqlMetaRead
from runwake.store.meta.records import process_values, run_values
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
    FileRecord,
    ProcessRecord,
    RunRecord,
    RunUid,
    SessionRecord,
)


class SqlMetaWrite(SqlMetaRead):
    """`MetaWrite` on one connection."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._change: int | None = None

    def ensure_project(self, entity: str, project: str, now: float) -> None:
        """See `MetaWrite.ensure_project`."""
        if self._find_project(entity, project) is not None:
            return
        owner = self._connection.scalars(select(ENTITY.c.id).where(ENTITY.c.name == entity)).first()
        if owner is None:
            owner = self._insert(ENTITY, name=entity, created_at=now)
        self._insert(PROJECT, entity_id=owner, name=project, created_at=now)

    def add_run(self, run: RunRecord) -> RunRecord:
        """See `MetaWrite.add_run`."""
        if self.run(run.entity, run.project, run.id) is not None:
            raise ConflictError(f"{run.entity}/{run.project} has a run {run.id!r} already")
        run = replace(run, change=self._next_change())
        self._connection.execute(
            insert(RUN).values(
                uid=run.uid,
                project_id=self._project_id(run.entity, run.project),
                run_id=run.id,
                change=run.change,
                **run_values(run),
            )
        )
        return run

    def save_run(self, run: RunRecord) -> RunRecord:
        """See `MetaWrite.save_run`."""
        run = replace(run, change=self._next_change())
        self._connection.execute(
            update(RUN).where(RUN.c.uid == run.uid).values(change=run.change, **run_values(run))
        )
        return run

    def delete_run(self, run: RunUid) -> None:
        """See `MetaWrite.delete_run`."""
        row = self._connection.execute(
            select(RUN.c.project_id, RUN.c.run_id).where(RUN.c.uid == run)
        ).first()
        if row is None:
            return
        for process in self.processes(run):
            values = {"project_id": row.project_id, "run_id": row.run_id, "stream": process.stream}
            self._replace(DELETED_STREAM, values, {})
        self._connection.execute(
            insert(DELETED_RUN).values(
                uid=run,
                project_id=row.project_id,
                run_id=row.run_id,
                change=self._next_change(),
            )
        )
        self._connection.execute(delete(RUN).where(RUN.c.uid == run))

    def save_process(self, run: RunUid, process: ProcessRecord) -> None:
        """See `MetaWrite.save_process`."""
        values = process_values(process)
        key = {"run_uid": run, "stream": values.pop("stream")}
        self._replace(RUN_PROCESS, key, values)

    def save_files(self, run: RunUid, files: Sequence[FileRecord]) -> None:
        """See `MetaWrite.save_files`."""
        for file in files:
            values = {
                "digest": file.digest,
                "size": file.size,
                "media_type": file.media_type,
                "role": file.role,
                "created_at": file.created_at,
            }
            self._replace(RUN_FILE, {"run_uid": run, "path": file.path}, values)

    def add_alerts(self, run: RunUid, alerts: Sequence[AlertRecord]) -> None:
        """See `MetaWrite.add_alerts`."""
        for alert in alerts:
            self._connection.execute(
                insert(RUN_ALERT).values(
                    run_uid=run,
                    time=alert.time,
                    title=alert.title,
                    text=alert.text,
                    level=alert.level,
                )
            )

    def save_blob(self, entity: str, project: str, blob: BlobRecord) -> None:
        """See `MetaWrite.save_blob`."""
        key = {"project_id": self._project_id(entity, project), "digest": blob.digest}
        self._replace(BLOB, key, {"size": blob.size, "media_type": blob.media_type})

    def add_api_key(self, key: ApiKeyRecord) -> None:
        """See `MetaWrite.add_api_key`."""
        self._connection.execute(
            insert(API_KEY).values(
                id=key.id, key_hash=key.key_hash, name=key.name, created_at=key.created_at
            )
        )

    def add_session(self, session: SessionRecord, now: float) -> None:
        """See `MetaWrite.add_session`."""
        self._connection.execute(delete(SESSION).where(SESSION.c.expires_at < now))
        self._connection.execute(
            insert(SESSION).values(
                token_hash=session.token_hash,
                api_key_id=session.api_key_id,
                expires_at=session.expires_at,
            )
        )

    def delete_session(self, token_hash: str) -> None:
        """See `MetaWrite.delete_session`."""
        self._connection.execute(delete(SESSION).where(SESSION.c.token_hash == token_hash))

    def _next_change(self) -> int:
        """Return the next number of the sequence; all changes of a transaction share one."""
        if self._change is None:
            self._connection.execute(
                update(CHANGE_COUNTER).values(value=CHANGE_COUNTER.c.value + 1)
            )
            self._change = self.position()
        return self._change

    def _find_project(self, entity: str, project: str) -> int | None:
        return self._connection.scalars(
            select(PROJECT.c.id)
            .join(ENTITY, PROJECT.c.entity_id == ENTITY.c.id)
            .where(ENTITY.c.name == entity, PROJECT.c.name == project)
        ).first()

    def _project_id(self, entity: str, project: str) -> int:
        found = self._find_project(entity, project)
        if found is None:
            raise NotFoundError(f"there is no project {entity}/{project}")
        return found

    def _insert(self, table: Table, **values: Any) -> int:
        result = self._connection.execute(insert(table).values(**values).returning(table.c.id))
        return int(result.scalar_one())

    def _replace(self, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
        """Update the row with this key, or insert it. Writers of a run wait for each other."""
        found = update(table)
        for name, value in key.items():
            found = found.where(table.c[name] == value)
        if values and self._connection.execute(found.values(**values)).rowcount:
            return
        if not values:
            present = select(table)
            for name, value in key.items():
                present = present.where(table.c[name] == value)
            if self._connection.execute(present).first() is not None:
                return
        self._connection.execute(insert(table).values(**key, **values))
