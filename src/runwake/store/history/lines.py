"""Chart queries: from a run's chunks and tail to one line. Station 6.

A segment wholly in the range is answered from its pyramid where blocks are narrow enough; border
segments, sparse columns and all that is out of order are unpacked. Both ways keep the same rules
(buckets.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from runwake.errors import UsageError
from runwake.model.keys import RUNTIME, TIMESTAMP
from runwake.store.history import buckets
from runwake.store.history.buckets import Entries, Grid, Nonfinite, Points
from runwake.store.history.mirror import TailView
from runwake.store.history.run_reader import NO_POINTS, Axis, Part, RunReader
from runwake.store.history.segments import ASCENDING, STRICT
from runwake.store.ports import ChartQuery, Line, RunUid

_RUNS_PER_STATEMENT: Final = 500
_SHORT: Final = 4_096
"""Points of a segment that are reduced at once: pyramids and a second reduction would cost more."""


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
    known = _find_runs(connection, list(query.runs))
    for run, started in query.runs.items():
        if run not in known:
            continue
        run_id, segment_rows = known[run]
        tail = tails.get(run)
        if tail is not None and tail.run_id != run_id:
            tail = None
        reader = RunReader(connection, run_id, segment_rows, tail)
        axis = Axis(x_key, started if query.x == RUNTIME else 0.0, low, high)
        for key in query.keys:
            parts = list(reader.parts(axis, key_ids[x_key], key_ids[key]))
            drawn = _draw_line(
                reader, axis, parts, reader.tail_points(axis, key), query.max_buckets
            )
            if drawn is not None:
                lines.append(_line(run, key, drawn))
    return lines


def _find_runs(
    connection: sqlite3.Connection, runs: Sequence[RunUid]
) -> dict[RunUid, tuple[int, int]]:
    """Return id and number of rows in segments of the runs that exist."""
    known: dict[RunUid, tuple[int, int]] = {}
    for first in range(0, len(runs), _RUNS_PER_STATEMENT):
        some = runs[first : first + _RUNS_PER_STATEMENT]
        marks = ", ".join("?" * len(some))
        rows = connection.execute(
            f"SELECT uid, id, segment_rows FROM run WHERE uid IN ({marks})",  # noqa: S608
            some,
        )
        known.update((uid, (run_id, segment_rows)) for uid, run_id, segment_rows in rows)
    return known


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
    reader: RunReader, axis: Axis, parts: list[Part], tail: Points, max_buckets: int
) -> _Drawn | None:
    wanted = _order_wanted(axis)
    if len(parts) == 1 and not len(tail.x):
        # Short runs, of which there may be a thousand in one chart.
        (part,) = parts
        if part.num_points <= max(max_buckets, _SHORT) and part.is_ordered(wanted):
            return _draw_points(reader.points(axis, part), max_buckets)
    if not _are_in_order(axis, parts, tail):
        stretches = [reader.points(axis, part) for part in parts]
        points = Points(*map(np.concatenate, zip(*stretches, tail, strict=True)))
        return _draw_points(buckets.in_order(points, unique=axis.unique), max_buckets)
    inside = [part.is_inside(axis) for part in parts]
    border = [
        NO_POINTS if whole else reader.points(axis, part)
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


def _order_wanted(axis: Axis) -> int:
    return STRICT if axis.unique else ASCENDING


def _are_in_order(axis: Axis, parts: list[Part], tail: Points) -> bool:
    """Whether all points ascend in x as they arrived, as far as can be told without reading."""
    wanted = _order_wanted(axis)
    before = -np.inf
    for part in parts:
        if not part.is_ordered(wanted):
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
    reader: RunReader,
    axis: Axis,
    parts: list[tuple[Part, bool, Points]],
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
        # Reduced right away: what is reduced can be reduced again, and is less to copy.
        entries.append(buckets.reduce(finite, grid))
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


def _grid_of(parts: list[tuple[Part, bool, Points]], tail: Points, max_buckets: int) -> Grid:
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
