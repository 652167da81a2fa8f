"""Segments: consecutive rows of a run, cut from its tail, one chunk per key and kind. Station 6.

All chunks of a segment cover the same rows, `_step` and `_timestamp` among them, so any key can
be the x of any other. Rows are addressed by order of arrival, never by step: late and repeated
steps are rows like others. A key that some rows lack has its row numbers stored as `presence`.
This module turns columns into chunks and chunks into columns; which rows, the compactor decides.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from runwake.model.keys import ValueKind
from runwake.store.columns import Column
from runwake.store.history import codec, pyramid
from runwake.store.history.tail import Columns, Rows

logger = logging.getLogger(__name__)

NONFINITE: Final = 1
"""Flag: NaN or an infinity is among the values."""
ASCENDING: Final = 2
"""Flag: no value is below the one before it."""
STRICT: Final = 4
"""Flag: every value is above the one before it."""


class Chunk(NamedTuple):
    """One key of one kind in one segment, ready to be stored."""

    key: str
    kind: str
    num_values: int
    flags: int
    minimum: float | None
    maximum: float | None
    lod2: bytes | None
    lod1: bytes | None
    presence: bytes | None
    data: bytes


class Segment(NamedTuple):
    """The chunks of consecutive rows."""

    num_rows: int
    chunks: list[Chunk]


class SegmentRow(NamedTuple):
    """A row of table `segment`."""

    row0: int
    num_rows: int
    first_chunk: int
    num_chunks: int

    @property
    def end(self) -> int:
        """Row number after the last row."""
        return self.row0 + self.num_rows

    @property
    def num_cells(self) -> int:
        """Rows times chunks."""
        return self.num_rows * self.num_chunks


def build(columns: Columns, *, small: bool = False) -> Segment:
    """Return the segment of some rows.

    Args:
        columns: all columns of the rows.
        small: spend more time on fewer bytes.
    """
    dense: dict[str, list[Column]] = {}
    chunks: list[Chunk] = []
    for column in columns.columns:
        if column.rows is None and column.kind.is_numeric:
            dense.setdefault(column.kind.value, []).append(column)
        else:
            chunks.append(_loose_chunk(column))
    for kind, members in dense.items():
        keys = [column.key for column in members]
        matrix = np.stack([np.asarray(column.values, codec.DTYPES[kind]) for column in members])
        chunks.extend(_dense_chunks(keys, kind, matrix, small))
    return Segment(columns.num_rows, chunks)


def _dense_chunks(
    keys: list[str], kind: str, matrix: npt.NDArray[Any], small: bool
) -> Iterable[Chunk]:
    floats = matrix.astype(np.float64, copy=False)
    finite = _are_finite(floats)
    flags = _flags(floats, finite).tolist()
    extremes = _extremes(floats, finite)
    if small:
        data = [codec.encode_array(row, small=True) for row in matrix]
    else:
        data = codec.encode_rows(matrix)
    num_rows = matrix.shape[1]
    levels: dict[int, tuple[bytes, bytes]] = {}
    if num_rows >= pyramid.BUILD_FROM:
        wanted = [i for i in range(len(keys)) if finite[i] and not codec.is_line(data[i])]
        if wanted:
            levels = _levels(floats if len(wanted) == len(keys) else floats[wanted], wanted)
    for index, key in enumerate(keys):
        low, high = extremes[index]
        lod1, lod2 = levels.get(index, (None, None))
        yield Chunk(key, kind, num_rows, flags[index], low, high, lod2, lod1, None, data[index])


def _levels(matrix: npt.NDArray[Any], wanted: list[int]) -> dict[int, tuple[bytes, bytes]]:
    fine, coarse = pyramid.build(matrix)
    packed = codec.encode_rows_plain(fine.reshape(len(fine), -1), 8)
    plain = [codec.seal(codec.RAW, level.tobytes()) for level in coarse]
    return {index: (lod1, lod2) for index, lod1, lod2 in zip(wanted, packed, plain, strict=True)}


def _are_finite(floats: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return for each row of a matrix whether all its values are finite."""
    finite: npt.NDArray[np.bool_] = np.isfinite(floats).all(axis=1)
    return finite


def _flags(floats: npt.NDArray[Any], finite: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    before, after = floats[:, :-1], floats[:, 1:]
    flags: npt.NDArray[np.int64] = (
        np.where(finite, 0, NONFINITE)
        + np.where((after >= before).all(axis=1), ASCENDING, 0)
        + np.where((after > before).all(axis=1), STRICT, 0)
    )
    return flags


def _extremes(
    floats: npt.NDArray[Any], finite: npt.NDArray[Any]
) -> list[tuple[float | None, float | None]]:
    """Return the finite minimum and maximum of each row of a matrix."""
    found: list[tuple[float | None, float | None]] = list(
        zip(floats.min(axis=1).tolist(), floats.max(axis=1).tolist(), strict=True)
    )
    for index in np.flatnonzero(~finite).tolist():
        values = floats[index][np.isfinite(floats[index])]
        found[index] = (float(values.min()), float(values.max())) if len(values) else (None, None)
    return found


def _loose_chunk(column: Column) -> Chunk:
    presence = None
    if column.rows is not None:
        presence = codec.encode_array(np.asarray(column.rows, np.int64))
    kind = column.kind.value
    count = len(column.values)
    if not column.kind.is_numeric:
        data = codec.encode_values(list(column.values))
        return Chunk(column.key, kind, count, 0, None, None, None, None, presence, data)
    values = np.asarray(column.values, codec.DTYPES[kind])
    floats = values.astype(np.float64)[None]
    finite = _are_finite(floats)
    ((low, high),) = _extremes(floats, finite)
    flags = int(_flags(floats, finite)[0])
    data = codec.encode_array(values)
    return Chunk(column.key, kind, count, flags, low, high, None, None, presence, data)


class StoredChunk(NamedTuple):
    """A chunk as read back, still packed."""

    key: str
    kind: str
    num_rows: int
    num_values: int
    presence: bytes | None
    data: bytes

    def decode(self) -> Column:
        """Return the column.

        Raises:
            CorruptChunkError: its bytes are damaged.
        """
        kind = ValueKind(self.kind)
        rows = decode_presence(self.presence, self.num_values)
        if kind.is_numeric:
            return Column(
                self.key, kind, rows, codec.decode_array(self.data, kind, self.num_values)
            )
        return Column(self.key, kind, rows, codec.decode_values(self.data, self.num_values))


def decode_presence(presence: bytes | None, count: int) -> Rows | None:
    """Return the row numbers that a column has values in; None: all rows.

    Raises:
        CorruptChunkError: the bytes are damaged.
    """
    return None if presence is None else codec.decode_array(presence, "i", count)


_PACKED: Final = (
    "key.name, chunk.kind, chunk.num_rows, chunk.num_values, chunk.presence, chunk.data"
)
_FROM_CHUNKS: Final = "FROM chunk JOIN key ON key.id = chunk.key WHERE chunk.id"


def read_chunks(
    connection: sqlite3.Connection, segment: SegmentRow, keys: frozenset[str] | None = None
) -> list[StoredChunk]:
    """Return the packed chunks of a segment.

    Args:
        connection: in a read transaction.
        segment: the segment.
        keys: the keys wanted; None: all.
    """
    ids = (segment.first_chunk, segment.first_chunk + segment.num_chunks - 1)
    between = f"{_FROM_CHUNKS} BETWEEN ? AND ? ORDER BY chunk.id"
    if keys is None:
        return [StoredChunk(*row) for row in connection.execute(f"SELECT {_PACKED} {between}", ids)]
    names = connection.execute(f"SELECT chunk.id, key.name {between}", ids).fetchall()
    one = f"SELECT {_PACKED} {_FROM_CHUNKS} = ?"
    return [
        StoredChunk(*connection.execute(one, (chunk_id,)).fetchone())
        for chunk_id, name in names
        if name in keys
    ]


def read_columns(chunks: Sequence[StoredChunk], num_rows: int) -> Columns:
    """Return chunks of a segment as columns; those that are damaged are reported and left out."""
    decoded = (_decode_or_report(chunk) for chunk in chunks)
    return Columns(num_rows, [column for column in decoded if column is not None])


def _decode_or_report(chunk: StoredChunk) -> Column | None:
    try:
        return chunk.decode()
    except codec.CorruptChunkError as error:
        logger.error("values of %r are left out of a scan: %s", chunk.key, error)
        return None


_SEGMENT_FIELDS: Final = "row0, num_rows, first_chunk, num_chunks"


def last_segment(connection: sqlite3.Connection, run_id: int) -> SegmentRow | None:
    """Return a run's last segment if it is not a merged one."""
    row = connection.execute(
        f"SELECT {_SEGMENT_FIELDS}, merged FROM segment WHERE run = ? "  # noqa: S608
        "ORDER BY row0 DESC LIMIT 1",
        (run_id,),
    ).fetchone()
    return SegmentRow(*row[:4]) if row is not None and not row[4] else None


def segment_at(connection: sqlite3.Connection, run_id: int, row: int) -> SegmentRow | None:
    """Return the segment that holds a row, None if the row is in the tail or not there."""
    found = connection.execute(
        f"SELECT {_SEGMENT_FIELDS} FROM segment WHERE run = ? AND row0 <= ? "  # noqa: S608
        "ORDER BY row0 DESC LIMIT 1",
        (run_id, row),
    ).fetchone()
    segment = SegmentRow(*found) if found is not None else None
    return segment if segment is not None and row < segment.end else None


def unmerged_segments(connection: sqlite3.Connection, run_id: int) -> list[SegmentRow]:
    """Return a run's segments that no merge has made, in order; they are its last ones."""
    rows = connection.execute(
        f"SELECT {_SEGMENT_FIELDS} FROM segment WHERE run = ? AND NOT merged "  # noqa: S608
        "ORDER BY row0",
        (run_id,),
    )
    return [SegmentRow(*row) for row in rows]
