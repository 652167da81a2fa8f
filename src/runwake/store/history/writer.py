"""The one thread that changes the store: group commit, fence, and other people's transactions.

Station 6. Callers queue and wait. The thread takes what waits (up to a group), applies it in one
transaction with one fsync, and answers each caller. An append whose offset does not fit is
refused alone. If a group cannot be committed, its members are tried one by one, so that one bad
append never fails its neighbours. Nothing else holds the write lock, so nothing ever waits for it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import msgspec

from runwake.errors import OffsetMismatchError, RunwakeError, StoreError, UsageError
from runwake.store.history import codec, console
from runwake.store.history.database import Database, transaction
from runwake.store.history.mirror import Mirror
from runwake.store.history.tail import TailBatch, pack
from runwake.store.ports import Append

logger = logging.getLogger(__name__)

Task = Callable[[sqlite3.Connection], None]


class _Pending:
    """A queued append, packed by its caller's thread."""

    __slots__ = ("append", "body", "future", "raw", "schemas")

    def __init__(self, append: Append) -> None:
        rows = append.rows if append.rows is not None and append.rows.num_rows else None
        if append.next_offset < append.offset or append.offset < 0:
            raise UsageError(
                f"an append cannot lead from offset {append.offset} to {append.next_offset}"
            )
        if append.next_offset == append.offset and (rows or append.console or append.schemas):
            raise UsageError(
                f"an append that stays at offset {append.offset} must be empty: "
                "nothing would keep it from being applied twice"
            )
        self.append = append
        self.raw = pack(rows) if rows is not None else None
        self.body = codec.compress(self.raw) if self.raw is not None else None
        self.schemas = [(schema.id, _encode_schema(schema)) for schema in append.schemas]
        self.future: Future[None] = Future()


_encode_schema = msgspec.msgpack.Encoder().encode


class Writer:
    """Owns the writing connection and its thread."""

    def __init__(self, database: Database, mirror: Mirror, group_size: int) -> None:
        self._connection = database.writer
        self._mirror = mirror
        self._group_size = group_size
        self._queue: deque[_Pending | tuple[Task, Future[None]]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="history-writer", daemon=True)
        self._thread.start()

    def append(self, append: Append) -> None:
        """Apply one append; returns when it is durable.

        Raises:
            OffsetMismatchError: the stream stands elsewhere.
            StorageFullError: no space is left.
            UsageError: the append contradicts itself.
        """
        pending = _Pending(append)
        self._submit(pending)
        pending.future.result()

    def run(self, task: Task) -> None:
        """Run a task with the writing connection, outside any transaction, and wait for it."""
        future: Future[None] = Future()
        self._submit((task, future))
        future.result()

    def close(self) -> None:
        """Apply what is queued, then stop; idempotent."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _submit(self, job: _Pending | tuple[Task, Future[None]]) -> None:
        with self._wake:
            if self._closing:
                raise StoreError("the history store is closed")
            self._queue.append(job)
            self._wake.notify()

    def _loop(self) -> None:
        while (job := self._take()) is not None:
            if isinstance(job, list):
                self._apply_group(job)
                continue
            task, future = job
            try:
                task(self._connection)
            except Exception as error:  # noqa: BLE001 (the border of the job loop: to its caller)
                future.set_exception(error)
            else:
                future.set_result(None)

    def _take(self) -> list[_Pending] | tuple[Task, Future[None]] | None:
        """Return the next task, or the appends that wait up to it; None at the end."""
        with self._wake:
            while not self._queue:
                if self._closing:
                    return None
                self._wake.wait()
            group: list[_Pending] = []
            while self._queue and len(group) < self._group_size:
                job = self._queue[0]
                if not isinstance(job, _Pending):
                    if not group:
                        self._queue.popleft()
                        return job
                    break
                group.append(job)
                self._queue.popleft()
            return group

    def _apply_group(self, group: Sequence[_Pending]) -> None:
        outcomes: list[TailBatch | OffsetMismatchError | None]
        try:
            with transaction(self._connection):
                outcomes = [self._apply_or_refuse(pending) for pending in group]
        except Exception as error:  # noqa: BLE001 (the border of the job loop: to its callers)
            if len(group) == 1:
                if not isinstance(error, RunwakeError):
                    logger.exception("an append failed")
                group[0].future.set_exception(error)
                return
            for pending in group:
                self._apply_group([pending])
            return
        for pending, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, TailBatch):
                self._mirror.append(pending.append.run, outcome)
        for pending, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, OffsetMismatchError):
                pending.future.set_exception(outcome)
            else:
                pending.future.set_result(None)

    def _apply_or_refuse(self, pending: _Pending) -> TailBatch | OffsetMismatchError | None:
        try:
            return self._apply(pending)
        except OffsetMismatchError as error:
            return error

    def _apply(self, pending: _Pending) -> TailBatch | None:
        append = pending.append
        connection = self._connection
        found = connection.execute(_FIND, (append.stream, append.run)).fetchone()
        if found is None:
            found = (None, 0, 0, None, None)
        run_id, num_rows, num_lines, stream_id, offset = found
        if append.offset != (offset or 0):
            raise OffsetMismatchError(offset or 0, append.offset)
        if append.next_offset == append.offset:
            return None
        if run_id is None:
            run_id = connection.execute("INSERT INTO run (uid) VALUES (?)", (append.run,)).lastrowid
        if stream_id is None:
            stream_id = connection.execute(
                "INSERT INTO stream (run, name, offset) VALUES (?, ?, ?)",
                (run_id, append.stream, append.next_offset),
            ).lastrowid
        else:
            connection.execute(
                "UPDATE stream SET offset = ? WHERE id = ?", (append.next_offset, stream_id)
            )
        if pending.schemas:
            connection.executemany(
                f"INSERT OR REPLACE INTO schema VALUES ({int(stream_id)}, ?, ?)",  # noqa: S608
                pending.schemas,
            )
        added_lines = 0
        if append.console:
            place = console.Place(run_id, stream_id, num_lines)
            added_lines = console.write(connection, place, append.console)
        batch = None
        if pending.raw is not None:
            batch = TailBatch(num_rows, pending.raw)
            self._mirror.ensure(append.run, run_id, num_rows)
            connection.execute(
                "INSERT INTO tail (run, row0, num_rows, body) VALUES (?, ?, ?, ?)",
                (run_id, num_rows, batch.num_rows, pending.body),
            )
            num_rows = batch.end
        if batch is not None or added_lines:
            connection.execute(
                "UPDATE run SET num_rows = ?, console_lines = ? WHERE id = ?",
                (num_rows, num_lines + added_lines, run_id),
            )
        return batch


_FIND = """
SELECT run.id, run.num_rows, run.console_lines, stream.id, stream.offset
FROM run LEFT JOIN stream ON stream.run = run.id AND stream.name = ? WHERE run.uid = ?
"""
