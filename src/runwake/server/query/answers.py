"""Domain values as the bodies of `bodies.py`: plain dicts, ready for JSON.

Made by hand and not by validating models: an answer of 10,000 runs must not cost seconds. A test
checks each against its model.
"""

from __future__ import annotations

import math
from typing import Any

from runwake.model.metrics import GOALS, MetricRule, MetricRules
from runwake.model.system_metrics import SystemMetric, find
from runwake.store.ports import AlertRecord, FileRecord, Line, ProcessRecord, ProjectRecord
from runwake.tracking.changes import ChangesView
from runwake.tracking.media import MediaValue
from runwake.tracking.plain import plain_json
from runwake.tracking.projects import ProjectKey
from runwake.tracking.runs import HistoryRow, NumberedLine, RunDetail, RunKey, RunView
from runwake.tracking.sorting import duration_s
from runwake.tracking.sources import Source
from runwake.wire.http import blob_path

Body = dict[str, Any]


def project_body(project: ProjectRecord) -> Body:
    """Return a `Project`."""
    return {
        "entity": project.entity,
        "name": project.name,
        "created_at": project.created_at,
        "last_activity_at": project.last_activity_at,
        "num_runs": project.num_runs,
        "num_running": project.num_running,
    }


def run_body(view: RunView) -> Body:
    """Return a `Run`."""
    run = view.record
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state.value,
        "started_at": run.started_at,
        "updated_at": run.updated_at,
        "heartbeat_at": run.heartbeat_at,
        "finished_at": run.finished_at,
        "duration_s": duration_s(run),
        "group": run.group,
        "job_type": run.job_type,
        "tags": run.tags,
        "notes": run.notes,
        "host": run.host,
        "num_rows": view.num_rows,
        "last_step": finite(run.last_step),
        "config": run.config,
        "summary": run.summary,
    }


def detail_body(detail: RunDetail) -> Body:
    """Return a `RunDetail`."""
    run = detail.view.record
    return run_body(detail.view) | {
        "entity": run.entity,
        "project": run.project,
        "exit_code": run.exit_code,
        "exit_reason": run.exit_reason,
        "traceback": run.traceback,
        "num_system_rows": detail.num_system_rows,
        "processes": [_process_body(process) for process in detail.processes],
        "metric_definitions": [
            _definition_body(name, rule)
            for name, rule in sorted(MetricRules(run.metric_definitions).rules.items())
        ],
        "alerts": [_alert_body(alert) for alert in detail.alerts],
    }


def _process_body(process: ProcessRecord) -> Body:
    return {
        "stream": process.stream,
        "role": process.role,
        "host": process.host,
        "pid": process.pid,
        "program": process.program,
        "args": process.args,
        "cwd": process.cwd,
        "python": process.python,
        "os": process.os,
        "cpu_count": process.cpu_count,
        "sdk_version": process.sdk_version,
        "git_commit": process.git_commit,
        "git_remote": process.git_remote,
        "started_at": process.started_at,
        "exit_state": process.exit_state.value if process.exit_state else None,
        "exit_code": process.exit_code,
        "exit_reason": process.exit_reason,
        "traceback": process.traceback,
        "damaged_bytes": process.damaged_bytes,
    }


def changes_body(changes: ChangesView) -> Body:
    """Return a `Changes`."""
    return {
        "runs": [run_body(view) for view in changes.runs],
        "deleted": list(changes.deleted),
        "cursor": changes.cursor,
    }


def project_key_body(key: ProjectKey) -> Body:
    """Return a `MetricKey`."""
    return {
        "key": key.key,
        "kinds": sorted(kind.value for kind in key.kinds),
        "media_type": key.media_type,
        "num_runs": key.num_runs,
        "max_count": key.max_count,
        **_rule_body(key.rule),
    }


def run_key_body(run_key: RunKey, source: Source) -> Body:
    """Return a `RunKey`."""
    key = run_key.summary
    about = find(key.key) if source is Source.SYSTEM else None
    return {
        "key": key.key,
        "kind": key.kind.value,
        "count": key.count,
        "minimum": finite(key.minimum),
        "maximum": finite(key.maximum),
        "last": plain_json(key.last),
        **_rule_body(run_key.rule),
        "about": None if about is None else _about_body(about),
    }


def _about_body(metric: SystemMetric) -> Body:
    return {
        "title": metric.title,
        "unit": metric.unit,
        "section": metric.section,
        "place": metric.place,
    }


def _rule_body(rule: MetricRule | None) -> Body:
    """Return the fields of a key that `define_metric` fills."""
    rule = rule or MetricRule()
    return {"step_metric": rule.step_metric, "hidden": rule.hidden, "goal": _goal(rule.goal)}


def _definition_body(name: str, rule: MetricRule) -> Body:
    return {
        "name": name,
        "step_metric": rule.step_metric,
        "step_sync": rule.step_sync,
        "hidden": rule.hidden,
        "summary": list(rule.summary),
        "goal": _goal(rule.goal),
    }


def _goal(goal: str | None) -> str | None:
    return goal if goal in GOALS else None


def _alert_body(alert: AlertRecord) -> Body:
    return {
        "time": alert.time,
        "level": alert.level if alert.level in ("WARN", "ERROR") else "INFO",
        "title": alert.title,
        "text": alert.text,
    }


def line_body(line: Line, run_id: str) -> Body:
    """Return a `Line`; arrays that say nothing in a raw line are empty."""
    is_raw = line.sampling == "raw"
    return {
        "run": run_id,
        "key": line.key,
        "sampling": line.sampling,
        "num_points": line.num_points,
        "x": line.x,
        "last": line.last,
        "minimum": [] if is_raw else line.minimum,
        "maximum": [] if is_raw else line.maximum,
        "mean": [] if is_raw else line.mean,
        "count": [] if is_raw else line.count,
        "nonfinite_x": line.nonfinite_x,
        "nonfinite": line.nonfinite,
    }


def history_row_body(row: HistoryRow) -> Body:
    """Return a `HistoryRow`."""
    return {
        "row": row.row,
        "step": plain_json(row.step),
        "timestamp": row.timestamp,
        "values": row.values,
    }


def media_body(value: MediaValue, entity: str, project: str, key: str) -> Body:
    """Return a `MediaItem`."""
    digest = value.digest
    return {
        "run": value.run,
        "key": key,
        "step": value.step,
        "timestamp": value.timestamp,
        "value": value.value,
        "url": blob_path(entity, project, digest) if digest else None,
    }


def console_line_body(numbered: NumberedLine) -> Body:
    """Return a `ConsoleLine`."""
    line = numbered.line
    return {
        "number": numbered.number,
        "channel": "stderr" if line.channel == "stderr" else "stdout",
        "text": line.text,
        "time": line.time,
    }


def file_body(file: FileRecord, entity: str, project: str) -> Body:
    """Return a `RunFile`."""
    return {
        "path": file.path,
        "size": file.size,
        "media_type": file.media_type,
        "role": file.role if file.role in ("media", "code") else "file",
        "digest": file.digest,
        "url": blob_path(entity, project, file.digest),
        "created_at": file.created_at,
    }


def finite(value: float | None) -> float | None:
    """Return the number if JSON can carry it."""
    return value if value is not None and math.isfinite(value) else None
