"""Reads what a chart needs of one run: chunks without their blobs first, then as few as can be.

Station 6. A chart query has one reader per run; each x is unpacked once, however many keys are
drawn over it. Damaged chunks are reported and left out: one of them must not break a chart.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from runwake.model.keys import STEP
from runwake.store.columns import FloatArray
from runwake.store.history import buckets, codec, pyramid
from runwake.store.history.buckets import Entries, Grid, IntArray, Points
from runwake.store.history.mirror import TailView
from runwake.store.history.segments import ASCENDING, NONFINITE, decode_presence

logger = logging.getLogger(__name__)

BLOCKS_PER_BUCKET: Final = 4
"""A level of detail serves if at least so many of its blocks fit into a bucket."""

EAGER_ROWS: Final = 8192
"""Runs with at most so many rows in segments are read whole, in one statement per key."""

NO_POINTS: Final = Points(np.empty(0), np.empty(0))

_LEVELS: Final = ((pyramid.COARSE, "lod2"), (pyramid.FINE, "lod1"))


class Axis(NamedTuple):
    """What is drawn to the right."""

    key: str
    shift: float
    low: float
    high: float

    @property
    def unique(self) -> bool:
        """Whether a later row replaces an earlier one of equal x."""
        return self.key == STEP


class _Meta(NamedTuple):
    """A chunk without its blobs."""

    id: int
    row0: int
    kind: str
    num_rows: int
    num_values: int
    flags: int
    minimum: float | None
    maximum: float | None

    @property
    def is_plain(self) -> bool:
        """Whether every row has a finite value."""
        return self.num_values == self.num_rows and not self.flags & NONFINITE


_FIELDS: Final = "key, id, row0, kind, num_rows, num_values, flags, minimum, maximum"
_WHERE: Final = "kind IN ('f', 'i', 'u', 'b') ORDER BY key, row0"


def _statements(fields: str) -> dict[int, str]:
    """Return how to read the chunks of one key, and of two."""
    return {
        number: f"SELECT {fields} FROM chunk WHERE run = ? AND key IN ({marks}) AND {_WHERE}"  # noqa: S608
        for number, marks in ((1, "?"), (2, "?, ?"))
    }


_METAS: Final = _statements(_FIELDS)
_METAS_AND_DATA: Final = _statements(f"{_FIELDS}, presence, data")

_Column = tuple[IntArray | None, FloatArray]


class Part(NamedTuple):
    """The chunks of x and y in one segment, and the range of x there."""

    x: list[_Meta]
    y: list[_Meta]
    low: float
    high: float

    def is_inside(self, axis: Axis) -> bool:
        """Whether no finite x of the segment is out of the range."""
        return axis.low <= self.low and self.high <= axis.high

    def is_ordered(self, wanted: int) -> bool:
        """Whether every row has a finite x, and x has the flag `wanted` of segments.py."""
        x = self.x[0]
        return len(self.x) == 1 and x.is_plain and bool(x.flags & wanted)

    @property
    def num_points(self) -> int:
        """Points, if x is plain."""
        return sum(meta.num_values for meta in self.y)


class RunReader:
    """One run within one query: finds chunks, unpacks each at most once."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        run_id: int,
        first_tail_row: int,
        tail: TailView | None,
    ) -> None:
        self._connection = connection
        self._run_id = run_id
        self._first_tail_row = first_tail_row
        self._tail = tail
        self._x_metas: dict[int, dict[int, list[_Meta]]] = {}
        self._x_columns: dict[int, _Column] = {}
        self._data: dict[int, tuple[bytes | None, bytes]] = {}

    def _metas(self, key_ids: Sequence[int]) -> dict[int, dict[int, list[_Meta]]]:
        """Return the numeric chunks of keys, by key and by first row of their segment."""
        found: dict[int, dict[int, list[_Meta]]] = {key_id: {} for key_id in key_ids}
        if not self._first_tail_row:
            return found
        eager = self._first_tail_row <= EAGER_ROWS
        statement = (_METAS_AND_DATA if eager else _METAS)[len(key_ids)]
        for row in self._connection.execute(statement, (self._run_id, *key_ids)):
            found[row[0]].setdefault(row[2], []).append(_Meta(*row[1:9]))
            if eager:
                self._data[row[1]] = row[9:]
        return found

    def parts(self, axis: Axis, x_id: int | None, y_id: int | None) -> Iterator[Part]:
        """Yield the segments that have both keys and reach into the range, in order."""
        if x_id is None or y_id is None:
            return
        wanted = [y_id] if x_id in self._x_metas or x_id == y_id else [x_id, y_id]
        metas = self._metas(wanted)
        ys = metas[y_id]
        if x_id not in self._x_metas:
            self._x_metas[x_id] = metas[x_id]
        xs = self._x_metas[x_id]
        for row0, y in ys.items():
            x = xs.get(row0)
            if x is None:
                continue
            lows = [meta.minimum for meta in x if meta.minimum is not None]
            highs = [meta.maximum for meta in x if meta.maximum is not None]
            if not lows:
                continue
            low, high = min(lows) - axis.shift, max(highs) - axis.shift
            if low <= axis.high and high >= axis.low:
                yield Part(x, y, low, high)

    def points(self, axis: Axis, part: Part) -> Points:
        """Return the points of a segment that are in the range, in order of arrival."""
        try:
            first = part.x[0].id
            x = self._x_columns.get(first)
            if x is None:
                rows, values = self._column(part.x)
                if axis.shift:
                    values = values - axis.shift
                x = self._x_columns[first] = (rows, values)
            points = buckets.align(x, self._column(part.y))
        except codec.CorruptChunkError as error:
            logger.error("a damaged chunk is left out of a chart: %s", error)
            return NO_POINTS
        if len(part.x) == 1 and part.x[0].is_plain:
            if part.is_inside(axis):
                return points
            if part.x[0].flags & ASCENDING:
                return buckets.within_ascending(points, axis.low, axis.high)
        return buckets.within(points, axis.low, axis.high)

    def _column(self, metas: Sequence[_Meta]) -> _Column:
        columns = [self._chunk(meta) for meta in metas]
        if len(columns) == 1:
            return columns[0]
        # One key, several kinds: each row has a value of one of them.
        rows = np.concatenate([np.arange(len(v)) if r is None else r for r, v in columns])
        values = np.concatenate([v for _, v in columns])
        order = np.argsort(rows, kind="stable")
        rows, values = rows[order], values[order]
        return (None if len(rows) == metas[0].num_rows else rows), values

    def _chunk(self, meta: _Meta) -> _Column:
        presence, data = self._data.get(meta.id) or self._blobs("presence, data", meta)
        values = codec.decode_array(data, meta.kind, meta.num_values)
        rows = decode_presence(presence, meta.num_values)
        return rows, values.astype(np.float64, copy=False)

    def _blobs(self, names: str, meta: _Meta) -> Any:
        return self._connection.execute(
            f"SELECT {names} FROM chunk WHERE id = ?",  # noqa: S608 (names are ours)
            (meta.id,),
        ).fetchone()

    def entries(self, axis: Axis, part: Part, grid: Grid) -> Entries | None:
        """Return a segment's blocks, if those of some level are narrow enough for the grid."""
        x, y = part.x[0], part.y[0]
        if len(part.y) > 1 or not y.is_plain or y.num_rows < pyramid.BUILD_FROM:
            return None
        try:
            for size, name in _LEVELS:
                usual = (part.high / 2 - part.low / 2) * min(1.0, size / y.num_rows)
                if usual * BLOCKS_PER_BUCKET > grid.half_width:
                    continue
                first, last = self._ends(axis, x, size, name)
                widest = float((last / 2 - first / 2).max())
                # Rows of equal x must not be torn into two buckets.
                if widest * BLOCKS_PER_BUCKET <= grid.half_width and (first[1:] > last[:-1]).all():
                    blocks = self._blocks(y, size, name)
                    if blocks is None:
                        return None
                    counts = pyramid.block_sizes(y.num_rows, size)
                    return Entries(last, *blocks, counts)
        except codec.CorruptChunkError as error:
            logger.error("a damaged level of detail is passed over: %s", error)
        return None

    def _ends(self, axis: Axis, x: _Meta, size: int, name: str) -> tuple[FloatArray, FloatArray]:
        """Return the first and last x of each block of a plain, ascending x."""
        blocks = self._blocks(x, size, name)
        if blocks is not None:
            return blocks.minimum - axis.shift, blocks.maximum - axis.shift
        starts = pyramid.block_starts(x.num_rows, size)
        ends = starts + pyramid.block_sizes(x.num_rows, size) - 1
        line = codec.decode_line(self._blobs("data", x)[0])
        if line is not None:  # steps, mostly: no need to write them all down
            values = np.array([starts, ends]) * line[1] + line[0] - axis.shift
            return values[0], values[1]
        values = self._chunk(x)[1] - axis.shift
        return values[starts], values[ends]

    def _blocks(self, meta: _Meta, size: int, name: str) -> pyramid.Blocks | None:
        (blob,) = self._blobs(name, meta)
        if blob is None:
            return None
        num_blocks = -(-meta.num_rows // size)
        return pyramid.Blocks(*codec.decode_array(blob, "f", 4 * num_blocks).reshape(4, num_blocks))

    def tail_points(self, axis: Axis, key: str) -> Points:
        """Return the points of the rows that are in no segment yet."""
        tail = self._tail
        if tail is None or tail.end <= self._first_tail_row:
            return NO_POINTS
        rows, values = tail.floats(axis.key, self._first_tail_row)
        y = tail.floats(key, self._first_tail_row)
        if not len(values) or not len(y[1]):
            return NO_POINTS
        points = buckets.align((rows, values - axis.shift), y)
        return buckets.within(points, axis.low, axis.high)
