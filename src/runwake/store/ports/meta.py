"""Port of the metadata store: projects, runs, their processes and files, keys and sessions.

Everything happens inside a transaction: `with store.write() as tx`. What a write transaction
did is durable when its block ends well, and undone as a whole when the block raises. Values of
config and summary are plain JSON (no NaN, no bytes): callers bring them into that form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from runwake.model.run import RunState
from runwake.store.ports.identity import RunUid


@dataclass(frozen=True)
class ProjectRecord:
    """A project with counts of its runs. Times are Unix seconds, as everywhere."""

    entity: str
    name: str
    created_at: float
    last_activity_at: float | None
    num_runs: int
    num_running: int


@dataclass(frozen=True)
class RunRecord:
    """All metadata of one run.

    Attributes:
        uid: the server's name of it; `id` is the user's, unique within the project.
        summary: flat or nested names to plain values.
        last_step: step of the row logged last, None before the first.
        metric_definitions: what `define_metric` said, by name.
        aggregates: state of the sums behind the summary, by key; see `model.metrics.Aggregate`.
        change: position of the last change in the server's sequence of changes.
    """

    uid: RunUid
    entity: str
    project: str
    id: str
    name: str
    state: RunState
    started_at: float
    updated_at: float
    heartbeat_at: float
    finished_at: float | None = None
    group: str | None = None
    job_type: str | None = None
    tags: tuple[str, ...] = ()
    notes: str | None = None
    host: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    metric_definitions: Mapping[str, Any] = field(default_factory=dict)
    aggregates: Mapping[str, Any] = field(default_factory=dict)
    last_step: float | None = None
    exit_code: int | None = None
    exit_reason: str | None = None
    traceback: str | None = None
    stop_requested: bool = False
    change: int = 0


@dataclass(frozen=True)
class ProcessRecord:
    """One stream of a run: the process that writes it, and how far it has been projected.

    Attributes:
        watermark: bytes of the stream that the metadata reflects.
        sums_watermark: bytes of the stream whose rows the run's aggregates reflect; a row that
            is still open lies behind it.
        console: per channel the text (and its time) of the line that has no newline yet.
        damaged_bytes: bytes before the watermark that held no readable frame.
    """

    stream: str
    role: str
    started_at: float
    watermark: int = 0
    sums_watermark: int = 0
    host: str | None = None
    pid: int | None = None
    program: str | None = None
    args: tuple[str, ...] = ()
    cwd: str | None = None
    python: str | None = None
    os: str | None = None
    cpu_count: int | None = None
    sdk_version: str | None = None
    git_commit: str | None = None
    git_remote: str | None = None
    exit_state: RunState | None = None
    exit_code: int | None = None
    exit_reason: str | None = None
    traceback: str | None = None
    damaged_bytes: int = 0
    console: Mapping[str, tuple[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class FileRecord:
    """A file of a run. `path` is data: shown, never opened."""

    path: str
    digest: str
    size: int
    media_type: str
    role: str
    created_at: float


@dataclass(frozen=True)
class AlertRecord:
    """One `alert` call of a run."""

    time: float
    title: str
    text: str
    level: str


@dataclass(frozen=True)
class BlobRecord:
    """That a project holds a blob."""

    digest: str
    size: int
    media_type: str


@dataclass(frozen=True)
class ApiKeyRecord:
    """An API key without the key: only its hash is kept.

    Attributes:
        id: the part of the key by which it is looked up; no secret.
        key_hash: sha256 of the whole key, hex.
    """

    id: str
    key_hash: str
    name: str
    created_at: float


@dataclass(frozen=True)
class SessionRecord:
    """A browser that signed in with a key; valid as long as the key is there."""

    token_hash: str
    api_key_id: str
    expires_at: float


@dataclass(frozen=True)
class ChangeSet:
    """Runs of a project that changed after some position, and where the sequence stands now."""

    runs: Sequence[RunRecord]
    deleted: Sequence[str]
    position: int


class MetaRead(Protocol):
    """What can be asked within a transaction. All answers are of one moment."""

    def projects(self) -> Sequence[ProjectRecord]:
        """Return all projects, the most recently active first."""

    def project(self, entity: str, name: str) -> ProjectRecord | None:
        """Return one project, None if there is none of that name (case matters)."""

    def run(self, entity: str, project: str, run_id: str) -> RunRecord | None:
        """Return a run by the user's names for it."""

    def runs(
        self, entity: str, project: str, run_ids: Sequence[str] | None = None
    ) -> Sequence[RunRecord]:
        """Return runs of a project, all or those named (unknown ones are left out)."""

    def running(self) -> Sequence[RunRecord]:
        """Return all runs whose state is running."""

    def changes(self, entity: str, project: str, after: int) -> ChangeSet:
        """Return what changed in a project after a position; nothing is missed, ever."""

    def position(self) -> int:
        """Return where the sequence of changes stands."""

    def process(self, run: RunUid, stream: str) -> ProcessRecord | None:
        """Return one stream of a run."""

    def processes(self, run: RunUid) -> Sequence[ProcessRecord]:
        """Return all streams of a run, by start."""

    def is_deleted_stream(self, entity: str, project: str, run_id: str, stream: str) -> bool:
        """Whether the stream wrote into a run of that id that was deleted since."""

    def is_deleted_run(self, entity: str, project: str, run_id: str) -> bool:
        """Whether any run of that id was ever deleted."""

    def files(self, run: RunUid) -> Sequence[FileRecord]:
        """Return the files of a run, by path."""

    def alerts(self, run: RunUid) -> Sequence[AlertRecord]:
        """Return the alerts of a run in order."""

    def blob(self, entity: str, project: str, digest: str) -> BlobRecord | None:
        """Return the blob if the project holds it."""

    def api_key(self, key_id: str) -> ApiKeyRecord | None:
        """Return a key by the part that names it."""

    def has_api_keys(self) -> bool:
        """Whether any key was ever made."""

    def session(self, token_hash: str) -> SessionRecord | None:
        """Return a session, expired or not."""


class MetaWrite(MetaRead, Protocol):
    """What can be done within a write transaction, which sees its own changes."""

    def ensure_project(self, entity: str, project: str, now: float) -> None:
        """Make the entity and the project unless they are there."""

    def add_run(self, run: RunRecord) -> RunRecord:
        """Add a run to its project, which is there; return it with its change.

        Raises:
            ConflictError: the project has a run of that id.
        """

    def save_run(self, run: RunRecord) -> RunRecord:
        """Replace all fields of the run with this `uid`; return it with its new change."""

    def delete_run(self, run: RunUid) -> None:
        """Forget a run but for its tombstone, which `changes` and `is_deleted_stream` know."""

    def save_process(self, run: RunUid, process: ProcessRecord) -> None:
        """Add or replace one stream of a run."""

    def save_files(self, run: RunUid, files: Sequence[FileRecord]) -> None:
        """Add files; one of the same path is replaced."""

    def add_alerts(self, run: RunUid, alerts: Sequence[AlertRecord]) -> None:
        """Add alerts behind those that are there."""

    def save_blob(self, entity: str, project: str, blob: BlobRecord) -> None:
        """Say that a project, which is there, holds a blob."""

    def add_api_key(self, key: ApiKeyRecord) -> None:
        """Add a key."""

    def add_session(self, session: SessionRecord, now: float) -> None:
        """Add a session; those that expired before `now` go."""

    def delete_session(self, token_hash: str) -> None:
        """End a session; unknown ones are fine."""


class MetaStore(Protocol):
    """Metadata in transactions. Blocks may run on several threads at once."""

    def read(self) -> AbstractContextManager[MetaRead]:
        """Begin a transaction that only reads."""

    def write(self) -> AbstractContextManager[MetaWrite]:
        """Begin a transaction that writes. Short: others wait for it.

        Raises:
            StoreBusyError: another writer held the store for too long (on entry or exit).
            StorageFullError: no space; nothing was changed.
        """

    def check(self) -> None:
        """Return if the store can be used; StoreError says why not."""

    def close(self) -> None:
        """Release connections."""
