"""What every `HistoryStore` must draw: charts against an oracle that has all points.

Station of the test kit; a part of `HistoryConformance`, which adapters inherit. `settle` is
called wherever a store may have rows in more than one form (arrived, compacted, merged), so that
each check runs in each form.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwake.errors import UsageError
from runwake.model.keys import RUNTIME, STEP, TIMESTAMP
from runwake.store.ports import ChartQuery, HistoryStore, RunUid
from runwake.testing.history_oracle import STARTED, Row, RunWriter, check_line, points_of

RUN = RunUid("run-a")
_names = itertools.count()


def line_of(store: HistoryStore, query: ChartQuery) -> Any:
    """Return the only line of a query, None if there is none."""
    lines = store.lines(query)
    assert len(lines) <= 1
    return lines[0] if lines else None


STANDING_X: dict[str, Callable[[int], int]] = {
    "in pairs": lambda row: row // 2,
    "across small blocks": lambda row: row // 256 * 4 + min(3, (row % 256 + 32) // 64),
    "across everything": lambda row: row // 100,
    "at a seam of segments": lambda row: row - (row % 256 == 0),
}
"""Clocks that stand still, chosen for stores that keep blocks of powers of two."""


class HistoryCase:
    """A store under test. Needs `make_store`; may override `settle`."""

    def make_store(self, path: Path) -> HistoryStore:
        """Open the store whose data lies below `path`; called again after `close`."""
        raise NotImplementedError

    def settle(self, store: HistoryStore, run: RunUid) -> None:
        """Bring a run's rows into the form in which they are kept for long."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[HistoryStore]:
        """A store that is closed at the end."""
        store = self.make_store(tmp_path)
        yield store
        store.close()


class ChartConformance(HistoryCase):
    """The contract of `HistoryStore.lines`."""

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test_lines_lose_no_point_and_no_spike(
        self, store: HistoryStore, data: st.DataObject
    ) -> None:
        """Any data, any x, any range, any budget: the oracle finds nothing missing or wrong."""
        run = RunUid(f"run-{next(_names)}")
        rows = random_rows(data)
        writer = RunWriter(store, run)
        cut = data.draw(st.integers(0, len(rows)), "rows before the settling")
        size = data.draw(st.sampled_from([17, 100, 1000]), "batch size")
        writer.log_in_batches(rows[:cut], size)
        if data.draw(st.booleans(), "settled"):
            self.settle(store, run)
        writer.log_in_batches(rows[cut:], size)

        for _ in range(6):
            x = data.draw(st.sampled_from([STEP, TIMESTAMP, RUNTIME, "epoch", "val"]), "x")
            low, high = data.draw(ranges_of(rows, x), "range")
            budget = data.draw(st.sampled_from([1, 2, 3, 10, 50, 333, 2000]), "max_buckets")
            query = ChartQuery({run: STARTED}, ["loss"], x, low, high, budget)

            line = line_of(store, query)

            check_line(line, points_of(rows, "loss", query, STARTED), budget)
        store.delete(run)

    @pytest.mark.parametrize("settled", [False, True])
    def test_a_long_line_keeps_its_one_spike_at_every_range(
        self, store: HistoryStore, settled: bool
    ) -> None:
        """Ranges that start and end anywhere, in and between segments."""
        rows = [
            {STEP: step, TIMESTAMP: STARTED + step, "loss": (step % 97) / 97.0}
            for step in range(6000)
        ]
        rows[4321]["loss"] = 1e6
        rows[1234]["loss"] = -1e6
        RunWriter(store, RUN).log_in_batches(rows, 500)
        if settled:
            self.settle(store, RUN)

        for low, high in [(0, 5999), (1234, 4321), (1235, 4320), (4000, 4400), (4321, 4321)]:
            for budget in (1, 7, 100):
                query = ChartQuery({RUN: 0.0}, ["loss"], STEP, low, high, budget)
                check_line(line_of(store, query), points_of(rows, "loss", query, 0.0), budget)

    @pytest.mark.parametrize("settled", [False, True])
    @pytest.mark.parametrize("stands", sorted(STANDING_X))
    @pytest.mark.parametrize("x", [STEP, TIMESTAMP])
    def test_rows_of_equal_x_are_never_torn_apart(
        self, store: HistoryStore, settled: bool, stands: str, x: str
    ) -> None:
        """Neither where a step is logged again and again, nor where a clock stands still."""
        rows = [
            {STEP: place, TIMESTAMP: STARTED + place, "loss": (row * 7919) % 6000}
            for row, place in enumerate(map(STANDING_X[stands], range(6000)))
        ]
        RunWriter(store, RUN).log_in_batches(rows, 500)
        if settled:
            self.settle(store, RUN)

        for budget in (1, 3, 13, 50):
            query = ChartQuery({RUN: 0.0}, ["loss"], x, max_buckets=budget)
            check_line(line_of(store, query), points_of(rows, "loss", query, 0.0), budget)

    def test_lines_come_for_all_pairs_of_runs_and_keys_that_have_points(
        self, store: HistoryStore
    ) -> None:
        """Strings are not drawn; ints, bools and floats are, as floats."""
        runs = [RunUid(f"run-{index}") for index in range(3)]
        for index, run in enumerate(runs):
            rows: list[Row] = [
                {STEP: step, TIMESTAMP: STARTED + step, "n": step * 2, "flag": step > 1, "s": "x"}
                for step in range(index, 4)
            ]
            RunWriter(store, run).log(rows)

        query = ChartQuery(dict.fromkeys([*runs, RunUid("none")], STARTED), ["n", "flag", "s"])
        lines = {(line.run, line.key): line for line in store.lines(query)}

        assert set(lines) == {(run, key) for run in runs for key in ("n", "flag")}
        assert lines[runs[1], "n"].last.tolist() == [2.0, 4.0, 6.0]
        assert lines[runs[1], "flag"].last.tolist() == [0.0, 1.0, 1.0]

    def test_a_budget_below_one_is_refused(self, store: HistoryStore) -> None:
        """Zero buckets cannot hold a line."""
        with pytest.raises(UsageError, match="max_buckets"):
            store.lines(ChartQuery({RUN: 0.0}, ["loss"], max_buckets=0))


def random_rows(data: st.DataObject) -> list[Row]:
    """Draw the shape of some rows, and fill them at random."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32), "seed"))
    count = data.draw(st.sampled_from([1, 7, 200, 1500, 4000]), "rows")
    walk = data.draw(st.sampled_from(["even", "gaps", "repeats", "back", "floats"]), "steps")
    density = data.draw(st.sampled_from([1.0, 1.0, 0.7, 0.02]), "share of rows with the key")
    odd = data.draw(st.sampled_from([0.0, 0.0, 0.01, 0.9]), "share of values not finite")
    scale = data.draw(st.sampled_from([1.0, 1e-300, 1e308]), "scale")
    mixed = data.draw(st.booleans(), "ints among the floats")
    steps: list[Any] = np.arange(count).tolist()
    if walk == "gaps":
        steps = np.cumsum(rng.choice([1, 1, 1, 2, 1000], count)).tolist()
    elif walk == "repeats":
        steps = np.cumsum(rng.integers(0, 2, count)).tolist()
    elif walk == "back":
        steps = np.cumsum(rng.integers(-3, 5, count)).tolist()
    elif walk == "floats":
        steps = np.cumsum(rng.random(count)).tolist()
    times = STARTED + np.cumsum(
        rng.choice([0.0, 0.25, 0.25, 60.0], count, p=[0.01, 0.5, 0.48, 0.01])
    )
    values = rng.uniform(-1, 1, count) * scale
    values[rng.random(count) < 0.002] = scale
    values = np.where(rng.random(count) < odd, rng.choice([np.nan, np.inf, -np.inf], count), values)
    has_loss, has_val = rng.random(count) < density, rng.random(count) < 0.5
    rows: list[Row] = []
    for index in range(count):
        row: Row = {STEP: steps[index], TIMESTAMP: float(times[index]), "epoch": index // 50}
        if has_loss[index]:
            row["loss"] = index if mixed and index % 7 == 0 else float(values[index])
        if has_val[index]:
            row["val"] = float(rng.normal())
        rows.append(row)
    return rows


def ranges_of(rows: list[Row], x: str) -> st.SearchStrategy[tuple[float | None, float | None]]:
    """Draw a range of x, open or from one row's x to another's."""
    if x == RUNTIME:
        known = [row[TIMESTAMP] - STARTED for row in rows]
    else:
        known = [float(row[x]) for row in rows if x in row]
    bound = st.none() | st.sampled_from(sorted(known) or [0.0])
    return st.tuples(bound, bound)
