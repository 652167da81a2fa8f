"""Puts finished segments in the place of tail rows or of smaller segments. Station 6.

Runs on the writer thread, in one transaction: a reader sees the rows before or after, never
twice and never not at all. Also forgets runs, and gives their pages back to the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from runwake.model.keys import ValueKind
from runwake.store.history.database import transaction
from runwake.store.history.segments import Segment, SegmentRow
from runwake.store.history.statistics import KeyStatistics, Statistics, combine

VACUUM_PAGES: Final = 500
"""Pages given back at a time: appends wait meanwhile."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


@dataclass(frozen=True)
class Compaction:
    """Segments to install.

    Attributes:
        run_id: the run.
        row0: first row of the first new segment.
        start: where the run's tail must start for this to be installed.
        replaced: segments whose rows the new ones hold.
        segments: the new segments, one after the other.
        statistics: of the rows that come from the tail.
        merged: whether the new segments are merged ones, that are not merged again.
    """

    run_id: int
    row0: int
    start: int
    replaced: list[SegmentRow]
    segments: list[Segment]
    statistics: Statistics
    merged: bool = False

    @property
    def end(self) -> int:
        """Row number after the last row of the new segments."""
        return self.row0 + sum(segment.num_rows for segment in self.segments)


def install(connection: sqlite3.Connection, compaction: Compaction) -> None:
    """Install a compaction; one whose run was deleted meanwhile is dropped.

    Raises:
        StorageFullError: there is no room; nothing was changed.
    """
    run_id = compaction.run_id
    with transaction(connection):
        found = connection.execute("SELECT segment_rows FROM run WHERE id = ?", (run_id,))
        stands = found.fetchone()
        if stands is None or (not compaction.merged and stands[0] != compaction.start):
            return
        for old in compaction.replaced:
            connection.execute(
                "DELETE FROM chunk WHERE id BETWEEN ? AND ?",
                (old.first_chunk, old.first_chunk + old.num_chunks - 1),
            )
            connection.execute("DELETE FROM segment WHERE run = ? AND row0 = ?", (run_id, old.row0))
        names = {chunk.key for segment in compaction.segments for chunk in segment.chunks}
        ids = _intern(connection, names | {key for key, _ in compaction.statistics})
        row0 = compaction.row0
        for segment in compaction.segments:
            _insert(connection, compaction, segment, row0, ids)
            row0 += segment.num_rows
        if compaction.merged:
            return
        _add_statistics(connection, run_id, compaction.statistics, ids)
        connection.execute("UPDATE run SET segment_rows = ? WHERE id = ?", (row0, run_id))
        # A batch that is cut in two stays until its last row is in a segment.
        connection.execute(
            "DELETE FROM tail WHERE run = ? AND row0 < ? AND row0 + num_rows <= ?",
            (run_id, row0, row0),
        )


def _intern(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    for name in sorted(names):
        found = connection.execute("SELECT id FROM key WHERE name = ?", (name,)).fetchone()
        if found is None:
            key_id = connection.execute("INSERT INTO key (name) VALUES (?)", (name,)).lastrowid
            assert key_id is not None
            ids[name] = key_id
        else:
            ids[name] = found[0]
    return ids


def _insert(
    connection: sqlite3.Connection,
    compaction: Compaction,
    segment: Segment,
    row0: int,
    ids: dict[str, int],
) -> None:
    first = (connection.execute("SELECT max(id) FROM chunk").fetchone()[0] or 0) + 1
    run_id = compaction.run_id
    connection.executemany(
        "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (chunk_id, run_id, ids[chunk.key], row0, chunk.kind, segment.num_rows, *chunk[2:])
            for chunk_id, chunk in enumerate(segment.chunks, first)
        ],
    )
    connection.execute(
        "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)",
        (run_id, row0, segment.num_rows, first, len(segment.chunks), compaction.merged),
    )


def _statistics(row: Sequence[Any]) -> KeyStatistics:
    num_values, minimum, maximum, last_row, last = row
    return KeyStatistics(num_values, minimum, maximum, last_row, _decode(last))


def _add_statistics(
    connection: sqlite3.Connection, run_id: int, new: Statistics, ids: dict[str, int]
) -> None:
    rows = []
    for (key, kind), statistics in new.items():
        known = connection.execute(
            "SELECT num_values, minimum, maximum, last_row, last FROM streamkey "
            "WHERE run = ? AND key = ? AND kind = ?",
            (run_id, ids[key], kind.value),
        ).fetchone()
        if known is not None:
            statistics = combine(_statistics(known), statistics)
        *numbers, last = statistics
        rows.append((run_id, ids[key], kind.value, *numbers, _encode(last)))
    connection.executemany("INSERT OR REPLACE INTO streamkey VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def stored_statistics(connection: sqlite3.Connection, run_id: int) -> Statistics:
    """Return the statistics of the keys in a run's segments."""
    rows = connection.execute(
        "SELECT key.name, kind, num_values, minimum, maximum, last_row, last "
        "FROM streamkey JOIN key ON key.id = streamkey.key WHERE run = ?",
        (run_id,),
    )
    return {(name, ValueKind(kind)): _statistics(row) for name, kind, *row in rows}


def forget(connection: sqlite3.Connection, run: str) -> None:
    """Remove all that is stored of a run; unknown runs are fine."""
    with transaction(connection):
        found = connection.execute("SELECT id FROM run WHERE uid = ?", (run,)).fetchone()
        if found is None:
            return
        streams = "(SELECT id FROM stream WHERE run = ?)"
        for table in ("schema", "open_line"):
            connection.execute(f"DELETE FROM {table} WHERE stream IN {streams}", found)  # noqa: S608
        for table in ("stream", "tail", "segment", "chunk", "streamkey", "console"):
            connection.execute(f"DELETE FROM {table} WHERE run = ?", found)  # noqa: S608
        connection.execute("DELETE FROM run WHERE id = ?", found)


def vacuum(connection: sqlite3.Connection) -> None:
    """Give some free pages back to the disk.

    Raises:
        StorageFullError: there is no room to move pages; nothing was changed.
    """
    with transaction(connection):
        connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
