"""Charts' truth: points in, few numbers out, no spike lost. Station 6; pure functions of arrays.

A line with too many points is cut into buckets of equal width in x. A bucket is made of whole
*entries*: an entry is one point, or a block of consecutive rows with its minimum, maximum, mean
and last value known beforehand (pyramid.py). An entry belongs to the bucket in which its last x
lies. So every point is in exactly one bucket, and bucket i holds exactly the points with x above
that of bucket i-1 and up to its own: the numbers are exact for that interval, whatever level of
detail they were computed from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runwake.store.columns import FloatArray

IntArray = npt.NDArray[np.int64]

NAN, POSITIVE, NEGATIVE = 0, 1, -1
"""How a value that is not finite is reported."""

_HUGE = 1e290


class Points(NamedTuple):
    """Logged points of a line; x is finite, y may be anything."""

    x: FloatArray
    y: FloatArray


class Entries(NamedTuple):
    """Finite values to be reduced, or reduced already. x is that of an entry's last point."""

    x: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    mean: FloatArray
    last: FloatArray
    num_points: IntArray


class Nonfinite(NamedTuple):
    """Where values were logged that no axis can show."""

    x: FloatArray
    kind: npt.NDArray[np.int8]


def align(x: tuple[IntArray | None, FloatArray], y: tuple[IntArray | None, FloatArray]) -> Points:
    """Return the points of the rows that have both x and y; rows None: every row."""
    x_rows, x_values = x
    y_rows, y_values = y
    if x_rows is None:
        return Points(x_values if y_rows is None else x_values[y_rows], y_values)
    if y_rows is None:
        return Points(x_values, y_values[x_rows])
    _, of_x, of_y = np.intersect1d(x_rows, y_rows, assume_unique=True, return_indices=True)
    return Points(x_values[of_x], y_values[of_y])


def within(points: Points, low: float, high: float) -> Points:
    """Return the points with finite x in [low, high], in the same order."""
    x, y = points
    kept = (x >= low) & (x <= high) & np.isfinite(x)
    return points if kept.all() else Points(x[kept], y[kept])


def within_ascending(points: Points, low: float, high: float) -> Points:
    """Return `within` of points whose x ascends and is finite, without looking at each."""
    x, y = points
    first = int(np.searchsorted(x, low, "left"))
    end = max(first, int(np.searchsorted(x, high, "right")))
    return Points(x[first:end], y[first:end])


def is_in_order(x: FloatArray, *, strict: bool) -> bool:
    """Whether x ascends; strict: without a repeat."""
    return bool(((x[1:] > x[:-1]) if strict else (x[1:] >= x[:-1])).all())


def in_order(points: Points, *, unique: bool) -> Points:
    """Return the points by x; those of equal x stay in order of arrival.

    Args:
        points: in order of arrival.
        unique: of several points with the same x keep only the one that came last.
    """
    x, y = points
    if not is_in_order(x, strict=False):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    if unique and len(x):
        last = np.append(x[1:] != x[:-1], True)
        if not last.all():
            x, y = x[last], y[last]
    return Points(x, y)


def split(points: Points) -> tuple[Entries, Nonfinite]:
    """Return the finite points as entries, and the others."""
    x, y = points
    finite = np.isfinite(y)
    if finite.all():
        return _entries(x, y), Nonfinite(np.empty(0), np.empty(0, np.int8))
    odd = y[~finite]
    kind = np.where(np.isnan(odd), NAN, np.where(odd > 0, POSITIVE, NEGATIVE)).astype(np.int8)
    return _entries(x[finite], y[finite]), Nonfinite(x[~finite], kind)


def _entries(x: FloatArray, y: FloatArray) -> Entries:
    return Entries(x, y, y, y, y, np.ones(len(y), np.int64))


def join(parts: Sequence[Entries]) -> Entries:
    """Return entries of consecutive stretches of x as one."""
    if len(parts) == 1:
        return parts[0]
    return Entries(*map(np.concatenate, zip(*parts, strict=True)))


def join_nonfinite(parts: Sequence[Nonfinite]) -> Nonfinite:
    """Return several as one."""
    return Nonfinite(*map(np.concatenate, zip(*parts, strict=True)))


@dataclass(frozen=True)
class Grid:
    """Buckets of equal width over [first, last]."""

    first: float
    last: float
    num_buckets: int

    def index(self, x: FloatArray) -> IntArray:
        """Return the bucket of each x; never descends where x ascends."""
        # Halved, so that the difference of huge numbers does not overflow.
        span = self.last / 2 - self.first / 2
        if not span > 0:
            return np.zeros(len(x), np.int64)
        with np.errstate(over="ignore", under="ignore"):
            place = (x / 2 - self.first / 2) / span * self.num_buckets
        return np.clip(place, 0, self.num_buckets - 1).astype(np.int64)

    @property
    def half_width(self) -> float:
        """Half the width of a bucket; the whole could overflow."""
        return (self.last / 2 - self.first / 2) / self.num_buckets


def reduce(entries: Entries, grid: Grid) -> Entries:
    """Return one entry per bucket that is not empty.

    Args:
        entries: ordered by x.
        grid: the buckets.
    """
    if len(entries.x) == 0:
        return entries
    index = grid.index(entries.x)
    starts = np.flatnonzero(np.append(True, index[1:] != index[:-1]))
    ends = np.append(starts[1:], len(index)) - 1
    minimum = np.minimum.reduceat(entries.minimum, starts)
    maximum = np.maximum.reduceat(entries.maximum, starts)
    count = np.add.reduceat(entries.num_points, starts)
    mean = _mean(entries, starts, count)
    # Rounding may carry the mean of equal values past them.
    mean = np.clip(mean, minimum, maximum)
    return Entries(entries.x[ends], minimum, maximum, mean, entries.last[ends], count)


def _mean(entries: Entries, starts: IntArray, count: IntArray) -> FloatArray:
    if len(starts) and max(-entries.minimum.min(), entries.maximum.max()) > _HUGE:
        shares = entries.num_points / np.repeat(count, np.diff(starts, append=len(entries.x)))
        scaled: FloatArray = np.add.reduceat(entries.mean * shares, starts)
        return scaled
    plain: FloatArray = np.add.reduceat(entries.mean * entries.num_points, starts) / count
    return plain


def thin(nonfinite: Nonfinite, grid: Grid) -> Nonfinite:
    """Return at most one place of each kind per bucket: the last. Expects order by x."""
    x, kind = nonfinite
    if len(x) == 0:
        return nonfinite
    place = grid.index(x) * 3 + (kind.astype(np.int64) + 1)
    _, kept = np.unique(place[::-1], return_index=True)
    kept = np.sort(len(x) - 1 - kept)
    return Nonfinite(x[kept], kind[kept])
