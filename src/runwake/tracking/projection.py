"""Control records and rows of one stream as changes of its run's metadata. Pure, no I/O.

Applied to each record once and in order (the caller's watermark sees to that), so values that
only count forwards, such as damaged bytes, are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runwake.errors import UsageError
from runwake.model.keys import flat_name
from runwake.model.run import RunState
from runwake.store.ports import AlertRecord, FileRecord, ProcessRecord, RunRecord
from runwake.tracking import run_states
from runwake.tracking.plain import plain_json
from runwake.tracking.range_reader import LoggedValues, MetaEvent, RangeContent
from runwake.tracking.row_sums import RowSums
from runwake.tracking.sources import is_sender_stream
from runwake.wire import records
from runwake.wire.records import SENDER_STREAM_PREFIX


@dataclass(frozen=True)
class StreamPath:
    """Where a stream says it belongs."""

    entity: str
    project: str
    run_id: str
    stream: str


@dataclass
class Projection:
    """A run and its processes while the records of one stream are applied to them.

    Attributes:
        run: the run as it is now.
        processes: all its processes by stream, the writing one among them.
        changed: streams whose process changed.
        files, alerts: what came new.
    """

    path: StreamPath
    run: RunRecord
    processes: dict[str, ProcessRecord]
    now: float
    changed: set[str] = field(default_factory=set)
    files: dict[str, FileRecord] = field(default_factory=dict)
    alerts: list[AlertRecord] = field(default_factory=list)
    _sums: RowSums | None = None

    @property
    def process(self) -> ProcessRecord:
        """The process that writes the stream."""
        known = self.processes.get(self.path.stream)
        if known is not None:
            return known
        # Its start was lost to damage: its name still tells whether it trains.
        role = run_states.SENDER if is_sender_stream(self.path.stream) else "writer"
        return ProcessRecord(self.path.stream, role, started_at=self.now)

    def save_process(self, process: ProcessRecord) -> None:
        """Replace a process."""
        self.processes[process.stream] = process
        self.changed.add(process.stream)

    def apply(self, content: RangeContent) -> None:
        """Apply what a range tells that is new, in order."""
        self._sums = sums = RowSums(self.run, content.rows, content.first_unsummed)
        for event in content.meta:
            self._apply_one(event)
        if not is_sender_stream(self.path.stream):  # what senders measure is not summed up
            sums.take_all()
            self.run = sums.write(self.run)

    def _apply_one(self, event: MetaEvent) -> None:
        if isinstance(event, LoggedValues):
            self._rows(event)
        elif isinstance(event, records.RunStart):
            self._start(event)
        elif isinstance(event, records.ConfigUpdate):
            self._config(event)
        elif isinstance(event, records.SummaryUpdate):
            self._summary(event)
        elif isinstance(event, records.RunUpdate):
            self._update(event)
        elif isinstance(event, records.MetricDefinition):
            self._define(event)
        elif isinstance(event, records.File):
            self._file(event)
        elif isinstance(event, records.Alert):
            alert = AlertRecord(event.time, event.title, event.text, event.level)
            self.alerts.append(alert)
        elif isinstance(event, records.Exit):
            self._exit(event)

    def _rows(self, logged: LoggedValues) -> None:
        if is_sender_stream(self.path.stream):
            return  # measured, not logged
        values, step = logged.last_values()
        summary = dict(self.run.summary)
        replaces_last = self._of_rows.rules.replaces_last
        for key, value in values.items():
            if value is not None and not replaces_last(key):
                summary[key] = plain_json(value)
        self._of_rows.see(logged.end)
        self.run = replace(self.run, summary=summary, last_step=float(step))

    def _start(self, record: records.RunStart) -> None:
        self.save_process(process_of(record, self.process, self.now))
        if record.role == run_states.SENDER:
            return
        run = run_states.begin(self.run)
        config = {**run.config, **plain_json(record.config)}
        self.run = replace(
            run,
            started_at=min(run.started_at, record.time or run.started_at),
            name=record.name or run.name,
            group=run.group if record.group is None else record.group,
            job_type=run.job_type if record.job_type is None else record.job_type,
            notes=run.notes if record.notes is None else record.notes,
            tags=run.tags if record.tags is None else _distinct(record.tags),
            host=record.host or run.host,
            config=config,
        )

    def _config(self, record: records.ConfigUpdate) -> None:
        config = {**self.run.config, **plain_json(record.set)}
        for key in record.delete:
            config.pop(key, None)
        self.run = replace(self.run, config=config)

    @property
    def _of_rows(self) -> RowSums:
        assert self._sums is not None, "made by apply"
        return self._sums

    def _summary(self, record: records.SummaryUpdate) -> None:
        self.run = self._of_rows.write(self.run)  # what was logged before comes before
        summary = dict(self.run.summary)
        for path, value in record.set:
            summary[flat_name(tuple(path))] = plain_json(value)
        for path in record.delete:
            name = flat_name(tuple(path))
            for key in [key for key in summary if key == name or key.startswith(name + ".")]:
                del summary[key]
        self.run = replace(self.run, summary=summary)

    def _update(self, record: records.RunUpdate) -> None:
        changes: dict[str, Any] = {
            name: value
            for name in ("name", "notes", "group", "job_type")
            if (value := getattr(record, name)) is not None
        }
        if record.tags is not None:
            changes["tags"] = _distinct(record.tags)
        self.run = replace(self.run, **changes)

    def _define(self, record: records.MetricDefinition) -> None:
        self.run = self._of_rows.write(self.run)  # under the rules that held when it closed
        self._of_rows.pass_over()
        given = {
            "step_metric": record.step_metric,
            "step_sync": record.step_sync,
            "hidden": record.hidden,
            "summary": record.summary,
            "goal": record.goal,
        }
        rules = self._of_rows.rules
        rules.define(record.name, given, overwrite=record.overwrite)
        self.run = replace(self.run, metric_definitions=dict(rules.definitions))

    def _file(self, record: records.File) -> None:
        self.files[record.path] = FileRecord(
            record.path,
            record.digest,
            record.size,
            record.media_type,
            record.role,
            record.time or self.now,
        )

    def _exit(self, record: records.Exit) -> None:
        process = self.process
        if process.role == run_states.SENDER:
            ended = run_states.ended_by_sender(list(self.processes.values()), process, record)
            if not ended:
                return
        else:
            ended = [run_states.end_process(process, record)]
        for one in ended:
            self.save_process(one)
        self.run = run_states.end_run(self.run, list(self.processes.values()), record, self.now)

    def end_without_exit(self) -> None:
        """Say that the stream ended: a writer that left no exit record has crashed."""
        if run_states.is_open_writer(self.process):
            self._exit(records.Exit(time=self.now, state=RunState.CRASHED.value))


def process_of(record: records.RunStart, known: ProcessRecord, now: float) -> ProcessRecord:
    """Return the process that a start record describes, with the marks of the known one."""
    return replace(
        known,
        role=run_states.SENDER if record.role == run_states.SENDER else "writer",
        started_at=record.time or now,
        host=record.host,
        pid=record.pid,
        program=record.program,
        args=tuple(record.args),
        cwd=record.cwd,
        python=record.python,
        os=record.os,
        cpu_count=record.cpu_count,
        sdk_version=record.sdk_version,
        git_commit=record.git_commit,
        git_remote=record.git_remote,
        exit_state=None,
        exit_code=None,
        exit_reason=None,
        traceback=None,
    )


def check_start(path: StreamPath, events: Sequence[MetaEvent], lost_bytes: int) -> None:
    """Check that a stream's first range begins with the start of the run in its address.

    Raises:
        UsageError: it begins with something else, or with another run's start.
    """
    if not events:
        return
    first = events[0]
    if not isinstance(first, records.RunStart):
        if lost_bytes:
            return  # damage took the start away; what is left is still this run's
        raise UsageError("the first record of a stream must be its start")
    said = StreamPath(first.entity, first.project, first.run_id, first.stream)
    if said != path:
        raise UsageError(f"the log is of {said}, it was sent to {path}")
    if (first.role == run_states.SENDER) != is_sender_stream(path.stream):
        raise UsageError(
            f"stream={path.stream!r} has the role {first.role!r}: streams of senders, and no "
            f"others, have a name that begins with {SENDER_STREAM_PREFIX!r}"
        )


def _distinct(tags: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
