"""The runs of projects that were looked at lately, kept in memory and brought up to date.

Reading 10,000 runs with their config and summary out of a database takes half a second, and a
page that lists them sorts and searches again and again. The sequence of changes says exactly
what is new, so only that is read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from runwake.store.ports import MetaRead, RunRecord

MAX_RUNS: Final = 50_000
"""Runs kept over all projects; those of the projects not asked for longest go first."""


@dataclass
class _Table:
    position: int = 0
    runs: dict[str, RunRecord] = field(default_factory=dict)


class RunTable:
    """Runs by project. Thread-safe."""

    def __init__(self, max_runs: int = MAX_RUNS) -> None:
        self._max_runs = max_runs
        self._tables: OrderedDict[tuple[str, str], _Table] = OrderedDict()
        self._lock = threading.Lock()

    def runs(self, tx: MetaRead, entity: str, project: str) -> Sequence[RunRecord]:
        """Return all runs of a project, at least as new as the transaction."""
        with self._lock:
            table = self._tables.setdefault((entity, project), _Table())
            self._tables.move_to_end((entity, project))
            changes = tx.changes(entity, project, table.position)
            # A transaction that began before another's may come after it: it has nothing to add.
            if changes.position > table.position:
                for run_id in changes.deleted:
                    table.runs.pop(run_id, None)
                table.runs.update({run.id: run for run in changes.runs})
                table.position = changes.position
            runs = list(table.runs.values())
            self._forget_old()
        return runs

    def _forget_old(self) -> None:
        num_runs = sum(len(table.runs) for table in self._tables.values())
        while num_runs > self._max_runs and len(self._tables) > 1:
            _, forgotten = self._tables.popitem(last=False)
            num_runs -= len(forgotten.runs)
