"""`define_metric`: which key is drawn over which, and what its summary is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from runwake.errors import ArgumentTypeError, UsageError
from runwake.model.keys import KeyPath, flat_name
from runwake.wire.records import MetricDefinition

_SUMMARIES: Final = ("min", "max", "mean", "last", "first", "copy", "best", "none")


class Metric(NamedTuple):
    """What `define_metric` returns: the definition as it stands."""

    name: str
    step_metric: str | None
    step_sync: bool
    hidden: bool
    summary: tuple[str, ...]


class Definitions:
    """The metric definitions of a run, and the last value of each metric used as a step.

    Args:
        emit: called with each definition.
    """

    def __init__(self, emit: Callable[[MetricDefinition], None]) -> None:
        self._emit = emit
        self._exact: dict[str, Metric] = {}
        self._globs: dict[str, Metric] = {}
        self._last_steps: dict[str, Any] = {}

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
        """Add a definition; arguments as of `Run.define_metric`."""
        _check_name(name)
        if isinstance(step_metric, Metric):
            step_metric = step_metric.name
        if step_metric is not None:
            _check_name(step_metric, "step_metric")
        operations = _summary_operations(summary)
        if goal not in (None, "minimize", "maximize"):
            raise UsageError(f"goal={goal!r}: expected 'minimize' or 'maximize'")
        known = self._globs if name.endswith("*") else self._exact
        earlier = None if overwrite else known.get(name)
        metric = Metric(
            name,
            step_metric or (earlier.step_metric if earlier else None),
            bool(step_metric) if step_sync is None else bool(step_sync),
            bool(hidden) if hidden is not None else bool(earlier and earlier.hidden),
            tuple(operations) or (earlier.summary if earlier else ()),
        )
        known[name] = metric
        if metric.step_metric:
            self._last_steps.setdefault(metric.step_metric, None)
        self._emit(
            MetricDefinition(
                name=name,
                step_metric=step_metric,
                step_sync=step_sync,
                hidden=hidden,
                summary=operations,
                goal=goal,
                overwrite=bool(overwrite),
            )
        )
        return metric

    def __bool__(self) -> bool:
        return bool(self._exact or self._globs)

    def missing_steps(
        self, values: Mapping[KeyPath, Any], open_row: Mapping[KeyPath, Any]
    ) -> dict[KeyPath, Any]:
        """Return the step metrics that a row lacks, with the value that they had last.

        Args:
            values: the row's new values, in plain types.
            open_row: values that the row has already.
        """
        names = {flat_name(path): value for path, value in values.items()}
        for step_metric in self._last_steps:
            if step_metric in names:
                self._last_steps[step_metric] = names[step_metric]
        missing: dict[KeyPath, Any] = {}
        for name in names:
            metric = self._find(name)
            if metric is None or not metric.step_sync or metric.step_metric is None:
                continue
            wanted = metric.step_metric
            last = self._last_steps.get(wanted)
            if last is not None and wanted not in names and wanted not in open_row:
                missing[wanted] = last
        return missing

    def _find(self, name: str) -> Metric | None:
        exact = self._exact.get(name)
        if exact is not None:
            return exact
        matching = [glob for glob in self._globs if name.startswith(glob[:-1])]
        return self._globs[max(matching, key=len)] if matching else None


def _check_name(name: object, argument: str = "name") -> None:
    if not isinstance(name, str):
        raise ArgumentTypeError(
            f"define_metric: {argument} must be a string, got {name!r} ({type(name).__name__})"
        )
    if not name or "*" in name[:-1]:
        raise UsageError(
            f"define_metric: {argument}={name!r} is not allowed: a metric's name, with `*` at its "
            "end at most"
        )


def _summary_operations(summary: Any) -> list[str]:
    if summary is None:
        return []
    if not isinstance(summary, str):
        raise ArgumentTypeError(
            f"define_metric: summary must be a string such as 'min,max', got {summary!r}"
        )
    operations = [word.strip() for word in summary.split(",") if word.strip()]
    bad = [word for word in operations if word not in _SUMMARIES]
    if bad:
        raise UsageError(
            f"define_metric: summary={summary!r}: {', '.join(bad)} is not one of "
            f"{', '.join(_SUMMARIES)}"
        )
    return operations
