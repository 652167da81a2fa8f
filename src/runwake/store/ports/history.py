"""Port of the history store: rows of metrics and console lines. Imported by way of `ports`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from runwake.model.keys import STEP, ValueKind
from runwake.store.columns import FloatArray, RowBatch
from runwake.store.ports.identity import RunUid
from runwake.wire.rows import Schema


@dataclass(frozen=True)
class ConsoleLine:
    """One printed line. `text` has no newline.

    A `partial` line may still grow: the next line of the same stream and channel continues it.
    It is then added to its text, under its number and time, and may be partial again.
    """

    channel: str
    text: str
    time: float
    partial: bool = False


@dataclass(frozen=True)
class Append:
    """What one shipped range adds to a run's history.

    Attributes:
        offset: where the stream must stand for this to be applied, in bytes of its log.
        next_offset: where it stands afterwards.
        schemas: schemas that the range defined, for decoding what follows it.
        rows: None if the range held no closed rows.
        console: lines in order of printing.
    """

    run: RunUid
    stream: str
    offset: int
    next_offset: int
    schemas: Sequence[Schema] = ()
    rows: RowBatch | None = None
    console: Sequence[ConsoleLine] = ()


@dataclass(frozen=True)
class KeySummary:
    """What is known of one key (of one kind) in one run without reading its values.

    `count` rows have it; `minimum` and `maximum` leave NaN out and are None if nothing is left
    or the kind is not numeric; `last` is the value in the row that came last.
    """

    key: str
    kind: ValueKind
    count: int
    minimum: float | None = None
    maximum: float | None = None
    last: object = None


@dataclass(frozen=True)
class ChartQuery:
    """Lines to draw: every pair of a run and a key, over a common x.

    Attributes:
        runs: the runs, with the Unix time each started at (zero of relative time).
        keys: y keys; non-numeric values are left out.
        x: `_step`, `_timestamp`, `_runtime` (seconds since the run's start) or any numeric key.
            Rows that lack x, or whose x is not finite, are left out. Of rows with the same
            `_step` the one that came last counts, key by key.
        x_min, x_max: inclusive range of x; None is open.
        max_buckets: a line with more points than this is cut into at most so many buckets of
            equal width in x; one with fewer comes back point by point.
    """

    runs: Mapping[RunUid, float]
    keys: Sequence[str]
    x: str = STEP
    x_min: float | None = None
    x_max: float | None = None
    max_buckets: int = 1000


@dataclass(frozen=True)
class Line:
    """One line of a chart. Arrays are parallel and ordered by x.

    Attributes:
        sampling: `raw`: each entry is a logged point (minimum = maximum = mean = last);
            `buckets`: each entry is a non-empty bucket, x is that of its last point.
        num_points: how many logged points (finite or not) the line stands for.
        minimum, maximum, mean, last: over the bucket's finite values. No finite value ever lies
            outside the band [minimum, maximum] of its bucket. A bucket stands for exactly the
            points with x above that of the bucket before it, and up to its own.
        count: finite points in the bucket.
        nonfinite_x, nonfinite: where NaN (0), +Inf (1) and -Inf (-1) were logged; at most one
            entry of each kind per bucket.
    """

    run: RunUid
    key: str
    sampling: Literal["raw", "buckets"]
    num_points: int
    x: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    mean: FloatArray
    last: FloatArray
    count: npt.NDArray[np.int64]
    nonfinite_x: FloatArray = field(default_factory=lambda: np.empty(0))
    nonfinite: npt.NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))


@dataclass(frozen=True)
class ConsolePage:
    """Lines [first, first + len(lines)) of the `total` that a run has printed."""

    first: int
    total: int
    lines: Sequence[ConsoleLine]


class HistoryStore(Protocol):
    """Rows of metrics and console lines of runs, by order of arrival."""

    def append(self, append: Append) -> None:
        """Apply a range: durable, whole and once when this returns.

        Waiting appends of several threads may share one commit.

        Raises:
            OffsetMismatchError: the stream does not stand at `append.offset`; nothing was
                changed. `expected` says where it stands.
            StorageFullError: no space; nothing was changed.
        """

    def offset(self, run: RunUid, stream: str) -> int:
        """Return where a stream stands: 0 if it is unknown."""

    def schemas(self, run: RunUid, stream: str) -> Mapping[int, Schema]:
        """Return the schemas that the applied part of a stream defined."""

    def num_rows(self, runs: Sequence[RunUid]) -> Mapping[RunUid, int]:
        """Return how many rows each run has; unknown runs have 0."""

    def keys(self, runs: Sequence[RunUid]) -> Mapping[RunUid, Sequence[KeySummary]]:
        """Return the keys of each run with their kind, count and extremes."""

    def lines(self, query: ChartQuery) -> Sequence[Line]:
        """Return one line per run and key that has points in range, of all applied rows.

        The band rule holds at every range and budget: over the query's range, the smallest
        `minimum` and the largest `maximum` are those of the logged values.
        """

    def scan(
        self, run: RunUid, keys: Sequence[str] | None = None, first_row: int = 0
    ) -> Iterator[RowBatch]:
        """Yield all rows from `first_row` on, in order of arrival, exactly as logged.

        Args:
            run: the run.
            keys: keys to return; None: all.
            first_row: number of the first row wanted.
        """

    def console(self, run: RunUid, first: int, limit: int) -> ConsolePage:
        """Return lines from `first` on; a negative `first` counts from the end."""

    def delete(self, run: RunUid) -> None:
        """Forget a run; unknown runs are fine."""

    def close(self) -> None:
        """Release files. Further calls are errors."""
