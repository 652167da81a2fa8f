"""The client's side of `define_metric(summary=...)`: sums up rows for `run.summary`.

Rows are only noted where they are logged and summed up some hundred values at a time, or when
somebody looks. Which frames make one row is decided as the server decides it, and the sums are
those of `model.metrics`, so that both show the same. Must not take any other lock: `add` is called
with the run log's lock held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any, Final

from runwake.model.keys import KeyPath, flat_name
from runwake.model.metrics import Aggregate, MetricRules
from runwake.sdk.values import python_value
from runwake.wire.rows import Step

_MAX_PENDING_VALUES: Final = 300
_PLAIN: Final = frozenset({float, int, bool, str})

Frame = tuple[tuple[KeyPath, ...], tuple[Any, ...], Step, bool]

REMOVED: Final = object()
"""Stands for a key that the summary leaves out."""


class RowSums:
    """Aggregates of one run's rows by key. Safe from any thread."""

    def __init__(self, rules: MetricRules) -> None:
        self._rules = rules
        self._lock = RLock()
        self._pending: list[Frame] = []
        self._num_pending = 0
        self._open: dict[KeyPath, Any] = {}
        self._open_step: Step | None = None
        self._aggregates: dict[str, Aggregate] = {}
        self._changed: dict[str, KeyPath] = {}

    def add(self, frame: Frame) -> None:
        """Note one frame: keys, values, step, and whether its row stays open."""
        self._pending.append(frame)
        self._num_pending += len(frame[1])
        if self._num_pending > _MAX_PENDING_VALUES:
            self.sum_up()

    def close(self) -> None:
        """Say that the open row is complete."""
        with self._lock:
            self.sum_up()
            self._close_row()

    def after_fork(self) -> None:
        """Forget a lock that another thread of the parent may hold; called in a forked child."""
        self._lock = RLock()

    def sum_up(self) -> None:
        """Bring all noted frames into the aggregates; called before rules change."""
        with self._lock:
            # Another thread may be adding: only those that are there now are taken.
            frames = self._pending[:]
            del self._pending[: len(frames)]
            self._num_pending = 0
            batch: list[Frame] = []
            for frame in frames:
                if frame[3] or self._open_step is not None:
                    self._add_rows(batch)
                    batch = []
                    self._extend(frame)
                    continue
                if batch and batch[0][0] is not frame[0]:
                    self._add_rows(batch)
                    batch = []
                batch.append(frame)
            self._add_rows(batch)

    def take(self) -> dict[KeyPath, Any]:
        """Return new summary values by key path, `REMOVED` for keys that are left out."""
        with self._lock:
            self.sum_up()
            taken: dict[KeyPath, Any] = {}
            for name, path in self._changed.items():
                rule = self._rules.find(name)
                if rule is None or not rule.replaces_last:
                    continue
                aggregate = self._aggregates[name]
                if rule.leaves_out:
                    taken[path] = REMOVED
                elif aggregate.last is not None:
                    taken[path] = aggregate.summary(rule)
            self._changed.clear()
            return taken

    def _extend(self, frame: Frame) -> None:
        """Add a frame to the open row, or begin one."""
        keys, values, step, is_open = frame
        if self._open_step is not None and self._open_step != step:
            self._close_row()
        self._open.update(zip(keys, values, strict=True))
        self._open_step = step
        if not is_open:
            self._close_row()

    def _close_row(self) -> None:
        row, self._open, self._open_step = self._open, {}, None
        for path, value in row.items():
            self._add_values(path, [value])

    def _add_rows(self, frames: list[Frame]) -> None:
        """Add closed rows that all have the same keys."""
        if frames:
            columns = zip(*(frame[1] for frame in frames), strict=True)
            for path, values in zip(frames[0][0], columns, strict=True):
                self._add_values(path, values)

    def _add_values(self, path: KeyPath, values: Sequence[Any]) -> None:
        name = flat_name(path)
        if not self._rules.replaces_last(name):
            return
        aggregate = self._aggregates.get(name)
        if aggregate is None:
            aggregate = self._aggregates[name] = Aggregate()
        if not _PLAIN.issuperset(map(type, values)):
            values = [python_value(value) for value in values]
        self._changed[name] = path
        rule = self._rules.find(name)
        if rule is not None and not rule.leaves_out:
            aggregate.add(values)


def put(root: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Put a value into nested dicts, or take the key away where it is `REMOVED`."""
    segments = (path,) if isinstance(path, str) else path
    for segment in segments[:-1]:
        below: Any = root.get(segment)
        if not isinstance(below, Mapping):
            if value is REMOVED:
                return
            below = root[segment] = {}
        root = below
    if value is REMOVED:
        root.pop(segments[-1], None)
    else:
        root[segments[-1]] = value
