"""Use cases of projects: listing them, and the keys that their runs have logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from runwake.errors import NotFoundError
from runwake.model.keys import ValueKind
from runwake.model.metrics import MetricRule, MetricRules
from runwake.store.ports import (
    HistoryStore,
    KeySummary,
    MetaStore,
    ProjectRecord,
    RunRecord,
    RunUid,
)
from runwake.tracking.run_table import RunTable
from runwake.tracking.runs import require_project
from runwake.tracking.sources import Source, history_uid

MAX_RULES: Final = 100


@dataclass
class ProjectKey:
    """One key over all runs of a project.

    Attributes:
        media_type: `_type` of its values if they are media.
        num_runs: runs that have it.
        max_count: most rows with it in any run.
        rule: what the newest run that defines anything for it says.
    """

    key: str
    kinds: set[ValueKind] = field(default_factory=set)
    media_type: str | None = None
    num_runs: int = 0
    max_count: int = 0
    rule: MetricRule | None = None


class Projects:
    """All projects. Thread-safe."""

    def __init__(
        self, meta: MetaStore, history: HistoryStore, table: RunTable | None = None
    ) -> None:
        self._meta = meta
        self._history = history
        self._table = table or RunTable()

    def list(self) -> Sequence[ProjectRecord]:
        """Return all projects, the most recently active first."""
        with self._meta.read() as tx:
            return tx.projects()

    def get(self, entity: str, name: str) -> ProjectRecord:
        """Return one project.

        Raises:
            NotFoundError: there is none of that name.
        """
        with self._meta.read() as tx:
            project = tx.project(entity, name)
        if project is None:
            raise NotFoundError(f"there is no project {entity}/{name}")
        return project

    def keys(self, entity: str, name: str, source: Source = Source.HISTORY) -> Sequence[ProjectKey]:
        """Return the keys of all runs of a project, sorted by name."""
        with self._meta.read() as tx:
            require_project(tx, entity, name)
            runs = self._table.runs(tx, entity, name)
        keys = merge_keys(self._history.keys([history_uid(run.uid, source) for run in runs]))
        if source is Source.SYSTEM:
            return keys
        rules = distinct_rules(runs)
        for key in keys:
            found = (each.find(key.key) for each in rules)
            key.rule = next((rule for rule in found if rule is not None), None)
        return keys


def distinct_rules(runs: Sequence[RunRecord]) -> Sequence[MetricRules]:
    """Return the different sets of definitions of some runs, those of the newest run first.

    Thousands of runs of one script share one; of more than `MAX_RULES` the older ones are left.
    """
    distinct: dict[str, MetricRules] = {}
    for run in sorted(runs, key=lambda run: run.started_at, reverse=True):
        if not run.metric_definitions:
            continue
        text = repr(sorted(run.metric_definitions.items()))
        if text not in distinct:
            distinct[text] = MetricRules(run.metric_definitions)
            if len(distinct) == MAX_RULES:
                break
    return list(distinct.values())


def merge_keys(by_run: Mapping[RunUid, Sequence[KeySummary]]) -> Sequence[ProjectKey]:
    """Return the keys of several runs as one list, sorted by name."""
    merged: dict[str, ProjectKey] = {}
    for summaries in by_run.values():
        counts: dict[str, int] = {}
        for summary in summaries:
            key = merged.get(summary.key)
            if key is None:
                key = merged[summary.key] = ProjectKey(summary.key)
            key.kinds.add(summary.kind)
            counts[summary.key] = counts.get(summary.key, 0) + summary.count
            if key.media_type is None:
                key.media_type = media_type_of(summary.last)
        for name, count in counts.items():
            merged[name].num_runs += 1
            merged[name].max_count = max(merged[name].max_count, count)
    return [merged[name] for name in sorted(merged)]


def media_type_of(value: object) -> str | None:
    """Return the `_type` of a media value, None for all else."""
    if not isinstance(value, Mapping):
        return None
    kind = value.get("_type")
    return kind if isinstance(kind, str) else None
