"""Sizes and times of the embedded history store. Station 6; constants, no behaviour.

The defaults serve one machine. Tests make them small, so that a few rows exercise every path.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HistoryOptions:
    """How the store groups, cuts and bounds.

    Attributes:
        group_size: most appends that share one commit.
        segment_rows: rows of a segment when it is first cut from the tail.
        segment_cells: rows x keys at which a wide run is cut although it has fewer rows.
        merge_rows: rows of a merged segment; also the most that one may have.
        merge_cells: rows x keys at which segments of a wide run are merged already.
        idle_s: a run that got no rows for so long has its tail compacted, however short.
        tick_s: how often the compactor looks for runs to compact.
        tail_bytes: bound of the open tails in memory; from half of it on, compaction is forced,
            at all of it appends wait.
        backpressure_s: how long an append waits for that before it is refused.
        checkpoint_bytes: size of the write-ahead log at which it is copied into the database.
        max_size_bytes: largest size of the database file; None: what the disk holds.
    """

    group_size: int = 64
    segment_rows: int = 4096
    segment_cells: int = 2_000_000
    merge_rows: int = 65_536
    merge_cells: int = 8_000_000
    idle_s: float = 30.0
    tick_s: float = 1.0
    tail_bytes: int = 128 * 2**20
    backpressure_s: float = 30.0
    checkpoint_bytes: int = 32 * 2**20
    max_size_bytes: int | None = None
