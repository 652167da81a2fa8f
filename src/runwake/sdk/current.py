"""The module's names `log`, `config`, `summary` … before `init` has bound them to a run.

Whoever imported them by name keeps these, so they look up the current run at each use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runwake.errors import UsageError
from runwake.sdk.metrics import Metric
from runwake.sdk.run import Run
from runwake.sdk.session import current_run


def log(
    data: dict[str, Any],
    step: int | None = None,
    commit: bool | None = None,
    sync: bool | None = None,
) -> None:
    """Log values into the current run; see `Run.log`."""
    _run("log()").log(data, step, commit, sync)


def define_metric(name: str, step_metric: Any = None, **options: Any) -> Metric:
    """Define a metric of the current run; see `Run.define_metric`."""
    return _run("define_metric()").define_metric(name, step_metric, **options)


def alert(title: str, text: str = "", level: Any = None, wait_duration: Any = 0) -> None:
    """Send an alert with the current run; see `Run.alert`."""
    _run("alert()").alert(title, text, level, wait_duration)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End the current run, if there is one; see `Run.finish`."""
    run = current_run()
    if run is not None:
        run.finish(exit_code, quiet)


class _CurrentPart:
    """Stands for `config` or `summary` of the current run."""

    __slots__ = ("_part",)

    def __init__(self, part: str) -> None:
        object.__setattr__(self, "_part", part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target(f".{name}"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target(f".{name}"), name, value)

    def __getitem__(self, key: str) -> Any:
        return self._target(f"[{key!r}]")[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._target(f"[{key!r}]")[key] = value

    def __delitem__(self, key: str) -> None:
        del self._target(f"[{key!r}]")[key]

    def __contains__(self, key: object) -> bool:
        return key in self._target("")

    def __iter__(self) -> Iterator[str]:
        return iter(self._target(""))

    def __len__(self) -> int:
        return len(self._target(""))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        run = current_run()
        return f"<runwake.{self._part}: no run>" if run is None else repr(self._target(""))

    def _target(self, use: str) -> Any:
        return getattr(_run(f"{self._part}{use}"), self._part)


config: Any = _CurrentPart("config")
summary: Any = _CurrentPart("summary")


def _run(use: str) -> Run:
    run = current_run()
    if run is None:
        raise UsageError(f"no run is active: call runwake.init() first, before runwake.{use}")
    return run
