"""Levels of detail: minimum, maximum, mean and last of each 64 and each 1,024 rows. Station 6.

A chart of ten million points reads these instead of the points. They are computed for a whole
(columns, rows) matrix at once, and only for columns that are dense and finite: then every block
stands for exactly its rows, and no point can hide in it. Pure functions of arrays.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from runwake.store.columns import FloatArray

FINE: Final = 64
COARSE: Final = 1024
BUILD_FROM: Final = 2 * FINE
"""Columns with fewer rows have no pyramid: reading them is as cheap."""


class Blocks(NamedTuple):
    """Consecutive blocks of one column, in order of rows."""

    minimum: FloatArray
    maximum: FloatArray
    mean: FloatArray
    last: FloatArray


@lru_cache(maxsize=256)
def block_starts(num_rows: int, size: int) -> npt.NDArray[np.int64]:
    """Return the first row of each block; the last block may be shorter."""
    starts = np.arange(0, num_rows, size)
    starts.setflags(write=False)
    return starts


@lru_cache(maxsize=256)
def block_sizes(num_rows: int, size: int) -> npt.NDArray[np.int64]:
    """Return the number of rows of each block."""
    starts = block_starts(num_rows, size)
    sizes = np.minimum(starts + size, num_rows) - starts
    sizes.setflags(write=False)
    return sizes


def build(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the fine and the coarse level, each (columns, 4, blocks).

    Args:
        matrix: (columns, rows), all finite.
    """
    num_rows = matrix.shape[1]
    starts = block_starts(num_rows, FINE)
    sizes = block_sizes(num_rows, FINE)
    fine = np.empty((len(matrix), 4, len(starts)))
    np.minimum.reduceat(matrix, starts, axis=1, out=fine[:, 0])
    np.maximum.reduceat(matrix, starts, axis=1, out=fine[:, 1])
    fine[:, 2] = _mean(matrix, starts, sizes)
    fine[:, 3] = matrix[:, starts + sizes - 1]
    groups = np.arange(0, len(starts), COARSE // FINE)
    totals = block_sizes(num_rows, COARSE)
    coarse = np.empty((len(matrix), 4, len(groups)))
    np.minimum.reduceat(fine[:, 0], groups, axis=1, out=coarse[:, 0])
    np.maximum.reduceat(fine[:, 1], groups, axis=1, out=coarse[:, 1])
    shares = sizes / np.repeat(totals, np.diff(groups, append=len(starts)))
    coarse[:, 2] = np.add.reduceat(fine[:, 2] * shares, groups, axis=1)
    coarse[:, 3] = matrix[:, block_starts(num_rows, COARSE) + totals - 1]
    for level in (fine, coarse):
        np.clip(level[:, 2], level[:, 0], level[:, 1], out=level[:, 2])
    return fine, coarse


def _mean(
    matrix: FloatArray, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        mean: FloatArray = np.add.reduceat(matrix, starts, axis=1) / sizes
    if not np.isfinite(mean).all():  # the sum of huge values overflowed, their mean does not
        mean = np.add.reduceat(matrix / FINE, starts, axis=1) * (FINE / sizes)
    return mean
