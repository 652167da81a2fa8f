"""The open tails in memory: what live charts read. Station 6.

A mirror of table `tail`, filled when the store opens and by the writer after each commit. The
writer only appends a reference; batches are folded into arrays by whoever reads a key, and the
fold is kept and grown. It never holds anything that is not durable already.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from runwake.store.columns import FloatArray
from runwake.store.history.statistics import Statistics, merge, of_batches
from runwake.store.history.tail import Columns, Rows, TailBatch, fold
from runwake.store.ports import RunUid


class RunTail:
    """The tail of one run. Appended by the writer; a cut makes a new one."""

    def __init__(self, run_id: int, start: int, batches: Sequence[TailBatch] = ()) -> None:
        self.run_id = run_id
        self.start = start
        self.batches: list[TailBatch] = list(batches)
        self.nbytes = sum(batch.nbytes for batch in self.batches)
        self.touched = time.monotonic()
        self.lock = threading.Lock()
        self._floats: dict[str, tuple[int, Rows, FloatArray]] = {}
        self._statistics: Statistics = {}
        self._statistics_upto = 0

    @property
    def num_cells(self) -> int:
        """Rows times keys, roughly."""
        return self.nbytes // 8

    def __len__(self) -> int:
        """Number of rows."""
        return self.end - self.start

    @property
    def end(self) -> int:
        """Number of rows that the run has."""
        return self.batches[-1].end if self.batches else self.start

    def floats(self, key: str) -> tuple[Rows, FloatArray]:
        """Return the numeric values of a key as float64, with their row numbers, ascending."""
        with self.lock:
            upto, rows, values = self._floats.get(key) or (0, _NO_ROWS, _NO_VALUES)
            batches = self.batches[upto:]
            if not batches:
                return rows, values
            pieces = [(rows, values)]
            for batch in batches:
                pieces.extend(_floats_of(batch, key))
            rows = np.concatenate([piece for piece, _ in pieces])
            values = np.concatenate([piece for _, piece in pieces])
            self._floats[key] = (upto + len(batches), rows, values)
            return rows, values

    def statistics(self, first_row: int) -> Statistics:
        """Return the statistics of each key over the rows from `first_row` on."""
        with self.lock:
            if first_row > self.start:  # a compaction is between its commit and its cut
                batches = [batch for batch in self.batches if batch.end > first_row]
                return of_batches(batches, first_row)
            batches = self.batches[self._statistics_upto :]
            if batches:
                first = max(self.start, batches[0].row0)
                merge(self._statistics, of_batches(batches, first))
                self._statistics_upto += len(batches)
            return dict(self._statistics)


_NO_ROWS: Rows = np.empty(0, np.int64)
_NO_VALUES: FloatArray = np.empty(0)


def _floats_of(batch: TailBatch, key: str) -> list[tuple[Rows, FloatArray]]:
    """Return the numeric values of a key in one batch, ascending by row."""
    found = []
    for column in batch.find(key):
        if column.kind.is_numeric:
            rows = np.arange(batch.num_rows) if column.rows is None else column.rows
            found.append((rows + batch.row0, np.asarray(column.values).astype(np.float64)))
    if len(found) < 2:
        return found
    rows = np.concatenate([piece for piece, _ in found])
    order = np.argsort(rows, kind="stable")
    return [(rows[order], np.concatenate([piece for _, piece in found])[order])]


class TailView:
    """One run's tail as it stood at one moment, without the rows that segments hold by now."""

    def __init__(self, tail: RunTail) -> None:
        self._tail = tail
        self._batches = tail.batches[:]
        self.run_id = tail.run_id
        self.start = tail.start
        self.end = self._batches[-1].end if self._batches else tail.start

    def floats(self, key: str, first_row: int) -> tuple[Rows | None, FloatArray]:
        """Return a key's numeric values in rows [first_row, end), rows counted from first_row.

        The rows are None if every row has a value.
        """
        rows, values = self._tail.floats(key)
        low, high = np.searchsorted(rows, (first_row, self.end)).tolist()
        if high - low == self.end - first_row:
            return None, values[low:high]
        return rows[low:high] - first_row, values[low:high]

    def columns(self, first_row: int) -> Columns | None:
        """Return all columns in rows [first_row, end), None if there are no such rows."""
        batches = [batch for batch in self._batches if batch.end > first_row]
        if not batches:
            return None
        folded = fold(batches)
        return folded.cut(max(0, first_row - batches[0].row0), folded.num_rows)

    def statistics(self, first_row: int) -> Statistics:
        """Return the statistics of each key in the rows from `first_row` on."""
        return self._tail.statistics(first_row)


class Mirror:
    """All open tails. Thread-safe; only the writer thread changes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tails: dict[RunUid, RunTail] = {}
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all batches held."""
        return self._bytes

    def view(self, run: RunUid) -> TailView | None:
        """Return a run's tail as of now, None if it has none."""
        with self._lock:
            tail = self._tails.get(run)
            return TailView(tail) if tail is not None else None

    def num_rows(self, run: RunUid) -> int | None:
        """Return how many rows the run has, None if it has no open tail."""
        with self._lock:
            tail = self._tails.get(run)
            return tail.end if tail is not None else None

    def ensure(self, run: RunUid, run_id: int, num_rows: int) -> None:
        """Open a run's tail, before its first append is committed.

        From then on `num_rows` is what readers can see, never ahead of it.
        """
        with self._lock:
            tail = self._tails.get(run)
            if tail is None or tail.run_id != run_id:
                self._drop(run)
                self._tails[run] = RunTail(run_id, num_rows)

    def append(self, run: RunUid, batch: TailBatch) -> None:
        """Add a batch that is committed."""
        with self._lock:
            tail = self._tails[run]
            tail.batches.append(batch)
            tail.nbytes += batch.nbytes
            tail.touched = time.monotonic()
            self._bytes += batch.nbytes

    def cut(self, run: RunUid, run_id: int, start: int) -> None:
        """Drop the rows below `start`: segments hold them."""
        with self._lock:
            tail = self._tails.get(run)
            if tail is None or tail.run_id != run_id:
                return
            self._drop(run)
            rest = [batch for batch in tail.batches if batch.end > start]
            if rest:
                fresh = RunTail(tail.run_id, start, rest)
                fresh.touched = tail.touched
                self._tails[run] = fresh
                self._bytes += fresh.nbytes

    def forget(self, run: RunUid) -> None:
        """Drop a run's tail."""
        with self._lock:
            self._drop(run)

    def _drop(self, run: RunUid) -> None:
        tail = self._tails.pop(run, None)
        if tail is not None:
            self._bytes -= tail.nbytes

    def select(self, wanted: Callable[[RunTail], bool]) -> list[RunUid]:
        """Return the runs whose tail is wanted, the longest first."""
        with self._lock:
            found = [(tail.nbytes, run) for run, tail in self._tails.items() if wanted(tail)]
        return [run for _, run in sorted(found, key=lambda pair: pair[0], reverse=True)]
