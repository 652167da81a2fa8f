"""`HistoryStore` in memory, for tests of what lies above it. Keeps the port's promises but one:
nothing outlives the process.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from runwake.errors import OffsetMismatchError
from runwake.model.keys import RUNTIME, STEP, TIMESTAMP, ValueKind
from runwake.store.columns import Column, FloatArray, RowBatch
from runwake.store.ports import (
    Append,
    ChartQuery,
    ConsoleLine,
    ConsolePage,
    KeySummary,
    Line,
    RunUid,
)
from runwake.wire.rows import Schema


@dataclass
class _Run:
    offsets: dict[str, int] = field(default_factory=dict)
    schemas: dict[str, dict[int, Schema]] = field(default_factory=dict)
    batches: list[RowBatch] = field(default_factory=list)
    console: list[ConsoleLine] = field(default_factory=list)

    @property
    def num_rows(self) -> int:
        return sum(batch.num_rows for batch in self.batches)


class MemoryHistoryStore:
    """All history in lists. Thread-safe."""

    def __init__(self) -> None:
        self._runs: dict[RunUid, _Run] = {}
        self._lock = threading.RLock()

    def append(self, append: Append) -> None:
        """See `HistoryStore.append`."""
        with self._lock:
            run = self._runs.setdefault(append.run, _Run())
            stands = run.offsets.get(append.stream, 0)
            if append.offset != stands:
                raise OffsetMismatchError(stands, append.offset)
            run.offsets[append.stream] = append.next_offset
            schemas = run.schemas.setdefault(append.stream, {})
            schemas.update({schema.id: schema for schema in append.schemas})
            if append.rows is not None:
                run.batches.append(append.rows)
            run.console += append.console

    def offset(self, run: RunUid, stream: str) -> int:
        """See `HistoryStore.offset`."""
        with self._lock:
            return self._run(run).offsets.get(stream, 0)

    def schemas(self, run: RunUid, stream: str) -> Mapping[int, Schema]:
        """See `HistoryStore.schemas`."""
        with self._lock:
            return dict(self._run(run).schemas.get(stream, {}))

    def num_rows(self, runs: Sequence[RunUid]) -> Mapping[RunUid, int]:
        """See `HistoryStore.num_rows`."""
        with self._lock:
            return {run: self._run(run).num_rows for run in runs}

    def keys(self, runs: Sequence[RunUid]) -> Mapping[RunUid, Sequence[KeySummary]]:
        """See `HistoryStore.keys`."""
        with self._lock:
            return {run: _summaries(self._run(run).batches) for run in runs}

    def lines(self, query: ChartQuery) -> Sequence[Line]:
        """See `HistoryStore.lines`."""
        with self._lock:
            lines = []
            for run, started_at in query.runs.items():
                batches = self._run(run).batches
                for key in query.keys:
                    line = _line(run, key, batches, query, started_at)
                    if line is not None:
                        lines.append(line)
            return lines

    def scan(
        self, run: RunUid, keys: Sequence[str] | None = None, first_row: int = 0
    ) -> Iterator[RowBatch]:
        """See `HistoryStore.scan`."""
        with self._lock:
            batches = list(self._run(run).batches)
        for batch in batches:
            if first_row < batch.num_rows:
                yield _cut(batch, keys, first_row)
            first_row = max(0, first_row - batch.num_rows)

    def console(self, run: RunUid, first: int, limit: int) -> ConsolePage:
        """See `HistoryStore.console`."""
        with self._lock:
            lines = self._run(run).console
            begin = max(0, len(lines) + first) if first < 0 else min(first, len(lines))
            return ConsolePage(begin, len(lines), lines[begin : begin + limit])

    def delete(self, run: RunUid) -> None:
        """See `HistoryStore.delete`."""
        with self._lock:
            self._runs.pop(run, None)

    def close(self) -> None:
        """See `HistoryStore.close`."""

    def _run(self, run: RunUid) -> _Run:
        return self._runs.get(run) or _Run()


def _summaries(batches: Sequence[RowBatch]) -> Sequence[KeySummary]:
    values: dict[tuple[str, ValueKind], list[Any]] = {}
    for batch in batches:
        for column in batch.columns:
            values.setdefault((column.key, column.kind), []).extend(_plain(column.values))
    summaries = []
    for (key, kind), logged in sorted(values.items()):
        numbers = [x for x in logged if kind.is_numeric and not math.isnan(x)]
        low = float(min(numbers)) if numbers else None
        high = float(max(numbers)) if numbers else None
        summaries.append(KeySummary(key, kind, len(logged), low, high, logged[-1]))
    return summaries


def _plain(values: Any) -> list[Any]:
    return list(values) if isinstance(values, Sequence) else list(values.tolist())


def _cut(batch: RowBatch, keys: Sequence[str] | None, first_row: int) -> RowBatch:
    columns = []
    for column in batch.columns:
        if keys is not None and column.key not in keys:
            continue
        rows = np.arange(batch.num_rows) if column.rows is None else column.rows
        begin = int(np.searchsorted(rows, first_row))
        if begin < len(rows):
            kept = rows[begin:] - first_row
            columns.append(Column(column.key, column.kind, kept, column.values[begin:]))
    return RowBatch(batch.steps[first_row:], batch.times[first_row:], columns)


def _numeric(batch: RowBatch, key: str, started_at: float) -> FloatArray:
    """Return one value per row, with a mask of NaN payload for rows without: see `_line`."""
    if key == STEP:
        return np.asarray(batch.steps, np.float64)
    if key == TIMESTAMP:
        return batch.times
    if key == RUNTIME:
        return batch.times - started_at
    values = np.full(batch.num_rows, np.nan)
    for column in batch.columns:
        if column.key == key and column.kind.is_numeric:
            rows = slice(None) if column.rows is None else column.rows
            values[rows] = np.asarray(column.values, np.float64)
    return values


def _has(batch: RowBatch, key: str) -> npt.NDArray[np.bool_]:
    if key in (STEP, TIMESTAMP, RUNTIME):
        return np.ones(batch.num_rows, np.bool_)
    present = np.zeros(batch.num_rows, np.bool_)
    for column in batch.columns:
        if column.key == key and column.kind.is_numeric:
            present[slice(None) if column.rows is None else column.rows] = True
    return present


def _line(
    run: RunUid, key: str, batches: Sequence[RowBatch], query: ChartQuery, started_at: float
) -> Line | None:
    all_x: list[FloatArray] = []
    all_y: list[FloatArray] = []
    for batch in batches:
        x, y = _numeric(batch, query.x, started_at), _numeric(batch, key, started_at)
        keep = _has(batch, key) & np.isfinite(x)
        keep &= x >= (-math.inf if query.x_min is None else query.x_min)
        keep &= x <= (math.inf if query.x_max is None else query.x_max)
        all_x.append(x[keep])
        all_y.append(y[keep])
    if not sum(map(len, all_x)):
        return None
    x, y = np.concatenate(all_x), np.concatenate(all_y)
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    bad = ~np.isfinite(y)
    signs = np.where(np.isnan(y[bad]), 0, np.sign(y[bad])).astype(np.int8)
    finite_x, finite_y = x[~bad], y[~bad]
    if len(x) <= query.max_buckets:
        ones = np.ones(len(finite_x), np.int64)
        columns = (finite_x, finite_y, finite_y, finite_y, finite_y, ones)
        return Line(run, key, "raw", len(x), *columns, x[bad], signs)
    edges = np.linspace(x[0], x[-1], query.max_buckets + 1)
    bucket = np.clip(np.searchsorted(edges, finite_x, "right") - 1, 0, query.max_buckets - 1)
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    counts = np.diff(starts, append=len(bucket))
    lasts = starts + counts - 1
    return Line(
        run,
        key,
        "buckets",
        len(x),
        finite_x[lasts],
        np.minimum.reduceat(finite_y, starts) if len(starts) else finite_y,
        np.maximum.reduceat(finite_y, starts) if len(starts) else finite_y,
        np.add.reduceat(finite_y, starts) / counts if len(starts) else finite_y,
        finite_y[lasts],
        counts,
        x[bad],
        signs,
    )
