from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwake.store.history import buckets, pyramid
from runwake.store.history.buckets import Grid, Points

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1, max_size=60), st.integers(1, 50))
def test_buckets_ascend_with_x_and_stay_in_the_grid(xs: list[float], num_buckets: int) -> None:
    x = np.sort(np.array(xs))

    index = Grid(float(x[0]), float(x[-1]), num_buckets).index(x)

    assert index.min() >= 0
    assert index.max() < num_buckets
    assert (np.diff(index) >= 0).all()


@given(st.lists(FINITE, min_size=1, max_size=60), st.integers(1, 10))
def test_reduced_numbers_are_those_of_the_values(ys: list[float], num_buckets: int) -> None:
    points = Points(np.arange(len(ys), dtype=np.float64), np.array(ys))
    entries, nonfinite = buckets.split(points)

    reduced = buckets.reduce(entries, Grid(0.0, len(ys) - 1.0, num_buckets))

    assert len(nonfinite.x) == 0
    first = 0
    for row in zip(*(column.tolist() for column in reduced), strict=True):
        x, minimum, maximum, mean, last, count = row
        values = ys[first : int(x) + 1]
        assert (minimum, maximum, last, count) == (
            min(values),
            max(values),
            values[-1],
            len(values),
        )
        assert math.isclose(
            mean,
            math.fsum(value / count for value in values),
            rel_tol=1e-9,
            abs_tol=max(map(abs, values)) * 1e-9,
        )
        first += count
    assert first == len(ys)


def test_the_mean_of_equal_values_is_that_value() -> None:
    points = Points(np.arange(1000.0), np.full(1000, 0.1))

    reduced = buckets.reduce(buckets.split(points)[0], Grid(0.0, 999.0, 7))

    assert set(reduced.mean.tolist()) == {0.1}


def test_non_finite_values_are_told_apart_and_thinned_by_bucket() -> None:
    y = np.array([1.0, np.nan, np.nan, np.inf, -np.inf, 2.0, np.nan, np.nan])
    entries, nonfinite = buckets.split(Points(np.arange(8.0), y))

    thinned = buckets.thin(nonfinite, Grid(0.0, 7.0, 2))

    assert entries.x.tolist() == [0.0, 5.0]
    assert nonfinite.kind.tolist() == [0, 0, 1, -1, 0, 0]
    places = sorted(zip(thinned.x.tolist(), thinned.kind.tolist(), strict=True))
    assert places == [(2.0, 0), (3.0, 1), (4.0, -1), (7.0, 0)]


@pytest.mark.parametrize("num_rows", [1, 63, 64, 65, 1023, 1024, 1025, 4096, 5000])
def test_pyramids_of_any_length_hold_the_numbers_of_their_rows(num_rows: int) -> None:
    matrix = np.random.default_rng(num_rows).normal(size=(3, num_rows))

    levels = dict(zip((pyramid.FINE, pyramid.COARSE), pyramid.build(matrix), strict=True))

    for size, level in levels.items():
        starts = pyramid.block_starts(num_rows, size)
        assert level.shape == (3, 4, len(starts))
        assert pyramid.block_sizes(num_rows, size).sum() == num_rows
        for block, start in enumerate(starts.tolist()):
            rows = matrix[:, start : start + size]
            assert (level[:, 0, block] == rows.min(axis=1)).all()
            assert (level[:, 1, block] == rows.max(axis=1)).all()
            assert np.allclose(level[:, 2, block], rows.mean(axis=1), rtol=1e-12)
            assert (level[:, 3, block] == rows[:, -1]).all()


def test_the_mean_of_huge_values_does_not_overflow() -> None:
    matrix = np.full((1, 3000), 1.7e308)

    fine, coarse = pyramid.build(matrix)

    assert set(fine[:, 2].ravel().tolist()) == {1.7e308}
    assert set(coarse[:, 2].ravel().tolist()) == {1.7e308}
