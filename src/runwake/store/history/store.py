"""The embedded history store: one SQLite file on one machine. Station 6.

A facade over its parts. An append goes writer -> tail; the compactor moves rows from the tail
into segments; queries read segments from SQLite and the tail from memory. Reads take the tail
first and the database after it, and drop what they then have twice by row number: a row may be
seen early, never missed. Nothing in here knows HTTP or the metadata database.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from runwake.errors import UsageError
from runwake.store.columns import RowBatch
from runwake.store.history import codec, console, install, lines
from runwake.store.history.compactor import Compactor
from runwake.store.history.database import Database
from runwake.store.history.mirror import Mirror
from runwake.store.history.options import HistoryOptions
from runwake.store.history.scan import Scanner
from runwake.store.history.statistics import merge
from runwake.store.history.tail import TailBatch, pack
from runwake.store.history.writer import Writer
from runwake.store.ports import Append, ChartQuery, ConsolePage, KeySummary, Line, RunUid
from runwake.wire.rows import Schema

logger = logging.getLogger(__name__)

_decode_schema = msgspec.msgpack.Decoder(Schema).decode


class EmbeddedHistoryStore:
    """`HistoryStore` on a file. One process at a time; any thread of it.

    Args:
        path: the file; made if missing, with its folder, readable by its owner alone.
        options: sizes and times.

    Raises:
        ConflictError: another process has the file open.
        StoreError: the file is of a newer Runwake, of another program, or damaged.
    """

    def __init__(self, path: Path, options: HistoryOptions | None = None) -> None:
        options = options or HistoryOptions()
        self._database = Database(path, options)
        self._mirror = Mirror()
        try:
            self._load_tails()
        except BaseException:
            self._database.close()
            raise
        self._writer = Writer(self._database, self._mirror, options.group_size)
        self._compactor = Compactor(self._database, self._mirror, self._writer, options)

    def _load_tails(self) -> None:
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT run.uid, run.id, run.segment_rows, tail.row0, tail.num_rows, tail.body "
                "FROM tail JOIN run ON run.id = tail.run ORDER BY tail.run, tail.row0"
            )
            for uid, run_id, segment_rows, row0, num_rows, body in found:
                self._mirror.ensure(uid, run_id, segment_rows)
                self._mirror.append(uid, TailBatch(row0, _unpack(body, num_rows)))

    def append(self, append: Append) -> None:
        """See the port.

        Raises:
            UsageError: the append contradicts itself.
        """
        self._compactor.make_room()
        self._writer.append(append)

    def offset(self, run: RunUid, stream: str) -> int:
        """See the port."""
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT offset FROM stream JOIN run ON run.id = stream.run "
                "WHERE run.uid = ? AND stream.name = ?",
                (run, stream),
            ).fetchone()
        return int(found[0]) if found is not None else 0

    def schemas(self, run: RunUid, stream: str) -> Mapping[int, Schema]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT schema.id, schema.body FROM schema "
                "JOIN stream ON stream.id = schema.stream JOIN run ON run.id = stream.run "
                "WHERE run.uid = ? AND stream.name = ?",
                (run, stream),
            ).fetchall()
        return {schema_id: _decode_schema(body) for schema_id, body in rows}

    def num_rows(self, runs: Sequence[RunUid]) -> Mapping[RunUid, int]:
        """See the port. Never ahead of what a query that starts later sees."""
        known = {run: self._mirror.num_rows(run) for run in runs}
        with self._database.reading() as connection:
            return {
                run: rows if rows is not None else _stored_rows(connection, run)
                for run, rows in known.items()
            }

    def keys(self, runs: Sequence[RunUid]) -> Mapping[RunUid, Sequence[KeySummary]]:
        """See the port. Keys are ordered by name; unknown runs have none."""
        views = {run: self._mirror.view(run) for run in runs}
        found: dict[RunUid, Sequence[KeySummary]] = {}
        with self._database.reading() as connection:
            for run, view in views.items():
                row = connection.execute(
                    "SELECT id, segment_rows FROM run WHERE uid = ?", (run,)
                ).fetchone()
                if row is None:
                    found[run] = ()
                    continue
                statistics = install.stored_statistics(connection, row[0])
                if view is not None and view.run_id == row[0]:
                    merge(statistics, view.statistics(row[1]))
                found[run] = [
                    KeySummary(key, kind, one.num_values, one.minimum, one.maximum, one.last)
                    for (key, kind), one in sorted(statistics.items(), key=lambda item: item[0])
                ]
        return found

    def lines(self, query: ChartQuery) -> Sequence[Line]:
        """See the port. A point whose x is missing or not finite is left out.

        Raises:
            UsageError: `max_buckets` is below 1.
        """
        tails = {run: self._mirror.view(run) for run in query.runs}
        with self._database.reading() as connection:
            return lines.draw(connection, query, tails)

    def scan(
        self, run: RunUid, keys: Sequence[str] | None = None, first_row: int = 0
    ) -> Iterator[RowBatch]:
        """See the port. Batches have at most 4,096 rows; steps of ints and floats mixed in one
        batch come back as floats.

        Raises:
            UsageError: `first_row` is negative.
        """
        if first_row < 0:
            raise UsageError(f"first_row must be 0 or more, not {first_row}")
        wanted = frozenset(keys) if keys is not None else None
        end = self.num_rows([run])[run]
        return Scanner(self._database, self._mirror, run, wanted).scan(first_row, end)

    def console(self, run: RunUid, first: int, limit: int) -> ConsolePage:
        """See the port."""
        with self._database.reading() as connection:
            return console.read(connection, run, first, limit)

    def delete(self, run: RunUid) -> None:
        """See the port. Space is given back to the disk in the background."""

        def forget(connection: sqlite3.Connection) -> None:
            install.forget(connection, run)
            self._mirror.forget(run)

        self._writer.run(forget)
        self._compactor.vacuum_soon()

    def compact(self, run: RunUid) -> None:
        """Move all rows of a run into segments now, rather than when it pauses."""
        self._compactor.compact(run, whole=True)

    def close(self) -> None:
        """See the port. What was acknowledged is on disk; idempotent."""
        self._compactor.close()
        self._writer.close()
        self._database.close()


def _stored_rows(connection: sqlite3.Connection, run: RunUid) -> int:
    found = connection.execute("SELECT num_rows FROM run WHERE uid = ?", (run,)).fetchone()
    return int(found[0]) if found is not None else 0


def _unpack(body: bytes, num_rows: int) -> bytes:
    """Return the raw bytes of a tail body; rows without values in place of a damaged one."""
    try:
        return codec.decompress(body)
    except codec.CorruptChunkError as error:
        logger.error("%d rows of a tail are lost: %s", num_rows, error)
        unknown = np.full(num_rows, np.nan)
        return pack(RowBatch(unknown, unknown))
