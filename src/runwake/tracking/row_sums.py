"""Sums up closed rows for those keys whose summary is more than the last value. Pure, no I/O.

The rules and the sums are those of `model.metrics`; here rows come in columns. Only keys that a
definition asks for are read, so runs without one pay nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runwake.model.metrics import Aggregate, MetricRules
from runwake.store.columns import Column
from runwake.store.ports import RunRecord
from runwake.tracking.plain import plain_json
from runwake.tracking.rows_to_columns import RowFrames


class RowSums:
    """The aggregates of a run while the rows of one range are added to them.

    Rows are summed up under the rules that hold when they close. Used once per range.
    """

    def __init__(self, run: RunRecord, frames: RowFrames, first: int) -> None:
        """Take the run, the range's frames, and which of them comes first."""
        self.rules = MetricRules(run.metric_definitions)
        self._frames = frames
        self._next = self._seen = first
        self._states: Mapping[str, Any] = run.aggregates
        self._changed: dict[str, Aggregate] = {}

    def see(self, end: int) -> None:
        """Say that frames before `end` come before whatever is applied next."""
        self._seen = max(self._seen, end)

    def pass_over(self) -> None:
        """Leave out the rows seen so far that `write` has not taken."""
        _, self._next = self._frames.closed_rows(self._next, self._seen, lambda _: False)

    def take_all(self) -> None:
        """Say that nothing else of the range follows."""
        self._seen = len(self._frames)

    def write(self, run: RunRecord) -> RunRecord:
        """Return the run with the rows seen so far in its aggregates and its summary."""
        if not self.rules.replace_any:
            return run
        batch, self._next = self._frames.closed_rows(
            self._next, self._seen, self.rules.replaces_last
        )
        if batch is None:
            return run
        by_key: dict[str, list[Column]] = {}
        for column in batch.columns:
            by_key.setdefault(column.key, []).append(column)
        summary = dict(run.summary)
        for key, columns in by_key.items():
            self._add(key, in_order(columns), summary)
        states = {key: plain_json(aggregate.state()) for key, aggregate in self._changed.items()}
        return replace(run, summary=summary, aggregates={**self._states, **states})

    def _add(self, key: str, values: Sequence[Any], summary: dict[str, Any]) -> None:
        rule = self.rules.find(key)
        assert rule is not None, "asked for by replaces_last"
        if rule.leaves_out:
            summary.pop(key, None)
            return
        aggregate = self._changed.get(key)
        if aggregate is None:
            aggregate = Aggregate.from_state(self._states.get(key, {}))
            self._changed[key] = aggregate
        aggregate.add(values)
        if aggregate.last is None:
            return
        summary[key] = plain_json(aggregate.summary(rule))
        for operation in rule.operations:  # set by hand below the key: the dict is newer
            summary.pop(f"{key}.{operation}", None)


def in_order(columns: Sequence[Column]) -> list[Any]:
    """Return the values of one key, which may have a column per kind, in the order of its rows."""
    numbered: list[tuple[int, Any]] = []
    for column in columns:
        values = column.values if isinstance(column.values, Sequence) else column.values.tolist()
        if len(columns) == 1:
            return list(values)
        rows = range(len(values)) if column.rows is None else column.rows.tolist()
        numbered += zip(rows, values, strict=True)
    numbered.sort(key=lambda entry: entry[0])
    return [value for _, value in numbered]
