"""Use case of media: which media values some runs logged under a key, and at which steps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runwake.store.columns import RowBatch
from runwake.store.ports import HistoryStore, MetaStore, RunUid
from runwake.tracking.plain import plain_json
from runwake.tracking.projects import media_type_of
from runwake.tracking.runs import require_project


@dataclass(frozen=True)
class MediaValue:
    """One media value of one row, as plain JSON."""

    run: str
    step: float
    timestamp: float
    value: Mapping[str, Any]

    @property
    def digest(self) -> str | None:
        """The blob that holds its bytes; None for lists of media."""
        digest = self.value.get("digest")
        return digest if isinstance(digest, str) else None


@dataclass(frozen=True)
class MediaListing:
    """Media values by run and step, and all steps that have any."""

    items: Sequence[MediaValue]
    steps: Sequence[float]


class Media:
    """Media of runs. Thread-safe: holds nothing but its stores."""

    def __init__(self, meta: MetaStore, history: HistoryStore) -> None:
        self._meta = meta
        self._history = history

    def list(
        self, entity: str, project: str, key: str, run_ids: Sequence[str], step: float | None
    ) -> MediaListing:
        """Return media values of the named runs (unknown ones are left out).

        Args:
            entity: owner of the project.
            project: where the runs are.
            key: flat name.
            run_ids: whose values.
            step: None: all values; else per run those of the last step at or before it.

        Raises:
            NotFoundError: no such project.
        """
        with self._meta.read() as tx:
            require_project(tx, entity, project)
            runs = tx.runs(entity, project, list(dict.fromkeys(run_ids)))
        order = {run_id: number for number, run_id in enumerate(run_ids)}
        items: list[MediaValue] = []
        steps: set[float] = set()
        for run in sorted(runs, key=lambda run: order[run.id]):
            values = sorted(self._values(run.uid, run.id, key), key=lambda value: value.step)
            steps.update(value.step for value in values)
            items += values if step is None else _at(values, step)
        return MediaListing(items, sorted(steps))

    def _values(self, uid: RunUid, run_id: str, key: str) -> Iterator[MediaValue]:
        for batch in self._history.scan(uid, [key]):
            yield from _media_of(batch, run_id, key)


def _media_of(batch: RowBatch, run_id: str, key: str) -> Iterator[MediaValue]:
    for column in batch.columns:
        if column.key != key or not isinstance(column.values, Sequence):
            continue
        rows = range(batch.num_rows) if column.rows is None else column.rows
        for row, value in zip(rows, column.values, strict=True):
            step = float(batch.steps[row])
            if media_type_of(value) is not None and math.isfinite(step):
                yield MediaValue(run_id, step, float(batch.times[row]), plain_json(value))


def _at(values: Sequence[MediaValue], step: float) -> Sequence[MediaValue]:
    """Return the values of the last step at or before `step`."""
    before = [value for value in values if value.step <= step]
    return [value for value in before if value.step == before[-1].step]
