"""Which of a run's two histories rows belong to: what it logged, or what its senders measured.

A sender's rows are kept beside the run's, under a name of their own in the history store, so that
they never mix with its steps, row counts, keys or summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from runwake.model.system_metrics import of_host
from runwake.store.columns import RowBatch
from runwake.store.ports import ProcessRecord, RunUid
from runwake.wire.records import SENDER_STREAM_PREFIX


class Source(str, Enum):
    """A history of a run."""

    HISTORY = "history"
    SYSTEM = "system"


def is_sender_stream(stream: str) -> bool:
    """Whether a stream is a sender's. Its name tells, even where its first record was lost."""
    return stream.startswith(SENDER_STREAM_PREFIX)


def source_of(stream: str) -> Source:
    """Return the history that rows of a stream go into."""
    return Source.SYSTEM if is_sender_stream(stream) else Source.HISTORY


def history_uid(run: RunUid, source: Source) -> RunUid:
    """Return the name of one of a run's histories in the history store."""
    return RunUid(f"{run}/system") if source is Source.SYSTEM else run


def keep_hosts_apart(
    batch: RowBatch, host: str | None, processes: Sequence[ProcessRecord]
) -> RowBatch:
    """Return a sender's rows under keys that name its machine, unless it is the run's first.

    Args:
        batch: the rows.
        host: of the sender.
        processes: of the run, by start.
    """
    first = next((p.host for p in processes if not is_sender_stream(p.stream) and p.host), None)
    if host is None or first is None or host == first:
        return batch
    columns = [replace(column, key=of_host(column.key, host)) for column in batch.columns]
    return RowBatch(batch.steps, batch.times, columns)
