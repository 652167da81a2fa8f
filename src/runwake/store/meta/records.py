"""Rows of the tables as the records of the port, and back."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import RowMapping

from runwake.model.run import RunState
from runwake.store.meta.tables import RUN, RUN_PROCESS
from runwake.store.ports import ProcessRecord, RunRecord, RunUid

RUN_COLUMNS: Final = tuple(
    name
    for name in RunRecord.__dataclass_fields__
    if name not in ("uid", "entity", "project", "id", "change")
)
PROCESS_COLUMNS: Final = tuple(ProcessRecord.__dataclass_fields__)


def run_record(row: RowMapping) -> RunRecord:
    """Return the run of a row that has the columns of `reading.RUN_SELECT`."""
    values: dict[str, Any] = {name: row[name] for name in RUN_COLUMNS}
    values["state"] = RunState(values["state"])
    values["tags"] = tuple(values["tags"])
    return RunRecord(
        uid=RunUid(row["uid"]),
        entity=row["entity_name"],
        project=row["project_name"],
        id=row["run_id"],
        change=row["change"],
        **values,
    )


def run_values(run: RunRecord) -> dict[str, Any]:
    """Return the columns of a run that may change."""
    values: dict[str, Any] = {name: getattr(run, name) for name in RUN_COLUMNS}
    values["state"] = run.state.value
    values["tags"] = list(run.tags)
    return values


def process_record(row: RowMapping) -> ProcessRecord:
    """Return the process of a row of `run_process`."""
    values: dict[str, Any] = {name: row[name] for name in PROCESS_COLUMNS}
    values["args"] = tuple(values["args"])
    values["exit_state"] = RunState(values["exit_state"]) if values["exit_state"] else None
    values["console"] = {
        channel: (text, time) for channel, (text, time) in values["console"].items()
    }
    return ProcessRecord(**values)


def process_values(process: ProcessRecord) -> dict[str, Any]:
    """Return the columns of a process but its run."""
    values: dict[str, Any] = {name: getattr(process, name) for name in PROCESS_COLUMNS}
    values["args"] = list(process.args)
    values["exit_state"] = process.exit_state.value if process.exit_state else None
    values["console"] = {channel: list(begun) for channel, begun in process.console.items()}
    return values


assert set(RUN_COLUMNS) <= set(RUN.c.keys())
assert set(PROCESS_COLUMNS) <= set(RUN_PROCESS.c.keys())
