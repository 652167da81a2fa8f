"""What is known of a key without reading its values: count, extremes, last value. Station 6.

Computed on whole matrices where the columns allow it, and merged: statistics of the rows in
segments are stored, those of the tail are added when asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from runwake.model.keys import RESERVED_KEYS, ValueKind
from runwake.store.columns import Column
from runwake.store.history.tail import Columns, TailBatch


class KeyStatistics(NamedTuple):
    """Of one key of one kind; extremes leave NaN out and are None if nothing is left."""

    num_values: int
    minimum: float | None
    maximum: float | None
    last_row: int
    last: Any


Statistics = dict[tuple[str, ValueKind], KeyStatistics]


def combine(one: KeyStatistics, other: KeyStatistics) -> KeyStatistics:
    """Return the statistics of two disjoint sets of rows."""
    lows = [low for low in (one.minimum, other.minimum) if low is not None]
    highs = [high for high in (one.maximum, other.maximum) if high is not None]
    later = one if one.last_row > other.last_row else other
    return KeyStatistics(
        one.num_values + other.num_values,
        min(lows, default=None),
        max(highs, default=None),
        later.last_row,
        later.last,
    )


def merge(into: Statistics, new: Statistics) -> None:
    """Add the statistics of further rows to `into`."""
    for name, statistics in new.items():
        known = into.get(name)
        into[name] = statistics if known is None else combine(known, statistics)


def of_batches(batches: Sequence[TailBatch], first_row: int) -> Statistics:
    """Return the statistics of each logged key in a tail's rows from `first_row` on."""
    found: Statistics = {}
    blocks: dict[tuple[str, tuple[str, ...]], list[npt.NDArray[Any]]] = {}
    ends: dict[tuple[str, tuple[str, ...]], int] = {}
    for batch in batches:
        skipped = max(0, first_row - batch.row0)
        for kind, keys, block in batch.dense():
            blocks.setdefault((kind, keys), []).append(block[:, skipped:])
            ends[kind, keys] = batch.end
        loose = Columns(batch.num_rows, list(batch.loose())).cut(skipped, batch.num_rows)
        merge(found, of_columns(loose, batch.row0 + skipped))
    for (kind, keys), parts in blocks.items():
        if keys[0] not in RESERVED_KEYS:
            matrix = np.concatenate(parts, axis=1)
            merge(found, _of_matrix(keys, ValueKind(kind), matrix, ends[kind, keys] - 1))
    return found


def of_columns(columns: Columns, row0: int) -> Statistics:
    """Return the statistics of each logged key; `row0` is the number of the first row."""
    dense: dict[ValueKind, list[Column]] = {}
    found: Statistics = {}
    for column in columns.columns:
        if column.key in RESERVED_KEYS:
            continue
        if column.rows is None and column.kind.is_numeric:
            dense.setdefault(column.kind, []).append(column)
        else:
            found[column.key, column.kind] = _of_one(column, columns.num_rows, row0)
    last_row = row0 + columns.num_rows - 1
    for kind, members in dense.items():
        matrix = np.stack([np.asarray(column.values) for column in members])
        found.update(_of_matrix([column.key for column in members], kind, matrix, last_row))
    return found


def _of_matrix(
    keys: Sequence[str], kind: ValueKind, matrix: npt.NDArray[Any], last_row: int
) -> Statistics:
    """Return the statistics of dense columns, one in each row of a matrix."""
    num_values = matrix.shape[1]
    lasts = matrix[:, -1].tolist()
    return {
        (key, kind): KeyStatistics(num_values, low, high, last_row, last)
        for key, (low, high), last in zip(keys, _extremes(matrix), lasts, strict=True)
    }


def _of_one(column: Column, num_rows: int, row0: int) -> KeyStatistics:
    last_row = row0 + (num_rows - 1 if column.rows is None else int(column.rows[-1]))
    low: float | None = None
    high: float | None = None
    last = column.values[-1]
    if column.kind.is_numeric:
        values = np.asarray(column.values)
        ((low, high),) = _extremes(values[None])
        last = values[-1].item()
    return KeyStatistics(len(column.values), low, high, last_row, last)


def _extremes(matrix: npt.NDArray[Any]) -> Iterable[tuple[float | None, float | None]]:
    """Return minimum and maximum of each row of a matrix, without NaN."""
    if matrix.dtype.kind != "f":
        lows, highs = matrix.min(axis=1), matrix.max(axis=1)
        return zip(lows.astype(float).tolist(), highs.astype(float).tolist(), strict=True)
    # fmin and fmax pass over NaN, and give NaN only where there is nothing else.
    lows = np.fmin.reduce(matrix, axis=1)
    highs = np.fmax.reduce(matrix, axis=1)
    return [
        (None, None) if low != low else (low, high)
        for low, high in zip(lows.tolist(), highs.tolist(), strict=True)
    ]
