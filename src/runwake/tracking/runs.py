"""Use cases of runs: listing, reading, editing, stopping, deleting."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runwake.errors import NotFoundError, UsageError
from runwake.model.metrics import MetricRule, MetricRules
from runwake.model.run import RunState, check_tag
from runwake.store.columns import RowBatch
from runwake.store.ports import (
    AlertRecord,
    ConsoleLine,
    FileRecord,
    HistoryStore,
    KeySummary,
    MetaRead,
    MetaStore,
    ProcessRecord,
    RunRecord,
    RunUid,
)
from runwake.tracking.clock import Clock, system_clock
from runwake.tracking.plain import plain_json
from runwake.tracking.run_table import RunTable
from runwake.tracking.sorting import matcher, sort_runs
from runwake.tracking.sources import Source, history_uid

EDITABLE: Final = frozenset({"name", "notes", "tags", "group", "job_type"})


@dataclass(frozen=True)
class RunView:
    """A run and how many rows of history it has."""

    record: RunRecord
    num_rows: int


@dataclass(frozen=True)
class RunListing:
    """One page of matching runs; `position` is where changes go on."""

    runs: Sequence[RunView]
    total: int
    position: int


@dataclass(frozen=True)
class RunDetail:
    """A run with the processes that write into it, and the alerts that it sent.

    Attributes:
        num_system_rows: rows that its senders measured; they do not count as the run's.
    """

    view: RunView
    processes: Sequence[ProcessRecord]
    alerts: Sequence[AlertRecord]
    num_system_rows: int


@dataclass(frozen=True)
class RunKey:
    """A key of one run, and what was defined for it."""

    summary: KeySummary
    rule: MetricRule | None


@dataclass(frozen=True)
class NumberedLine:
    """A console line and its place among all lines of its run."""

    number: int
    line: ConsoleLine


@dataclass(frozen=True)
class ConsoleView:
    """Lines in order. Those numbered `total` and above have no newline yet and may still grow."""

    lines: Sequence[NumberedLine]
    total: int


@dataclass(frozen=True)
class HistoryRow:
    """One row as logged, its values as plain JSON."""

    row: int
    step: float
    timestamp: float
    values: Mapping[str, Any]


@dataclass(frozen=True)
class HistoryView:
    """Consecutive rows; `next_row` is None at the end."""

    rows: Sequence[HistoryRow]
    next_row: int | None


def require_run(tx: MetaRead, entity: str, project: str, run_id: str) -> RunRecord:
    """Return a run.

    Raises:
        NotFoundError: naming what there is none of.
    """
    run = tx.run(entity, project, run_id)
    if run is None:
        raise NotFoundError(f"there is no run {run_id!r} in {entity}/{project}")
    return run


def require_project(tx: MetaRead, entity: str, project: str) -> None:
    """Return if the project is there, else raise NotFoundError."""
    if tx.project(entity, project) is None:
        raise NotFoundError(f"there is no project {entity}/{project}")


class Runs:
    """Runs of all projects. Thread-safe."""

    def __init__(
        self,
        meta: MetaStore,
        history: HistoryStore,
        clock: Clock = system_clock,
        table: RunTable | None = None,
    ) -> None:
        self._meta = meta
        self._history = history
        self._clock = clock
        self._table = table or RunTable()

    def list(
        self,
        entity: str,
        project: str,
        *,
        search: str = "",
        is_regex: bool = False,
        sort: str = "-started_at",
        limit: int = 100,
        offset: int = 0,
    ) -> RunListing:
        """Return the runs [offset, offset + limit) of those that match, sorted.

        Raises:
            NotFoundError: no such project.
            UsageError: `search` is no regular expression, or `sort` names no field.
        """
        is_match = matcher(search, is_regex)
        with self._meta.read() as tx:
            require_project(tx, entity, project)
            position = tx.position()
            runs = [run for run in self._table.runs(tx, entity, project) if is_match(run)]
        ordered = sort_runs(runs, sort, lambda: self._history.num_rows([run.uid for run in runs]))
        page = ordered[offset : offset + limit]
        return RunListing(self.views(page), len(runs), position)

    def views(self, runs: Sequence[RunRecord]) -> Sequence[RunView]:
        """Return the runs with their row counts."""
        counts = self._history.num_rows([run.uid for run in runs]) if runs else {}
        return [RunView(run, counts.get(run.uid, 0)) for run in runs]

    def detail(self, entity: str, project: str, run_id: str) -> RunDetail:
        """Return all that is known of a run but its history.

        Raises:
            NotFoundError: no such run.
        """
        with self._meta.read() as tx:
            run = require_run(tx, entity, project, run_id)
            processes = tx.processes(run.uid)
            alerts = tx.alerts(run.uid)
        system = history_uid(run.uid, Source.SYSTEM)
        num_system_rows = self._history.num_rows([system]).get(system, 0)
        return RunDetail(self.views([run])[0], processes, alerts, num_system_rows)

    def edit(self, entity: str, project: str, run_id: str, fields: Mapping[str, Any]) -> RunDetail:
        """Change fields of a run (those in `EDITABLE`) and return it.

        Raises:
            NotFoundError: no such run.
            UsageError: a field or value that is not allowed.
        """
        unknown = sorted(set(fields) - EDITABLE)
        if unknown:
            raise UsageError(f"{unknown[0]} cannot be changed: allowed are {sorted(EDITABLE)}")
        changes = dict(fields)
        if "tags" in changes:
            tags = changes["tags"] or ()
            changes["tags"] = tuple(dict.fromkeys(check_tag(tag) for tag in tags))
        if changes.get("name", "") is None:
            del changes["name"]
        with self._meta.write() as tx:
            run = require_run(tx, entity, project, run_id)
            tx.save_run(dataclasses.replace(run, updated_at=self._clock(), **changes))
        return self.detail(entity, project, run_id)

    def delete(self, entity: str, project: str, run_id: str) -> None:
        """Forget a run. What its processes still send is taken and dropped.

        Raises:
            NotFoundError: no such run.
        """
        with self._meta.write() as tx:
            run = require_run(tx, entity, project, run_id)
            tx.delete_run(run.uid)
        # A crash between the two leaves rows that nobody can name: harmless.
        for source in Source:
            self._history.delete(history_uid(run.uid, source))

    def request_stop(self, entity: str, project: str, run_id: str) -> None:
        """Ask a running run to stop: its sender learns it with the next answer.

        Raises:
            NotFoundError: no such run.
            UsageError: the run has ended.
        """
        with self._meta.write() as tx:
            run = require_run(tx, entity, project, run_id)
            if run.state is not RunState.RUNNING:
                raise UsageError(f"run {run_id!r} is {run.state.value}, only running ones stop")
            if not run.stop_requested:
                tx.save_run(dataclasses.replace(run, stop_requested=True, updated_at=self._clock()))

    def keys(
        self, entity: str, project: str, run_id: str, source: Source = Source.HISTORY
    ) -> Sequence[RunKey]:
        """Return the keys of one of a run's histories, sorted by name."""
        with self._meta.read() as tx:
            run = require_run(tx, entity, project, run_id)
        rules = MetricRules(run.metric_definitions if source is Source.HISTORY else {})
        uid = history_uid(run.uid, source)
        found = self._history.keys([uid]).get(uid, ())
        ordered = sorted(found, key=lambda key: (key.key, key.kind.value))
        return [RunKey(summary, rules.find(summary.key)) for summary in ordered]

    def history(
        self,
        entity: str,
        project: str,
        run_id: str,
        *,
        keys: Sequence[str] | None = None,
        first_row: int = 0,
        limit: int = 1000,
        source: Source = Source.HISTORY,
    ) -> HistoryView:
        """Return rows from `first_row` on, at most `limit`, in order of arrival."""
        uid = history_uid(self._uid(entity, project, run_id), source)
        rows: list[HistoryRow] = []
        row = first_row
        for batch in self._history.scan(uid, keys, first_row):
            if len(rows) == limit:
                return HistoryView(rows, row)
            taken = min(batch.num_rows, limit - len(rows))
            rows.extend(_rows_of(batch, row, taken))
            row += taken
            if taken < batch.num_rows:
                return HistoryView(rows, row)
        return HistoryView(rows, None)

    def console(
        self, entity: str, project: str, run_id: str, *, first: int, limit: int
    ) -> ConsoleView:
        """Return lines from `first` on (negative: from the end).

        Lines that a process has begun and not ended follow the last whole line, numbered from
        `total` on; asking again from `total` returns what became of them.
        """
        with self._meta.read() as tx:
            run = require_run(tx, entity, project, run_id)
            processes = tx.processes(run.uid)
        page = self._history.console(run.uid, first, limit)
        lines = [NumberedLine(page.first + i, line) for i, line in enumerate(page.lines)]
        if page.first + len(page.lines) == page.total and len(lines) < limit:
            begun = [
                ConsoleLine(channel, text, time, partial=True)
                for process in processes
                for channel, (text, time) in process.console.items()
                if text
            ]
            begun.sort(key=lambda line: line.time)
            if first <= page.total:
                lines += [NumberedLine(page.total + i, line) for i, line in enumerate(begun)]
        return ConsoleView(lines[:limit], page.total)

    def files(self, entity: str, project: str, run_id: str) -> Sequence[FileRecord]:
        """Return the files of a run, by path."""
        with self._meta.read() as tx:
            return tx.files(require_run(tx, entity, project, run_id).uid)

    def _uid(self, entity: str, project: str, run_id: str) -> RunUid:
        with self._meta.read() as tx:
            return require_run(tx, entity, project, run_id).uid


def _rows_of(batch: RowBatch, first_row: int, num_rows: int) -> Sequence[HistoryRow]:
    values: list[dict[str, Any]] = [{} for _ in range(num_rows)]
    for column in batch.columns:
        plain = column.values if isinstance(column.values, Sequence) else column.values.tolist()
        numbers = range(len(plain)) if column.rows is None else column.rows.tolist()
        for number, value in zip(numbers, plain, strict=True):
            if number >= num_rows:
                break
            values[number][column.key] = plain_json(value)
    steps, times = batch.steps.tolist(), batch.times.tolist()
    return [HistoryRow(first_row + i, steps[i], times[i], values[i]) for i in range(num_rows)]
