"""Exact rows of a run, in order of arrival, across segments and tail. Station 6.

A scan holds no transaction between two batches, so a slow reader keeps nothing from being
compacted: each step looks up anew where the next row lies. Values whose bytes are damaged are
reported and left out; a damaged step or time comes back as NaN, so that rows keep their numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

import numpy as np

from runwake.model.keys import STEP, TIMESTAMP, ValueKind
from runwake.store.columns import Column, FloatArray, RowBatch
from runwake.store.history import segments
from runwake.store.history.database import Database
from runwake.store.history.mirror import Mirror
from runwake.store.history.tail import Columns
from runwake.store.ports import RunUid

logger = logging.getLogger(__name__)

BATCH_ROWS: Final = 4096


class Scanner:
    """Reads one run from `row` on, up to the rows it has when the scan begins."""

    def __init__(
        self, database: Database, mirror: Mirror, run: RunUid, keys: frozenset[str] | None
    ) -> None:
        self._database = database
        self._mirror = mirror
        self._run = run
        self._keys = keys | {STEP, TIMESTAMP} if keys is not None else None

    def scan(self, row: int, end: int) -> Iterator[RowBatch]:
        """Yield the rows [row, end) in batches of at most `BATCH_ROWS`."""
        while row < end:
            columns = self._read(row, end)
            if columns is None:  # the run was deleted meanwhile
                return
            for first in range(0, columns.num_rows, BATCH_ROWS):
                yield to_batch(columns.cut(first, min(first + BATCH_ROWS, columns.num_rows)))
            row += columns.num_rows

    def _read(self, row: int, end: int) -> Columns | None:
        """Return rows from `row` on, as far as they lie together, at most up to `end`."""
        view = self._mirror.view(self._run)
        with self._database.reading() as connection:
            found = connection.execute(
                "SELECT id, segment_rows FROM run WHERE uid = ?", (self._run,)
            ).fetchone()
            if found is None:
                return None
            run_id, segment_rows = found
            segment = segments.segment_at(connection, run_id, row)
            if segment is not None:
                chunks = segments.read_chunks(connection, segment, self._keys)
        if segment is not None:
            columns = segments.read_columns(chunks, segment.num_rows)
            return columns.cut(row - segment.row0, min(end, segment.end) - segment.row0)
        if view is None or view.run_id != run_id or view.end <= row or row < segment_rows:
            return None
        tail = view.columns(row)
        if tail is None:
            return None
        wanted = [c for c in tail.columns if self._keys is None or c.key in self._keys]
        return Columns(tail.num_rows, wanted).cut(0, min(end - row, tail.num_rows))


def to_batch(columns: Columns) -> RowBatch:
    """Return columns as the batch of rows they are."""
    steps = [column for column in columns.columns if column.key == STEP]
    times = [column for column in columns.columns if column.key == TIMESTAMP]
    logged = [column for column in columns.columns if column.key not in (STEP, TIMESTAMP)]
    if len(steps) == 1 and steps[0].rows is None and steps[0].kind is ValueKind.INT:
        return RowBatch(np.asarray(steps[0].values), _floats(times, columns.num_rows), logged)
    return RowBatch(_floats(steps, columns.num_rows), _floats(times, columns.num_rows), logged)


def _floats(columns: list[Column], num_rows: int) -> FloatArray:
    """Return columns of one key as one float64 array; NaN where none has a value."""
    if len(columns) == 1 and columns[0].rows is None:
        return np.asarray(columns[0].values).astype(np.float64, copy=False)
    values = np.full(num_rows, np.nan)
    for column in columns:
        values[slice(None) if column.rows is None else column.rows] = column.values
    return values
