"""Use case of ingest: apply ranges of run logs, each byte once, however often it is sent.

A stream has three projections, each with its watermark: rows and console lines in the history
store, all else in the metadata. Each moves in a transaction of its own with what it guards, in
this order: console, rows, metadata. What is acknowledged is in all of them. A crash in between
leaves one ahead of another; the range comes again, and each takes only what it has not got.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from runwake.errors import OffsetMismatchError, StoreBusyError, UsageError
from runwake.model.run import RunState, check_entity, check_project, check_run_id
from runwake.store.ports import (
    Append,
    BlobRecord,
    HistoryStore,
    MetaRead,
    MetaStore,
    MetaWrite,
    ProcessRecord,
    RunRecord,
    RunUid,
)
from runwake.tracking import run_states
from runwake.tracking.blobs import DEFAULT_MEDIA_TYPE
from runwake.tracking.clock import Clock, system_clock
from runwake.tracking.console_lines import BegunLines
from runwake.tracking.projection import Projection, StreamPath, check_start
from runwake.tracking.range_reader import RangeContent, RangeReader, Watermarks
from runwake.tracking.run_names import made_up_name
from runwake.tracking.sources import history_uid, is_sender_stream, keep_hosts_apart, source_of
from runwake.wire import records
from runwake.wire.http import IngestAnswer
from runwake.wire.rows import Schema

_STREAM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MAX_KEPT_STREAMS: Final = 2_000


@dataclass
class _Stream:
    """A stream that was written to lately: its lock, and what the history store knows of it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    run: RunUid | None = None
    rows: int = 0
    console: int = 0
    schemas: Mapping[int, Schema] = field(default_factory=dict)


@dataclass(frozen=True)
class _Standing:
    """Where a stream stands, as read before a range is applied."""

    run: RunRecord | None
    watermarks: Watermarks
    begun: BegunLines
    processes: Sequence[ProcessRecord] = ()


class Ingest:
    """Streams of all runs. Thread-safe: ranges of one stream wait for each other."""

    def __init__(self, meta: MetaStore, history: HistoryStore, clock: Clock = system_clock) -> None:
        self._meta = meta
        self._history = history
        self._clock = clock
        self._streams: OrderedDict[StreamPath, _Stream] = OrderedDict()
        self._streams_lock = threading.Lock()

    def stand(self, path: StreamPath) -> IngestAnswer:
        """Return where a stream stands; 0 if it is unknown."""
        check_path(path)
        stream = self._stream(path)
        with stream.lock, self._meta.read() as tx:
            standing = self._standing(tx, path, stream)
            return _answer(standing.watermarks.acknowledged, standing.run)

    def heartbeat(self, path: StreamPath) -> IngestAnswer:
        """Take a sign of life and return where the stream stands."""
        check_path(path)
        stream = self._stream(path)
        with stream.lock, self._meta.write() as tx:
            standing = self._standing(tx, path, stream)
            run = standing.run
            if run is not None:
                now = self._clock()
                run = run_states.heard_of(run, tx.processes(run.uid), now)
                tx.save_run(replace(run, updated_at=now))
            return _answer(standing.watermarks.acknowledged, run)

    def apply(self, path: StreamPath, offset: int, data: bytes, *, final: bool) -> IngestAnswer:
        """Apply the bytes from `offset` on; what is known already changes nothing.

        Args:
            path: the stream.
            offset: where `data` starts in the stream's log: the start of a frame.
            data: bytes of the log; an incomplete frame at the end is left for the next range.
            final: nobody will write to the log any more.

        Raises:
            OffsetMismatchError: bytes are missing between the stream's end and `offset`.
            UsageError: a name is not allowed, or the log is that of another run.
            LogFormatError: the bytes are no run log that we read.
        """
        check_path(path)
        stream = self._stream(path)
        with stream.lock:
            with self._meta.read() as tx:
                standing = self._standing(tx, path, stream)
                if standing.run is None and self._is_deleted(tx, path):
                    # Its processes need not know; asking them to stop is the kind thing to do.
                    return IngestAnswer(offset + len(data), stop_requested=True)
            known = standing.watermarks.acknowledged
            if offset > known:
                raise OffsetMismatchError(known, offset)
            if offset + len(data) <= known and not final:
                return _answer(known, standing.run)
            try:
                return self._apply_new(path, stream, standing, data[known - offset :], final)
            except BaseException:
                stream.run = None  # ask the stores again: who knows which of them moved on
                raise

    def _apply_new(
        self, path: StreamPath, stream: _Stream, standing: _Standing, data: bytes, final: bool
    ) -> IngestAnswer:
        watermarks = standing.watermarks
        reader = RangeReader(data, watermarks, stream.schemas, standing.begun)
        content = reader.read(final=final)
        if watermarks.meta == 0:
            check_start(path, content.meta, content.lost_bytes)
        if content.end == 0:
            return _answer(0, standing.run)
        run = standing.run or self._ensure_run(path, content)
        stream.run = run.uid
        self._store_console(run.uid, path.stream, stream, content, final)
        self._store_rows(run.uid, path.stream, stream, content, standing.processes)
        with self._meta.write() as tx:
            projected = self._project(tx, path, content, watermarks, final)
        return _answer(
            min(
                stream.rows,
                max(watermarks.meta, content.end),
                max(watermarks.sums, content.summed_until),
            ),
            projected,
        )

    def _store_console(
        self, run: RunUid, name: str, stream: _Stream, content: RangeContent, final: bool
    ) -> None:
        if not content.console:
            return
        # One further at the very end: lines that were flushed there must not come again.
        next_offset = content.end + 1 if final else content.end
        self._history.append(
            Append(
                run,
                console_stream(name),
                stream.console,
                next_offset,
                console=content.console,
            )
        )
        stream.console = next_offset

    def _store_rows(
        self,
        run: RunUid,
        name: str,
        stream: _Stream,
        content: RangeContent,
        processes: Sequence[ProcessRecord],
    ) -> None:
        batch, held_back = content.new_rows()
        next_offset = content.end if held_back is None else held_back
        if next_offset <= stream.rows:
            return
        new = {
            schema_id: schema
            for schema_id, schema in content.schemas.items()
            if stream.schemas.get(schema_id) != schema
        }
        if batch is not None and is_sender_stream(name):
            batch = keep_hosts_apart(batch, _host_of(name, content, processes), processes)
        uid = history_uid(run, source_of(name))
        self._history.append(
            Append(uid, name, stream.rows, next_offset, tuple(new.values()), batch)
        )
        stream.rows = next_offset
        stream.schemas = {**stream.schemas, **new}

    def _project(
        self,
        tx: MetaWrite,
        path: StreamPath,
        content: RangeContent,
        watermarks: Watermarks,
        final: bool,
    ) -> RunRecord | None:
        run = tx.run(path.entity, path.project, path.run_id)
        if run is None:  # deleted since the range came in
            return None
        now = self._clock()
        processes = {process.stream: process for process in tx.processes(run.uid)}
        projection = Projection(path, run, processes, now)
        if projection.process.watermark != watermarks.meta:
            raise StoreBusyError("another server applied a range of the same stream: try again")
        projection.apply(content)
        if final:
            projection.end_without_exit()
        process = projection.process
        projection.save_process(
            replace(
                process,
                watermark=max(process.watermark, content.end),
                sums_watermark=max(process.sums_watermark, content.summed_until),
                damaged_bytes=process.damaged_bytes + content.lost_bytes,
                console=content.begun,
            )
        )
        run = run_states.heard_of(projection.run, list(projection.processes.values()), now)
        for stream in sorted(projection.changed):
            tx.save_process(run.uid, projection.processes[stream])
        if projection.files:
            tx.save_files(run.uid, list(projection.files.values()))
            self._name_media_types(tx, path, projection)
        if projection.alerts:
            tx.add_alerts(run.uid, projection.alerts)
        return tx.save_run(replace(run, updated_at=now))

    @staticmethod
    def _name_media_types(tx: MetaWrite, path: StreamPath, projection: Projection) -> None:
        """Let blobs that came without a media type have that of the file they belong to."""
        for file in projection.files.values():
            blob = tx.blob(path.entity, path.project, file.digest)
            if blob is not None and blob.media_type == DEFAULT_MEDIA_TYPE != file.media_type:
                named = BlobRecord(blob.digest, blob.size, file.media_type)
                tx.save_blob(path.entity, path.project, named)

    def _ensure_run(self, path: StreamPath, content: RangeContent) -> RunRecord:
        """Return the run, made if need be: the history store files rows under its uid."""
        now = self._clock()
        first = content.meta[0] if content.meta else None
        start = first if isinstance(first, records.RunStart) else None
        with self._meta.write() as tx:
            known = tx.run(path.entity, path.project, path.run_id)
            if known is not None:
                return known
            tx.ensure_project(path.entity, path.project, now)
            project = tx.project(path.entity, path.project)
            number = project.num_runs + 1 if project else 1
            return tx.add_run(
                RunRecord(
                    uid=RunUid(uuid.uuid4().hex),
                    entity=path.entity,
                    project=path.project,
                    id=path.run_id,
                    name=(start.name if start else None) or made_up_name(number),
                    state=RunState.RUNNING,
                    started_at=(start.time if start else 0.0) or now,
                    updated_at=now,
                    heartbeat_at=now,
                )
            )

    def _standing(self, tx: MetaRead, path: StreamPath, stream: _Stream) -> _Standing:
        run = tx.run(path.entity, path.project, path.run_id)
        if run is None:
            stream.run = None
            return _Standing(None, Watermarks(0, 0, 0, 0), {})
        if stream.run != run.uid:
            uid = history_uid(run.uid, source_of(path.stream))
            stream.rows = self._history.offset(uid, path.stream)
            stream.console = self._history.offset(run.uid, console_stream(path.stream))
            stream.schemas = self._history.schemas(uid, path.stream)
            stream.run = run.uid
        process: ProcessRecord | None = tx.process(run.uid, path.stream)
        processes = tx.processes(run.uid) if is_sender_stream(path.stream) else ()
        meta, sums = (process.watermark, process.sums_watermark) if process else (0, 0)
        watermarks = Watermarks(stream.rows, stream.console, meta, sums)
        return _Standing(run, watermarks, process.console if process else {}, processes)

    @staticmethod
    def _is_deleted(tx: MetaRead, path: StreamPath) -> bool:
        is_of_another = is_sender_stream(path.stream) or path.stream.startswith(
            records.FORK_STREAM_PREFIX
        )
        if is_of_another and tx.is_deleted_run(path.entity, path.project, path.run_id):
            return True  # a new sender or forked child of an old run must not bring it back
        return tx.is_deleted_stream(path.entity, path.project, path.run_id, path.stream)

    def _stream(self, path: StreamPath) -> _Stream:
        with self._streams_lock:
            stream = self._streams.get(path)
            if stream is None:
                stream = self._streams[path] = _Stream()
                self._forget_idle()
            self._streams.move_to_end(path)
            return stream

    def _forget_idle(self) -> None:
        """Keep the number of remembered streams bounded; never forget one that is in use."""
        excess = len(self._streams) - _MAX_KEPT_STREAMS
        if excess <= 0:
            return
        idle = [path for path, stream in self._streams.items() if not stream.lock.locked()]
        for path in idle[:excess]:
            del self._streams[path]


def console_stream(stream: str) -> str:
    """Return the name under which the history store keeps a stream's console watermark.

    Rows of a step that is still open are held back; what the program prints meanwhile is not.
    The slash cannot be part of a stream's own name.
    """
    return f"{stream}/console"


def check_path(path: StreamPath) -> None:
    """Check the names in a stream's address.

    Raises:
        UsageError: naming the part, its value and what is allowed.
    """
    check_entity(path.entity)
    check_project(path.project)
    check_run_id(path.run_id, "run")
    if not _STREAM.fullmatch(path.stream):
        raise UsageError(
            f"stream={path.stream!r} is not a valid name: allowed are 1 to 128 letters, digits, "
            "dots, dashes and underscores"
        )


def _host_of(name: str, content: RangeContent, processes: Sequence[ProcessRecord]) -> str | None:
    """Return the machine that a stream is written on, as its start says."""
    first = content.meta[0] if content.meta else None
    if isinstance(first, records.RunStart):
        return first.host
    return next((process.host for process in processes if process.stream == name), None)


def _answer(offset: int, run: RunRecord | None) -> IngestAnswer:
    return IngestAnswer(offset, stop_requested=run is not None and run.stop_requested)
