"""`define_metric`: which key is drawn over which, and what its summary is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from runwake.errors import ArgumentTypeError, UsageError
from runwake.model.keys import KeyPath, flat_name
from runwake.model.metrics import GOALS, SUMMARY_OPERATIONS, MetricRules
from runwake.sdk.row_sums import RowSums
from runwake.wire.records import MetricDefinition


class Metric(NamedTuple):
    """What `define_metric` returns: the definition as it stands."""

    name: str
    step_metric: str | None
    step_sync: bool
    hidden: bool
    summary: tuple[str, ...]
    goal: str | None


class LastSteps:
    """The last value of each metric used as a step, None before its first."""

    __slots__ = ("values", "version")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.version = 0
        """Goes up whenever a value changes."""

    def note(self, name: str, value: Any) -> None:
        """Take the value that a row has, unless it is None."""
        if value is not None and value != self.values[name]:
            self.values[name] = value
            self.version += 1


class RowSteps:
    """The step metrics of all rows with the same keys: those they hold, lack, or wait for."""

    __slots__ = ("_awaited", "_held", "_last", "_version", "injected", "more", "row", "types")

    def __init__(
        self, last: LastSteps, held: tuple[tuple[int, str], ...], lacking: tuple[str, ...]
    ) -> None:
        """Take the shared last values, held ones by their place in a row, and lacking ones."""
        self._last = last
        self._held = held
        self._awaited = [name for name in lacking if last.values[name] is None]
        self.injected = tuple(name for name in lacking if last.values[name] is not None)
        self._read()
        self.types = tuple(map(type, self.more))

    def complete(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the values with those of the injected steps behind them; notes the steps.

        () if the rows are not what they were: a step has come that was waited for, or changed
        its type.
        """
        last = self._last
        for place, name in self._held:
            last.note(name, values[place])
        if self._version != last.version:
            if any(last.values[name] is not None for name in self._awaited):
                return ()
            self._read()
        return values + self.more if tuple(map(type, self.more)) == self.types else ()

    def _read(self) -> None:
        values = self._last.values
        self.row = {name: values[name] for name in self.injected}
        self.more = tuple(self.row.values())
        self._version = self._last.version


class Definitions:
    """The metric definitions of a run, and the last value of each metric used as a step.

    Args:
        emit: called with each definition.
    """

    def __init__(self, emit: Callable[[MetricDefinition], None]) -> None:
        self.rules = MetricRules()
        self.sums = RowSums(self.rules)
        self._emit = emit
        self._last_steps = LastSteps()

    def define(
        self,
        name: str,
        step_metric: Any = None,
        *,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: Any = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Add a definition; arguments as of `Run.define_metric`. The run log's lock is held."""
        name = _checked_name(name)
        if isinstance(step_metric, Metric):
            step_metric = step_metric.name
        if step_metric is not None:
            step_metric = _checked_name(step_metric, "step_metric")
        operations = _summary_operations(summary)
        if goal not in (None, *GOALS):
            raise UsageError(f"goal={goal!r}: expected 'minimize' or 'maximize'")
        record = MetricDefinition(
            name=name,
            step_metric=step_metric,
            step_sync=None if step_sync is None else bool(step_sync),
            hidden=None if hidden is None else bool(hidden),
            summary=operations,
            goal=goal,
            overwrite=bool(overwrite),
        )
        given = {
            "step_metric": record.step_metric,
            "step_sync": record.step_sync,
            "hidden": record.hidden,
            "summary": record.summary,
            "goal": record.goal,
        }
        self.sums.sum_up()
        rule = self.rules.define(name, given, overwrite=record.overwrite)
        for known in self.rules.step_metrics:
            self._last_steps.values.setdefault(known, None)
        self._emit(record)
        return Metric(name, rule.step_metric, rule.step_sync, rule.hidden, rule.summary, rule.goal)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def missing_steps(
        self, values: Mapping[KeyPath, Any], open_row: Mapping[KeyPath, Any]
    ) -> dict[KeyPath, Any]:
        """Return the step metrics that a row lacks, with the value that they had last.

        Args:
            values: the row's new values, in plain types.
            open_row: values that the row has already.
        """
        names = {flat_name(path): value for path, value in values.items()}
        last = self._last_steps
        for step_metric in last.values:
            last.note(step_metric, names.get(step_metric))
        there = set(map(flat_name, open_row)) if open_row else ()
        return {
            wanted: last.values[wanted]
            for wanted in self._lacking(names)
            if wanted not in there and last.values[wanted] is not None
        }

    def steps_of(self, names: tuple[str, ...]) -> RowSteps | None:
        """Return what rows of these keys have to do with step metrics, None if nothing."""
        held = tuple((i, name) for i, name in enumerate(names) if name in self._last_steps.values)
        lacking = self._lacking(dict.fromkeys(names))
        return RowSteps(self._last_steps, held, lacking) if held or lacking else None

    def _lacking(self, names: Mapping[str, Any]) -> tuple[str, ...]:
        wanted: dict[str, None] = {}
        for name in names:
            rule = self.rules.find(name)
            if rule is not None and rule.step_sync and rule.step_metric is not None:
                wanted[rule.step_metric] = None
        return tuple(name for name in wanted if name not in names)


def _checked_name(name: object, argument: str = "name") -> str:
    """Return a metric's flat name; a dot may be escaped, as it means the same either way."""
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"define_metric: {argument} must be a string, got {name!r} ({type(name).__name__})"
        )
    is_pattern = "*" in (name[:-1] if argument == "name" else name)
    if not name or is_pattern:
        allowed = "a metric's name" + (", with `*` at its end at most" * (argument == "name"))
        raise UsageError(f"define_metric: {argument}={name!r} is not allowed: {allowed}")
    return name.replace("\\.", ".")


def _summary_operations(summary: Any) -> list[str]:
    if summary is None:
        return []
    parts = [summary] if isinstance(summary, str) else summary
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise ArgumentTypeError(
            "define_metric: summary must be a string such as 'min,max' or a list of strings, "
            f"got {summary!r}"
        )
    words = [word.strip() for part in parts for word in part.split(",")]
    operations = list(dict.fromkeys(word for word in words if word))
    bad = [word for word in operations if word not in SUMMARY_OPERATIONS]
    if bad:
        raise UsageError(
            f"define_metric: summary={summary!r}: {', '.join(bad)} is not one of "
            f"{', '.join(SUMMARY_OPERATIONS)}"
        )
    return operations
