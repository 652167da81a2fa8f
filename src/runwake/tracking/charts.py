"""Use case of charts: lines of some runs and keys over a common x."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runwake.store.ports import ChartQuery, HistoryStore, Line, MetaStore, RunUid
from runwake.tracking.runs import require_project
from runwake.tracking.sources import Source, history_uid


@dataclass(frozen=True)
class LinesQuestion:
    """What to draw, runs by the user's ids; see `store.ports.ChartQuery`."""

    runs: Sequence[str]
    keys: Sequence[str]
    x: str
    x_min: float | None
    x_max: float | None
    max_buckets: int
    source: Source = Source.HISTORY


@dataclass(frozen=True)
class PreparedLines:
    """A question whose runs were found.

    Attributes:
        tag: equal tags mean equal lines: it covers the question and the runs' row counts.
    """

    query: ChartQuery
    ids: Mapping[RunUid, str]
    tag: str


class Charts:
    """Lines of charts. Thread-safe: holds nothing but its stores."""

    def __init__(self, meta: MetaStore, history: HistoryStore) -> None:
        self._meta = meta
        self._history = history

    def prepare(self, entity: str, project: str, question: LinesQuestion) -> PreparedLines:
        """Find the runs (unknown ones are left out) and the tag of the answer.

        Raises:
            NotFoundError: no such project.
        """
        with self._meta.read() as tx:
            require_project(tx, entity, project)
            runs = tx.runs(entity, project, list(dict.fromkeys(question.runs)))
        uids = {run.id: history_uid(run.uid, question.source) for run in runs}
        started = {uids[run.id]: run.started_at for run in runs}
        counts = self._history.num_rows(list(started))
        digest = hashlib.sha256(repr(replace(question, runs=())).encode())
        for run in runs:
            state = (run.uid, run.id, run.started_at, counts.get(uids[run.id], 0))
            digest.update(repr(state).encode())
        query = ChartQuery(
            started,
            tuple(dict.fromkeys(question.keys)),
            question.x,
            question.x_min,
            question.x_max,
            question.max_buckets,
        )
        ids = {uid: run_id for run_id, uid in uids.items()}
        return PreparedLines(query, ids, digest.hexdigest()[:32])

    def lines(self, prepared: PreparedLines) -> Sequence[Line]:
        """Return one line per run and key that has points in range."""
        return self._history.lines(prepared.query) if prepared.query.runs else ()
