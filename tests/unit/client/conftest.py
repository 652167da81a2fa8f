"""Runs in a folder of the test's own, and what they left in their logs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runwake
from runwake.runlog.run_dir import RunDir
from runwake.sdk.run import Run
from runwake.testing.ingest_double import StoredStream
from runwake.wire.records import AnyRecord

Row = tuple[float, dict[str, Any]]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):  # noqa: TID251 - to leave the machine's settings out
        if name.startswith(("RUNWAKE_", "WANDB_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def start_run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start an offline run; it is finished after the test."""

    def start(**options: Any) -> Run:
        options.setdefault("mode", "offline")
        return runwake.init(dir=tmp_path, **options)

    yield start
    runwake.finish()


def stored(run: Run) -> StoredStream:
    """Finish a run and return what its own stream holds."""
    assert run.sync_dir is not None
    run.finish()
    stream = StoredStream()
    (log,) = RunDir(Path(run.sync_dir)).logs.glob("*.rwlog")
    stream.apply(log.read_bytes(), final=True)
    assert stream.damaged == 0
    return stream


@pytest.fixture
def rows_of() -> Callable[[Run], list[Row]]:
    """Finish a run and return step and values of its rows."""
    return lambda run: [(step, values) for step, _, values in stored(run).rows]


@pytest.fixture
def records_of() -> Callable[[Run], list[AnyRecord]]:
    """Finish a run and return its control records."""
    return lambda run: stored(run).records
