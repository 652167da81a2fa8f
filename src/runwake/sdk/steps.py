"""Rows and their steps: what one `log` call appends, and to which row.

A row is open until something closes it. `log(d)` adds to the open row, closes it and advances;
`commit=False` only adds; `log(d, step=k)` opens row k, or adds to it, and leaves it open. A step
below the current one makes a row of its own, kept as it is: late is better than lost.
"""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from runwake.errors import ArgumentTypeError, UsageError
from runwake.model.keys import KeyPath
from runwake.sdk.media.storing import MediaStore
from runwake.sdk.metrics import Definitions, Metric, RowSteps
from runwake.sdk.notices import Notices
from runwake.sdk.row_sums import RowSums
from runwake.sdk.stream import LogStream
from runwake.sdk.summary import SummaryStore
from runwake.sdk.values import bounded_repr, flatten, plain
from runwake.wire.rows import MAX_SCHEMAS, Packer, Step, is_scalar_type

CHECK_INTERVAL_S: Final = 2.0
_now: Final = time.time
_INT64: Final = 2**63


class _Shape(NamedTuple):
    """How rows of some keys and types are written without a look at their values.

    `names` are those of the row with the step metrics that it is given.
    """

    packer: Packer
    names: tuple[str, ...]
    steps: RowSteps | None


class History:
    """The rows of one run. Safe to call from any thread: rows are appended in order of arrival.

    Args:
        stream: where rows are appended.
        summary: told of the values of closed rows.
        media: stores images and turns them into references.
        definitions: step metrics that rows must carry.
        notices: told once per kind of what is odd.
        first_step: step of the first row.
    """

    def __init__(
        self,
        stream: LogStream,
        summary: SummaryStore,
        media: MediaStore,
        definitions: Definitions,
        notices: Notices,
        *,
        first_step: int = 0,
    ) -> None:
        self.step: Step = first_step
        self.num_rows_late = 0
        self.on_check: Callable[[], None] | None = None
        """Called between rows, at most every `CHECK_INTERVAL_S`."""
        self._stream = stream
        self._note_row = summary.add_row
        self._media = media
        self._definitions = definitions
        self._notices = notices
        self._warn = notices.warn_once
        self._open: dict[KeyPath, Any] = {}
        self._shapes: dict[tuple[tuple[str, ...], tuple[type, ...]], _Shape] = {}
        self._sums: RowSums | None = None
        self._check_at = 0.0
        self._closed_reason: str | None = None

    def log(self, data: Any, step: Any = None, commit: bool | None = None) -> None:
        """Append values to the row that `step` and `commit` say; see `Run.log`."""
        writer = self._stream.writer
        with writer.lock:
            now = _now()
            if step is not None and (type(step) is not int or not -_INT64 <= step < _INT64):
                step = self._check_step(step)
            if type(data) is dict:
                values = tuple(data.values())
                shape = self._shapes.get((tuple(data), tuple(map(type, values))))
                # A row of this shape was plain before: no look at single values is needed.
                if shape is not None:
                    packer, names, steps = shape
                    row_step = self.step if step is None else step
                    open_ = commit is False if step is None else commit is not True
                    row = data
                    if steps is not None:
                        # The open row may hold what this one lacks: that wants a closer look.
                        is_near = self._open and steps.injected
                        values = () if is_near else steps.complete(values)
                    if values and writer.append_packed(packer, values, row_step, now, open_):
                        if self._sums is not None:
                            self._sums.add((names, values, row_step, open_))
                        if steps is not None and steps.injected:
                            row = self._with_steps(data, steps.row, open_)
                        if step is None and not open_ and not self._open:
                            self._note_row(row)
                            self.step = row_step + 1
                        else:
                            self._advance(row_step, open_, row)
                        if now >= self._check_at:
                            self._check(now)
                        return
            self._log_any(data, step, commit, now)
            if now >= self._check_at:
                self._check(now)

    def close(self, reason: str) -> None:
        """Close the open row and refuse further ones, saying why."""
        with self._stream.writer.lock:
            self._close_row()
            if self._sums is not None:
                self._sums.close()
            self._shapes.clear()
            self._closed_reason = reason

    def after_fork(self) -> None:
        """Forget what belongs to the parent's stream; called in the child."""
        self._shapes.clear()
        self._definitions.sums.after_fork()
        self.on_check = None

    def _log_any(self, data: Any, step: Step | None, commit: bool | None, now: float) -> None:
        """The way of all rows whose shape is new or not plain."""
        if self._closed_reason is not None:
            raise UsageError(self._closed_reason)
        flat = self._flatten(data)
        if flat is None:
            return
        row_step = self.step if step is None else step
        open_ = commit is False if step is None else commit is not True
        row = self._plain_row(flat, row_step)
        if self._definitions:
            before = self._open if row_step == self.step else {}
            row.update(self._definitions.missing_steps(row, before))
        try:
            self._stream.writer.append_row(tuple(row), tuple(row.values()), row_step, now, open_)
        except Exception as error:  # noqa: BLE001 - the log border: training goes on
            self._warn(f"row-{type(error).__name__}", f"a row cannot be kept and is lost: {error}")
            return
        if self._sums is not None:
            self._sums.add((tuple(row), tuple(row.values()), row_step, open_))
        self._advance(row_step, open_, row)
        self._remember_shape(data, row)

    def _with_steps(
        self, row: dict[str, Any], steps: dict[str, Any], open_: bool
    ) -> dict[str, Any]:
        """Return what is left to note of a row that was given `steps`."""
        if open_:
            return row | steps
        self._note_row(steps)
        return row

    def _flatten(self, data: Any) -> Mapping[KeyPath, Any] | None:
        """Return the values of a `log` call by key path, None if they cannot be read."""
        try:
            if isinstance(data, Mapping):
                return flatten(data, self._warn)
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001 - the log border: training goes on
            kind = type(data).__name__
            self._warn(f"data-{kind}", f"a row in a {kind} cannot be read and is lost: {error!r}")
            return None
        raise ArgumentTypeError(
            f"log takes a dict of names and values, got {bounded_repr(data)} "
            f"({type(data).__name__})"
        )

    def _plain_row(self, flat: Mapping[KeyPath, Any], step: Step) -> dict[KeyPath, Any]:
        return {path: self._plain_value(path, value, step) for path, value in flat.items()}

    def _plain_value(self, path: KeyPath, value: Any, step: Step) -> Any:
        try:
            reference = self._media.reference(path, value, step)
            return plain(value, self._warn) if reference is None else reference
        except Exception as error:  # noqa: BLE001 - the log border: training goes on
            kind = f"{type(value).__module__}.{type(value).__qualname__}"
            self._warn(
                f"value-{kind}",
                f"a value of type {kind} cannot be stored ({error}): its text (repr) is kept",
            )
            return bounded_repr(value)

    def _remember_shape(self, data: Any, row: Mapping[KeyPath, Any]) -> None:
        names: tuple[Any, ...] = tuple(row)[: len(data)]
        if type(data) is not dict or names != tuple(data):
            return
        types = tuple(map(type, data.values()))
        if not all(map(is_scalar_type, types)) or len(self._shapes) >= MAX_SCHEMAS:
            return
        steps = self._definitions.steps_of(names) if self._definitions else None
        if steps is not None:
            if not all(map(is_scalar_type, steps.types)):
                return
            names += steps.injected
        all_types = types if steps is None else types + steps.types
        packer = self._stream.writer.packer((names, all_types, int))
        if packer is not None:
            self._shapes[tuple(data), types] = _Shape(packer, names, steps)

    def define_metric(self, define: Callable[[], Metric]) -> Metric:
        """Call `define` between two rows, and look at each shape of row again."""
        with self._stream.writer.lock:
            metric = define()
            if self._definitions.rules.replace_any:
                self._sums = self._definitions.sums
            self._shapes.clear()
            return metric

    def _advance(self, step: Step, open_: bool, values: Mapping[Any, Any]) -> None:
        """Move to where the next row goes, after a row was appended."""
        if step < self.step:
            self._note_late(step)
            self._close_row()
            self._note_row(values)
            return
        if step > self.step:
            self._close_row()
            self.step = step
        if open_:
            self._open.update(values)
            return
        if self._open:
            self._open.update(values)
            self._close_row()
        else:
            self._note_row(values)
        self.step = step + 1 if type(step) is int else math.floor(step) + 1

    def _close_row(self) -> None:
        if self._open:
            self._note_row(self._open)
            self._open = {}

    def _note_late(self, step: Step) -> None:
        self.num_rows_late += 1
        self._warn(
            "late-step",
            f"log: step {step} is below the current step {self.step}; such rows are kept as they "
            "are, in order of arrival",
        )

    def _check_step(self, step: Any) -> Step | None:
        """Return a step as int or float; None for one that stands for nothing (NaN).

        Raises:
            ArgumentTypeError: the step is no number.
        """
        if isinstance(step, (bool, str, bytes)) or type(step).__name__ in ("bool_", "bool"):
            raise ArgumentTypeError(_step_error(step))
        if hasattr(step, "item") and not isinstance(step, (int, float)):
            if getattr(step, "shape", ()) != () and math.prod(step.shape) != 1:
                raise ArgumentTypeError(_step_error(step))
            return self._check_step(step.item())
        if isinstance(step, float):
            return self._check_float_step(step)
        try:
            number = operator.index(step)
        except TypeError:
            raise ArgumentTypeError(_step_error(step)) from None
        return number if -_INT64 <= number < _INT64 else float(number)

    def _check_float_step(self, step: float) -> Step | None:
        if not math.isfinite(step):
            self._warn("step-nan", f"log: step={step} is no step; the current one is used")
            return None
        return int(step) if step.is_integer() and abs(step) < _INT64 else float(step)

    def _check(self, now: float) -> None:
        self._check_at = now + CHECK_INTERVAL_S
        if self.on_check is not None:
            self.on_check()


def _step_error(step: object) -> str:
    return f"log: step must be an integer, got {bounded_repr(step)} ({type(step).__name__})"
