"""Rows for tests of history stores, and the slow, plain truth about their charts.

The oracle knows nothing of segments, pyramids or buckets: it has all rows as Python lists and
checks a line against them point by point. Kept apart from the stores on purpose, so that a
mistake in how they reduce cannot be in here too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from runwake.model.keys import RUNTIME, STEP, TIMESTAMP, ValueKind
from runwake.store.columns import Column, RowBatch
from runwake.store.ports import Append, ChartQuery, HistoryStore, Line, RunUid

STREAM = "main"
STARTED = 1.7e9

Row = dict[str, Any]
"""One logged row: `_step`, `_timestamp` and what else was logged."""


@dataclass
class RunWriter:
    """Appends rows to a run as a server would, and keeps them to compare with."""

    store: HistoryStore
    run: RunUid
    stream: str = STREAM
    offset: int = 0
    rows: list[Row] = field(default_factory=list)

    def log(self, rows: Sequence[Row]) -> None:
        """Append some rows as one batch."""
        self.store.append(self.next_append(rows))
        self.offset += 10 * len(rows)
        self.rows.extend(rows)

    def log_in_batches(self, rows: Sequence[Row], size: int) -> None:
        """Append rows in batches of at most `size`."""
        for first in range(0, len(rows), size):
            self.log(rows[first : first + size])

    def next_append(self, rows: Sequence[Row]) -> Append:
        """Return the append that would add some rows."""
        end = self.offset + 10 * len(rows)
        return Append(self.run, self.stream, self.offset, end, rows=batch_of(rows))


def kind_of(value: Any) -> ValueKind:
    """Return the kind in which a plain Python value is stored."""
    if isinstance(value, bool):
        return ValueKind.BOOL
    if isinstance(value, int):
        return ValueKind.INT if -(2**63) <= value < 2**63 else ValueKind.UINT
    if isinstance(value, float):
        return ValueKind.FLOAT
    return ValueKind.STRING if isinstance(value, str) else ValueKind.JSON


_DTYPES = {
    ValueKind.FLOAT: np.float64,
    ValueKind.INT: np.int64,
    ValueKind.UINT: np.uint64,
    ValueKind.BOOL: np.bool_,
}


def batch_of(rows: Sequence[Row]) -> RowBatch:
    """Return rows as the columns that ingest would make of them."""
    cells: dict[tuple[str, ValueKind], list[tuple[int, Any]]] = {}
    for number, row in enumerate(rows):
        for key, value in row.items():
            if key not in (STEP, TIMESTAMP):
                cells.setdefault((key, kind_of(value)), []).append((number, value))
    columns = []
    for (key, kind), members in cells.items():
        values: Any = [value for _, value in members]
        if kind.is_numeric:
            values = np.array(values, _DTYPES[kind])
        numbers = np.array([number for number, _ in members], np.int64)
        columns.append(Column(key, kind, None if len(numbers) == len(rows) else numbers, values))
    times = np.array([row[TIMESTAMP] for row in rows], np.float64)
    steps = [row[STEP] for row in rows]
    if all(isinstance(step, int) for step in steps):
        return RowBatch(np.array(steps, np.int64), times, columns)
    return RowBatch(np.array(steps, np.float64), times, columns)


def rows_of(batches: Sequence[RowBatch]) -> list[Row]:
    """Return scanned batches as rows again."""
    rows: list[Row] = []
    for batch in batches:
        part: list[Row] = [
            {STEP: step, TIMESTAMP: time}
            for step, time in zip(batch.steps.tolist(), batch.times.tolist(), strict=True)
        ]
        for column in batch.columns:
            numbers = range(len(part)) if column.rows is None else column.rows.tolist()
            values: Any = column.values
            plain = values.tolist() if isinstance(values, np.ndarray) else values
            for number, value in zip(numbers, plain, strict=True):
                assert column.key not in part[number], f"two values of {column.key} in one row"
                part[number][column.key] = value
        rows.extend(part)
    return rows


def are_same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the bit: type, sign of zero, NaN included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or (one == other and math.copysign(1, one) == math.copysign(1, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(are_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(are_same, one, other))
    return bool(one == other)


def points_of(
    rows: Sequence[Row], key: str, query: ChartQuery, started: float
) -> list[tuple[float, float]]:
    """Return the points that a line stands for, ordered by x."""
    points: list[tuple[float, float]] = []
    for row in rows:
        x = row[TIMESTAMP] - started if query.x == RUNTIME else row.get(query.x)
        y = row.get(key)
        if not isinstance(x, (bool, int, float)) or not isinstance(y, (bool, int, float)):
            continue
        x = float(x)
        if not math.isfinite(x):
            continue
        if query.x_min is not None and x < query.x_min:
            continue
        if query.x_max is not None and x > query.x_max:
            continue
        points.append((x, float(y)))
    if query.x == STEP:
        points = list({x: (x, y) for x, y in points}.values())
    return sorted(points, key=lambda point: point[0])


def check_line(line: Line | None, points: Sequence[tuple[float, float]], max_buckets: int) -> None:
    """Compare a line with the points that it stands for.

    Raises:
        AssertionError: a point is lost, invented, in the wrong place, or outside its band.
    """
    if not points:
        assert line is None, "a line without points"
        return
    assert line is not None, f"no line for {len(points)} points"
    assert line.num_points == len(points)
    finite = [(x, y) for x, y in points if math.isfinite(y)]
    odd = [(x, _odd_kind(y)) for x, y in points if not math.isfinite(y)]
    reported = list(zip(line.nonfinite_x.tolist(), line.nonfinite.tolist(), strict=True))
    if len(points) <= max_buckets:
        assert line.sampling == "raw"
        xs, ys = [x for x, _ in finite], [y for _, y in finite]
        assert line.x.tolist() == xs
        for series in (line.minimum, line.maximum, line.mean, line.last):
            assert series.tolist() == ys
        assert line.count.tolist() == [1] * len(finite)
        assert reported == odd
        return
    assert line.sampling == "buckets"
    assert len(line.x) <= max_buckets
    assert set(reported) <= set(odd)
    assert {kind for _, kind in reported} == {kind for _, kind in odd}
    assert len(reported) <= 3 * max_buckets
    _check_buckets(line, finite)


def _check_buckets(line: Line, finite: Sequence[tuple[float, float]]) -> None:
    """Each bucket stands for exactly the points above the last bucket's x, up to its own."""
    assert (np.diff(line.x) > 0).all()
    assert int(line.count.sum()) == len(finite)
    place = 0
    for index, x in enumerate(line.x.tolist()):
        values = []
        while place < len(finite) and finite[place][0] <= x:
            last_x, value = finite[place]
            values.append(value)
            place += 1
        assert values, f"bucket {index} is empty"
        assert last_x == x
        assert line.count[index] == len(values)
        assert line.minimum[index] == min(values)
        assert line.maximum[index] == max(values)
        assert line.last[index] == values[-1]
        mean = math.fsum(value / len(values) for value in values)
        scale = max(map(abs, values))
        assert math.isclose(line.mean[index], mean, rel_tol=1e-9, abs_tol=scale * 1e-9)
        assert line.minimum[index] <= line.mean[index] <= line.maximum[index]
    assert place == len(finite)


def _odd_kind(value: float) -> int:
    return 0 if math.isnan(value) else 1 if value > 0 else -1
