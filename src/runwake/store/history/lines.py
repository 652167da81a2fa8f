"""Chart queries: from a run's chunks and tail to one line. Station 6.

A segment wholly in the range is answered from its pyramid where blocks are narrow enough; border
segments, sparse columns and all that is out of order are unpacked. Both ways keep the same rules
(buckets.py). Damaged chunks are reported and left out: one of them must not break a chart.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from runwake.errors import UsageError
from runwake.model.keys import RUNTIME, STEP, TIMESTAMP
from runwake.store.columns import FloatArray
from runwake.store.history import buckets, codec, pyramid
from runwake.store.history.buckets import Entries, Grid, IntArray, Nonfinite, Points
from runwake.store.history.mirror import TailView
from runwake.store.history.segments import ASCENDING, NONFINITE, STRICT, decode_presence
from runwake.store.ports import ChartQuery, Line, RunUid

logger = logging.getLogger(__name__)

BLOCKS_PER_BUCKET: Final = 4
"""A level of detail serves if at least so many of its blocks fit into a bucket."""

_LEVELS: Final = ((pyramid.COARSE, "lod2"), (pyramid.FINE, "lod1"))


class _Axis(NamedTuple):
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


_METAS: Final = """
SELECT id, row0, kind, num_rows, num_values, flags, minimum, maximum FROM chunk
WHERE run = ? AND key = ? AND kind IN ('f', 'i', 'u', 'b') ORDER BY row0
"""

_Column = tuple[IntArray | None, FloatArray]


class _Part(NamedTuple):
    """The chunks of x and y in one segment, and the range of x there."""

    x: list[_Meta]
    y: list[_Meta]
    low: float
    high: float

    @property
    def num_points(self) -> int:
        """Points, if x is plain."""
        return sum(meta.num_values for meta in self.y)


class _RunReader:
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

    def metas(self, key_id: int | None) -> dict[int, list[_Meta]]:
        """Return the numeric chunks of a key, by first row of their segment."""
        found: dict[int, list[_Meta]] = {}
        if key_id is not None:
            for row in self._connection.execute(_METAS, (self._run_id, key_id)):
                found.setdefault(row[1], []).append(_Meta._make(row))
        return found

    def parts(self, axis: _Axis, x_id: int | None, y_id: int | None) -> Iterator[_Part]:
        """Yield the segments that have both keys and reach into the range, in order."""
        ys = self.metas(y_id)
        if not ys or x_id is None:
            return
        xs = self._x_metas.get(x_id)
        if xs is None:
            xs = self._x_metas[x_id] = self.metas(x_id)
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
                yield _Part(x, y, low, high)

    def points(self, axis: _Axis, part: _Part) -> Points:
        """Return the points of a segment that are in the range, in order of arrival."""
        try:
            first = part.x[0].id
            x = self._x_columns.get(first)
            if x is None:
                rows, values = self._column(part.x)
                x = self._x_columns[first] = (rows, values - axis.shift)
            points = buckets.align(x, self._column(part.y))
        except codec.CorruptChunkError as error:
            logger.error("a damaged chunk is left out of a chart: %s", error)
            return _NO_POINTS
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
        presence, data = self._blobs("presence, data", meta)
        values = codec.decode_array(data, meta.kind, meta.num_values)
        rows = decode_presence(presence, meta.num_values)
        return rows, values.astype(np.float64, copy=False)

    def _blobs(self, names: str, meta: _Meta) -> Any:
        return self._connection.execute(
            f"SELECT {names} FROM chunk WHERE id = ?",  # noqa: S608 (names are ours)
            (meta.id,),
        ).fetchone()

    def entries(self, axis: _Axis, part: _Part, grid: Grid) -> Entries | None:
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

    def _ends(self, axis: _Axis, x: _Meta, size: int, name: str) -> tuple[FloatArray, FloatArray]:
        """Return the first and last x of each block of a plain, ascending x."""
        blocks = self._blocks(x, size, name)
        if blocks is not None:
            return blocks.minimum - axis.shift, blocks.maximum - axis.shift
        values = self._chunk(x)[1] - axis.shift
        starts = pyramid.block_starts(x.num_rows, size)
        return values[starts], values[starts + pyramid.block_sizes(x.num_rows, size) - 1]

    def _blocks(self, meta: _Meta, size: int, name: str) -> pyramid.Blocks | None:
        (blob,) = self._blobs(name, meta)
        if blob is None:
            return None
        num_blocks = -(-meta.num_rows // size)
        return pyramid.Blocks(*codec.decode_array(blob, "f", 4 * num_blocks).reshape(4, num_blocks))

    def tail_points(self, axis: _Axis, key: str) -> Points:
        """Return the points of the rows that are in no segment yet."""
        tail = self._tail
        if tail is None or tail.end <= self._first_tail_row:
            return _NO_POINTS
        rows, values = tail.floats(axis.key, self._first_tail_row)
        y = tail.floats(key, self._first_tail_row)
        if not len(values) or not len(y[1]):
            return _NO_POINTS
        points = buckets.align((rows, values - axis.shift), y)
        return buckets.within(points, axis.low, axis.high)


_NO_POINTS: Final = Points(np.empty(0), np.empty(0))


def draw(
    connection: sqlite3.Connection, query: ChartQuery, tails: dict[RunUid, TailView | None]
) -> list[Line]:
    """Return the lines of a query, run by run, in the order of its keys.

    Args:
        connection: in a read transaction that began after the tails were taken.
        query: what to draw.
        tails: the open tail of each run.

    Raises:
        UsageError: `max_buckets` is below 1.
    """
    if query.max_buckets < 1:
        raise UsageError(f"max_buckets must be 1 or more, not {query.max_buckets}")
    x_key = TIMESTAMP if query.x == RUNTIME else query.x
    low = -np.inf if query.x_min is None else query.x_min
    high = np.inf if query.x_max is None else query.x_max
    key_ids = {name: _key_id(connection, name) for name in {x_key, *query.keys}}
    lines = []
    for run, started in query.runs.items():
        found = connection.execute(
            "SELECT id, segment_rows FROM run WHERE uid = ?", (run,)
        ).fetchone()
        if found is None:
            continue
        run_id, segment_rows = found
        tail = tails.get(run)
        if tail is not None and tail.run_id != run_id:
            tail = None
        reader = _RunReader(connection, run_id, segment_rows, tail)
        axis = _Axis(x_key, started if query.x == RUNTIME else 0.0, low, high)
        for key in query.keys:
            parts = list(reader.parts(axis, key_ids[x_key], key_ids[key]))
            drawn = _draw_line(
                reader, axis, parts, reader.tail_points(axis, key), query.max_buckets
            )
            if drawn is not None:
                lines.append(_line(run, key, drawn))
    return lines


def _key_id(connection: sqlite3.Connection, name: str) -> int | None:
    found = connection.execute("SELECT id FROM key WHERE name = ?", (name,)).fetchone()
    return found[0] if found is not None else None


class _Drawn(NamedTuple):
    is_raw: bool
    num_points: int
    entries: Entries
    nonfinite: Nonfinite


def _line(run: RunUid, key: str, drawn: _Drawn) -> Line:
    sampling: Any = "raw" if drawn.is_raw else "buckets"
    return Line(run, key, sampling, drawn.num_points, *drawn.entries, *drawn.nonfinite)


def _draw_line(
    reader: _RunReader, axis: _Axis, parts: list[_Part], tail: Points, max_buckets: int
) -> _Drawn | None:
    if not _are_in_order(axis, parts, tail):
        stretches = [reader.points(axis, part) for part in parts]
        points = Points(*map(np.concatenate, zip(*stretches, tail, strict=True)))
        return _draw_points(buckets.in_order(points, unique=axis.unique), max_buckets)
    inside = [axis.low <= part.low and part.high <= axis.high for part in parts]
    border = [
        _NO_POINTS if whole else reader.points(axis, part)
        for part, whole in zip(parts, inside, strict=True)
    ]
    count = len(tail.x) + sum(
        part.num_points if whole else len(points.x)
        for part, whole, points in zip(parts, inside, border, strict=True)
    )
    if count <= max_buckets:
        stretches = [
            reader.points(axis, part) if whole else points
            for part, whole, points in zip(parts, inside, border, strict=True)
        ]
        if len(stretches) == 1 and not len(tail.x):
            return _draw_points(stretches[0], max_buckets)
        points = Points(*map(np.concatenate, zip(*stretches, tail, strict=True)))
        return _draw_points(points, max_buckets)
    return _draw_parts(
        reader, axis, list(zip(parts, inside, border, strict=True)), tail, max_buckets
    )


def _are_in_order(axis: _Axis, parts: list[_Part], tail: Points) -> bool:
    """Whether all points ascend in x as they arrived, as far as can be told without reading."""
    wanted = STRICT if axis.unique else ASCENDING
    before = -np.inf
    for part in parts:
        x = part.x[0]
        if len(part.x) > 1 or not x.is_plain or not x.flags & wanted:
            return False
        if part.low < before or (axis.unique and part.low == before):
            return False
        before = part.high
    if not len(tail.x):
        return True
    follows = tail.x[0] > before if axis.unique else tail.x[0] >= before
    return bool(follows) and buckets.is_in_order(tail.x, strict=axis.unique)


def _draw_points(points: Points, max_buckets: int) -> _Drawn | None:
    num_points = len(points.x)
    if num_points == 0:
        return None
    entries, nonfinite = buckets.split(points)
    if num_points <= max_buckets:
        return _Drawn(True, num_points, entries, nonfinite)
    grid = Grid(float(points.x[0]), float(points.x[-1]), max_buckets)
    return _Drawn(False, num_points, buckets.reduce(entries, grid), buckets.thin(nonfinite, grid))


def _draw_parts(
    reader: _RunReader,
    axis: _Axis,
    parts: list[tuple[_Part, bool, Points]],
    tail: Points,
    max_buckets: int,
) -> _Drawn | None:
    """Return buckets over parts in order, from pyramids as far as these go."""
    grid = _grid_of(parts, tail, max_buckets)
    num_points = 0
    entries: list[Entries] = []
    nonfinite: list[Nonfinite] = []

    def add(points: Points) -> None:
        nonlocal num_points
        num_points += len(points.x)
        finite, odd = buckets.split(points)
        entries.append(finite)
        nonfinite.append(odd)

    highs = [-np.inf, *(part.high for part, _, _ in parts)]
    lows = [part.low for part, _, _ in parts] + [float(tail.x[0]) if len(tail.x) else np.inf]
    for index, (part, whole, points) in enumerate(parts):
        apart = highs[index] < part.low and part.high < lows[index + 1]
        blocks = reader.entries(axis, part, grid) if whole and apart else None
        if blocks is not None:
            entries.append(blocks)
            num_points += part.num_points
        else:
            add(reader.points(axis, part) if whole else points)
    add(tail)
    if num_points == 0:
        return None
    odd = buckets.thin(buckets.join_nonfinite(nonfinite), grid)
    return _Drawn(False, num_points, buckets.reduce(buckets.join(entries), grid), odd)


def _grid_of(parts: list[tuple[_Part, bool, Points]], tail: Points, max_buckets: int) -> Grid:
    """Return the buckets between the first and the last x of the line's segments and tail."""
    bounds: list[float] = []
    for part, whole, points in parts:
        if whole:
            bounds += (part.low, part.high)
        elif len(points.x):
            bounds += (float(points.x[0]), float(points.x[-1]))
    if len(tail.x):
        bounds += (float(tail.x[0]), float(tail.x[-1]))
    return Grid(min(bounds), max(bounds), max_buckets)
